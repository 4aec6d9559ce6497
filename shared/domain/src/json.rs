//! Strict JSON parsing: JSON that two parsers could interpret differently is refused.
//!
//! `serde_json` already refuses lone surrogates, numbers beyond a double, nesting beyond 128 levels
//! and text after the value; duplicate keys are refused here, too.

use std::cell::Cell;
use std::fmt;
use std::io;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{Error, Result};

mod shape;

pub use shape::Shape;

/// The maximum number of values in a body or a line, nested ones included. A parsed value can use over a hundred
/// times the memory of its text.
pub const MAX_VALUES: usize = 20_000;

/// Parses one JSON value that contains at most [`MAX_VALUES`].
///
/// # Errors
/// [`Error::Malformed`], with the position of the fault.
pub fn parse(bytes: &[u8]) -> Result<Value> {
    parse_with(bytes, MAX_VALUES)
}

/// Parses one JSON value that contains at most `most` values, itself included.
///
/// # Errors
/// [`Error::Malformed`], with the position of the fault.
pub fn parse_with(bytes: &[u8], most: usize) -> Result<Value> {
    read(bytes, most).map_err(|fault| match fault {
        ParseError::Syntax(fault) => Error::Malformed(format!("The body is not valid JSON: {fault}")),
        ParseError::TooMany => Error::Malformed(format!("The body holds more than {most} values")),
    })
}

/// Parses one line of NDJSON that contains at most [`MAX_VALUES`].
///
/// # Errors
/// [`Error::Malformed`], with the position of the fault in the line.
pub fn parse_line(line: &[u8]) -> Result<Value> {
    read(line, MAX_VALUES).map_err(|fault| match fault {
        // The response contains the line number already.
        ParseError::Syntax(fault) => Error::Malformed(
            format!("The line is not valid JSON: {fault}").replace("at line 1 column", "at column"),
        ),
        ParseError::TooMany => Error::Malformed(format!("The line holds more than {MAX_VALUES} values")),
    })
}

/// Parses stored JSON, with any number of values. `None` when it is malformed.
pub(crate) fn parse_known(text: &str) -> Option<Value> {
    read(text.as_bytes(), usize::MAX).ok()
}

/// The length of a value as compact JSON, in bytes. The JSON itself is not built.
pub fn length(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).map_or(0, |()| count.0)
}

enum ParseError {
    Syntax(serde_json::Error),
    TooMany,
}

fn read(bytes: &[u8], most: usize) -> std::result::Result<Value, ParseError> {
    let left = Cell::new(Some(most));
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict(&left).deserialize(&mut deserializer).and_then(|value| {
        deserializer.end()?;
        Ok(value)
    });
    value.map_err(|fault| if left.get().is_none() { ParseError::TooMany } else { ParseError::Syntax(fault) })
}

/// Parses one value and subtracts the values that it contains from those that are left, which is `None` once there were more.
#[derive(Clone, Copy)]
struct Strict<'c>(&'c Cell<Option<usize>>);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Value, D::Error> {
        self.0.set(self.0.get().and_then(|left| left.checked_sub(1)));
        if self.0.get().is_none() {
            return Err(D::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> std::result::Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> std::result::Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate key {:?}", truncate_name(&key))));
            }
            let value = entries.next_value_seed(self)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// The first 64 characters of a name that the caller chose, for a message.
pub fn truncate_name(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_that_parsers_could_interpret_differently_is_refused() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for text in [
            "",
            "{",
            "nul",
            "NaN",
            "[1,]",
            "{'a':1}",
            "1 2",
            "1e400",
            r#""\ud800""#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#"[{"x":1,"x":1}]"#,
            "\"\u{1}\"",
            "01",
            "\u{feff}{}",
            deep.as_str(),
        ] {
            assert!(matches!(parse(text.as_bytes()), Err(Error::Malformed(_))), "{text:?}");
        }
        assert!(parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn values_are_counted_while_they_are_read() {
        let list = |count: usize| format!("[{}]", vec!["0"; count - 1].join(","));
        assert!(parse_with(list(100).as_bytes(), 100).is_ok());
        let refused = Err(Error::Malformed("The body holds more than 100 values".into()));
        assert_eq!(parse_with(list(101).as_bytes(), 100), refused);
        let nested = format!("[{}]", vec![r#"{"":[0]}"#; 40].join(","));
        assert_eq!(parse_with(nested.as_bytes(), 100), refused);
        let duplicate = parse_with(br#"[{"a":1,"a":2}]"#, 3);
        assert!(matches!(duplicate, Err(Error::Malformed(why)) if why.contains("duplicate")));
        let many = list(MAX_VALUES + 1);
        assert!(matches!(parse(many.as_bytes()), Err(Error::Malformed(_))));
        assert!(
            matches!(parse_line(many.as_bytes()), Err(Error::Malformed(why)) if why.starts_with("The line holds"))
        );
        assert!(parse_known(&many).is_some());
    }

    #[test]
    fn a_length_is_that_of_the_text() {
        for value in [serde_json::json!({"a": ["\u{1}é", 1.0, null]}), serde_json::json!("")] {
            assert_eq!(length(&value), value.to_string().len());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse(&bytes);
        }
    }
}
