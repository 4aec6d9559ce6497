//! Namespaces: a path of segments by which an application groups memories.

use std::fmt;

#[cfg(feature = "describe")]
use schemars::{Schema, json_schema};
use serde::Serialize;
use serde_json::Value;

use crate::rules::{self, Rule, RuleResult};

/// The most segments of a namespace.
pub const MAX_SEGMENTS: usize = 10;
/// The longest segment, in characters.
pub const MAX_SEGMENT: usize = 128;

/// A namespace: 1 to 10 segments of 1 to 128 characters without NUL. In JSON it is the list of its segments.
///
/// Its text form joins the segments by `/`. Within a segment `~` is written `~0` and `/` is written `~1`, as in a JSON Pointer
/// ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901#section-3)).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
pub struct Namespace(Vec<String>);

impl Namespace {
    /// A namespace of these segments; `None` when there are too few, too many, or one that is too short, too long or contains
    /// NUL.
    pub fn new(segments: Vec<String>) -> Option<Self> {
        let is_segment = |segment: &String| {
            (1..=MAX_SEGMENT).contains(&segment.chars().count()) && !segment.contains('\0')
        };
        let is_valid = (1..=MAX_SEGMENTS).contains(&segments.len()) && segments.iter().all(is_segment);
        is_valid.then_some(Self(segments))
    }

    /// Parses the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::new(text.split('/').map(unescape).collect::<Option<_>>()?)
    }

    /// The segments.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Whether its first segments are those of `prefix`.
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.0.starts_with(&prefix.0)
    }

    /// The namespaces that it starts with, the shortest first and itself last.
    pub fn prefixes(&self) -> impl Iterator<Item = Self> {
        (1..=self.0.len()).map(|length| Self(self.0[..length].to_vec()))
    }
}

/// The segment that is written like this; `None` when a `~` is not followed by `0` or `1`.
fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('~');
    let mut segment = parts.next()?.to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(1)?;
        segment.push(match code {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        segment.push_str(rest);
    }
    Some(segment)
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, segment) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("/")?;
            }
            f.write_str(&segment.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The rule of a namespace in a JSON body.
#[derive(Clone, Copy, Debug)]
pub struct InBody;

/// The rule of a namespace in a query string.
#[derive(Clone, Copy, Debug)]
pub struct InQuery;

impl Rule for InBody {
    type Value = Namespace;

    fn parse(&self, value: Value) -> RuleResult<Namespace> {
        let Value::Array(items) = value else { return Err("must be a list of strings".into()) };
        if !(1..=MAX_SEGMENTS).contains(&items.len()) {
            return Err(format!("must have 1 to {MAX_SEGMENTS} segments"));
        }
        let segment = rules::text(1..=MAX_SEGMENT);
        let segment =
            |item| segment.parse(item).map_err(|problem| format!("must hold segments: each {problem}"));
        items.into_iter().map(segment).collect::<RuleResult<_>>().map(Namespace)
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        json_schema!({
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_SEGMENTS,
            "items": rules::text(1..=MAX_SEGMENT).schema(),
        })
    }
}

impl Rule for InQuery {
    type Value = Namespace;

    fn parse(&self, value: Value) -> RuleResult<Namespace> {
        let problem = || {
            format!(
                "must be 1 to {MAX_SEGMENTS} segments of 1 to {MAX_SEGMENT} characters, joined by /, in which ~0 stands for ~ and ~1 for /"
            )
        };
        value.as_str().and_then(Namespace::parse).ok_or_else(problem)
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        let (segment, more) = (format!(r"([^~/\u0000]|~[01]){{1,{MAX_SEGMENT}}}"), MAX_SEGMENTS - 1);
        json_schema!({"type": "string", "pattern": format!("^{segment}(/{segment}){{0,{more}}}$")})
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn namespace(segments: &[&str]) -> Option<Namespace> {
        Namespace::new(segments.iter().map(|segment| (*segment).to_owned()).collect())
    }

    #[test]
    fn the_text_form_escapes_as_a_json_pointer() {
        for (segments, text) in [
            (&["users", "maya"][..], "users/maya"),
            (&["a/b", "~", "~1"], "a~1b/~0/~01"),
            (&[".", "..", "%2F", "?#", "🦀 é"], "./../%2F/?#/🦀 é"),
        ] {
            let namespace = namespace(segments).expect("a namespace");
            assert_eq!(namespace.to_string(), text);
            assert_eq!(Namespace::parse(text), Some(namespace));
        }
        for text in ["", "/", "a/", "/a", "a//b", "~", "~2", "a~", "a\0", "1/2/3/4/5/6/7/8/9/10/11"] {
            assert_eq!(Namespace::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_prefix_consists_of_whole_segments() {
        let [a, ab, abc] =
            [&["a"][..], &["ab"], &["a", "b", "c"]].map(|segments| namespace(segments).expect("one"));
        assert!(abc.starts_with(&a) && a.starts_with(&a) && !ab.starts_with(&a) && !a.starts_with(&abc));
        let prefixes: Vec<String> = abc.prefixes().map(|prefix| prefix.to_string()).collect();
        assert_eq!(prefixes, ["a", "a/b", "a/b/c"]);
    }

    #[test]
    fn bounds_are_those_of_segments_and_their_number() {
        let long = "é".repeat(MAX_SEGMENT);
        assert!(InBody.parse(json!([long])).is_ok() && InBody.parse(json!(vec!["x"; MAX_SEGMENTS])).is_ok());
        for value in [
            json!([]),
            json!(["x", ""]),
            json!([format!("{long}é")]),
            json!(vec!["x"; MAX_SEGMENTS + 1]),
            json!(["a\0"]),
            json!([1]),
            json!("a"),
            json!({}),
            json!(null),
        ] {
            assert!(InBody.parse(value.clone()).is_err(), "{value}");
        }
    }

    proptest! {
        #[test]
        fn the_text_form_names_one_namespace(segments in prop::collection::vec("[~/a01\\PC]{1,6}", 1..=10)) {
            let namespace = Namespace::new(segments).expect("a namespace");
            prop_assert_eq!(Namespace::parse(&namespace.to_string()), Some(namespace));
        }
    }
}
