//! A memory's metadata as the text of a JSON object. Parsed, it can use a hundred times the memory of its text.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::json::{self, Shape};

/// The maximum length of metadata as compact JSON, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;
/// The maximum number of values in metadata, including nested values, lists and objects.
pub const MAX_VALUES: usize = 1_000;
/// The maximum number of levels of objects and lists in metadata, itself included.
pub const MAX_DEPTH: usize = 32;

/// A JSON object in compact form, with its fields in alphabetical order.
#[derive(Clone)]
pub struct Metadata(Box<RawValue>);

impl Metadata {
    /// Stored metadata. `None` when the text is not a JSON object. Metadata of earlier versions may exceed today's
    /// bounds.
    pub fn from_stored(text: &str) -> Option<Self> {
        Shape::of(text).filter(|shape| shape.is_object)?;
        // JSON strings do not contain these characters: the text is formatted, and a line of an export must not be.
        if text.contains(['\n', '\r', '\t']) {
            return Some(Self::from(&object(text)));
        }
        Self::of(text.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Whether it has no fields.
    pub fn is_empty(&self) -> bool {
        self.as_str() == "{}"
    }

    /// Its fields, with their values as JSON.
    pub fn fields(&self) -> BTreeMap<String, &RawValue> {
        serde_json::from_str(self.as_str()).unwrap_or_default()
    }

    /// Whether it has each of these fields with an equal value.
    pub fn has_all(&self, wanted: &Map<String, Value>) -> bool {
        if wanted.is_empty() {
            return true;
        }
        let fields = self.fields();
        wanted.iter().all(|(name, value)| {
            fields
                .get(name)
                .is_some_and(|text| json::parse_known(text.get()).is_some_and(|found| found == *value))
        })
    }

    /// The parsed object.
    pub fn to_map(&self) -> Map<String, Value> {
        object(self.as_str())
    }

    fn of(text: String) -> Option<Self> {
        RawValue::from_string(text).ok().map(Self)
    }
}

fn object(text: &str) -> Map<String, Value> {
    match json::parse_known(text) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

impl Default for Metadata {
    fn default() -> Self {
        Self::from(&Map::new())
    }
}

impl From<&Map<String, Value>> for Metadata {
    fn from(map: &Map<String, Value>) -> Self {
        serde_json::value::to_raw_value(map).map_or_else(|_| Self::default(), Self)
    }
}

impl PartialEq for Metadata {
    /// Compares the texts: equal numbers that are written differently are not equal here.
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_stored_is_an_object_or_corrupt() {
        for text in [
            "",
            "{",
            "[]",
            "null",
            "1",
            "{}x",
            r#"{"a":1e400}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":01}"#,
            "{'a':1}",
        ] {
            assert_eq!(Metadata::from_stored(text), None, "{text}");
        }
        let old = format!(r#"{{"m":[{}]}}"#, vec![r#"{"":0}"#; 2_325].join(","));
        assert_eq!(
            Metadata::from_stored(&old).expect("metadata").as_str(),
            old,
            "bounds are those of requests"
        );
    }

    #[test]
    fn formatted_metadata_becomes_one_line() {
        let stored = Metadata::from_stored("{\n  \"b\": 1,\r\n\t\"a\": {}\n}").expect("metadata");
        assert_eq!(stored.as_str(), r#"{"a":{},"b":1}"#);
    }

    #[test]
    fn it_is_written_as_it_was_read() {
        let text = r#"{"":null,"a":[1,1.0,-0.0,"é\u0000\""],"z":{"b":18446744073709551615}}"#;
        let stored = Metadata::from_stored(text).expect("metadata");
        assert_eq!(serde_json::to_string(&stored).expect("JSON"), text);
        assert_eq!(Metadata::from(&stored.to_map()).as_str(), text);
    }

    #[test]
    fn a_field_has_a_value_whatever_way_zero_is_written() {
        let stored = Metadata::from_stored(r#"{"a":1,"o":{"p":-0.0},"s":"1"}"#).expect("metadata");
        let has = |wanted: Value| stored.has_all(wanted.as_object().expect("an object"));
        for wanted in [json!({}), json!({"a": 1}), json!({"o": {"p": 0.0}, "s": "1"})] {
            assert!(has(wanted.clone()), "{wanted}");
        }
        for wanted in [json!({"a": 1.0}), json!({"a": "1"}), json!({"b": null}), json!({"a": 1, "s": 1})] {
            assert!(!has(wanted.clone()), "{wanted}");
        }
    }
}
