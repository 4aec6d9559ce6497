//! Validates values by the part of JSON Schema that the project's schemas use; any other keyword is a problem.

use std::cell::RefCell;
use std::collections::HashMap;

use hb_domain::Timestamp;
use regex_lite::Regex;
use serde_json::{Map, Value};

/// Keywords that restrict nothing.
const ANNOTATIONS: [&str; 5] = ["description", "discriminator", "examples", "title", "default"];

thread_local! {
    /// Those with look-around are `None`, and match everything: they are of requests only.
    static PATTERNS: RefCell<HashMap<String, Option<Regex>>> = RefCell::default();
}

/// Everything that is wrong with `value`. Unlike in JSON Schema, an object has no fields but those of its schema.
pub fn problems(schema: &Value, value: &Value) -> Vec<String> {
    problems_in(&Value::Null, schema, value)
}

/// As [`problems`], with references into `document`.
pub fn problems_in(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut validation = Validation { document, problems: Vec::new() };
    validation.check(schema, value, "", Fields::Declared);
    validation.problems
}

/// Which fields an object may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fields {
    /// Those of its schema.
    Declared,
    /// Any: another schema of the same `allOf` declares them.
    Any,
}

struct Validation<'d> {
    document: &'d Value,
    problems: Vec<String>,
}

impl Validation<'_> {
    fn report(&mut self, path: &str, problem: String) {
        self.problems.push(format!("{path}: {problem}"));
    }

    fn accepts(&self, schema: &Value, value: &Value, fields: Fields) -> bool {
        let mut validation = Validation { document: self.document, problems: Vec::new() };
        validation.check(schema, value, "", fields);
        validation.problems.is_empty()
    }

    fn check(&mut self, schema: &Value, value: &Value, path: &str, fields: Fields) {
        let keywords = match schema {
            Value::Bool(true) => return,
            Value::Object(keywords) => keywords,
            other => return self.report(path, format!("{other} is no schema")),
        };
        for (keyword, expected) in keywords {
            let length = || value.as_str().map(|text| text.chars().count() as f64);
            let items = value.as_array();
            let count = || items.map(|items| items.len() as f64);
            let members = || value.as_object().map(|object| object.len() as f64);
            let is_met = match keyword.as_str() {
                "$ref" => {
                    let found = expected.as_str().and_then(|reference| reference.strip_prefix('#'));
                    match found.and_then(|pointer| self.document.pointer(pointer)) {
                        Some(schema) => self.check(schema, value, path, fields),
                        None => self.report(path, format!("{expected} refers to nothing")),
                    }
                    true
                }
                "allOf" => {
                    // The first declares the fields, the others restrict them.
                    for (index, schema) in expected.as_array().into_iter().flatten().enumerate() {
                        let fields = if index == 0 { fields } else { Fields::Any };
                        self.check(schema, value, path, fields);
                    }
                    true
                }
                "anyOf" => expected
                    .as_array()
                    .into_iter()
                    .flatten()
                    .any(|schema| self.accepts(schema, value, fields)),
                "type" => match expected {
                    Value::Array(names) => names.iter().any(|name| has_type(name, value)),
                    name => has_type(name, value),
                },
                "enum" => expected.as_array().is_some_and(|values| values.contains(value)),
                "const" => expected == value,
                "pattern" => value.as_str().is_none_or(|text| matches(expected, text)),
                "format" => value.as_str().is_none_or(|text| has_format(expected, text)),
                "minimum" => value.as_f64().is_none_or(|number| Some(number) >= expected.as_f64()),
                "maximum" => value.as_f64().is_none_or(|number| Some(number) <= expected.as_f64()),
                "minLength" => length().is_none_or(|length| Some(length) >= expected.as_f64()),
                "maxLength" => length().is_none_or(|length| Some(length) <= expected.as_f64()),
                "minItems" => count().is_none_or(|count| Some(count) >= expected.as_f64()),
                "maxItems" => count().is_none_or(|count| Some(count) <= expected.as_f64()),
                "minProperties" => members().is_none_or(|count| Some(count) >= expected.as_f64()),
                "maxProperties" => members().is_none_or(|count| Some(count) <= expected.as_f64()),
                "uniqueItems" => items.is_none_or(|items| {
                    items.iter().enumerate().all(|(index, item)| !items[..index].contains(item))
                }),
                "required" => value.as_object().is_none_or(|object| {
                    let mut names = expected.as_array().into_iter().flatten();
                    names.all(|name| name.as_str().is_some_and(|name| object.contains_key(name)))
                }),
                "items" => {
                    for (index, item) in items.into_iter().flatten().enumerate() {
                        self.check(expected, item, &format!("{path}/{index}"), fields);
                    }
                    true
                }
                "properties" => match (expected.as_object(), value.as_object()) {
                    (Some(properties), Some(object)) => self.check_fields(properties, object, path, fields),
                    (properties, _) => properties.is_some(),
                },
                "additionalProperties" => *expected == Value::Bool(false),
                other => ANNOTATIONS.contains(&other),
            };
            if !is_met {
                self.report(path, format!("{keyword} {expected} is not met by {value}"));
            }
        }
    }

    /// Checks each field. Returns whether the schema has all of them.
    fn check_fields(
        &mut self,
        properties: &Map<String, Value>,
        object: &Map<String, Value>,
        path: &str,
        fields: Fields,
    ) -> bool {
        for (name, value) in object {
            if let Some(schema) = properties.get(name) {
                self.check(schema, value, &format!("{path}/{name}"), fields);
            }
        }
        fields == Fields::Any || object.keys().all(|name| properties.contains_key(name))
    }
}

fn matches(pattern: &Value, text: &str) -> bool {
    let Some(pattern) = pattern.as_str() else { return false };
    PATTERNS.with_borrow_mut(|patterns| {
        let regex = patterns.entry(pattern.to_owned());
        let regex = regex.or_insert_with(|| Regex::new(pattern).ok());
        regex.as_ref().is_none_or(|regex| regex.is_match(text))
    })
}

fn has_format(format: &Value, text: &str) -> bool {
    match format.as_str() {
        Some("date-time") => Timestamp::parse(text).is_some(),
        Some("date") => Timestamp::parse(&format!("{text}T00:00:00Z")).is_some(),
        // Of numbers, and of addresses, which the rules of the domain check.
        _ => true,
    }
}

fn has_type(name: &Value, value: &Value) -> bool {
    match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("number") => value.is_number(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => false,
    }
}
