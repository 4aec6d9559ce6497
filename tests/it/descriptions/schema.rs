//! Validates values by the part of JSON Schema that the descriptions use; any other keyword is a problem.

use serde_json::{Map, Value};

/// Keywords that restrict nothing here: annotations, and patterns and formats, which other tests cover.
const IGNORED: [&str; 4] = ["description", "format", "pattern", "title"];

/// Everything that is wrong with `value`. Unlike in JSON Schema, an object has no fields but those of its schema.
pub(super) fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    check(schema, value, "", &mut problems);
    problems
}

fn check(schema: &Value, value: &Value, path: &str, problems: &mut Vec<String>) {
    let mut report = |problem: String| problems.push(format!("{path}: {problem}"));
    let keywords = match schema {
        Value::Bool(true) => return,
        Value::Object(keywords) => keywords,
        other => return report(format!("{other} is no schema")),
    };
    let mut inner: Vec<(&Value, &Value, String)> = Vec::new();
    for (keyword, expected) in keywords {
        let length = value.as_str().map(|text| text.chars().count() as f64);
        let items = value.as_array().map(|items| items.len() as f64);
        let is_met = match keyword.as_str() {
            "type" => match expected {
                Value::Array(names) => names.iter().any(|name| has_type(name, value)),
                name => has_type(name, value),
            },
            "enum" => expected.as_array().is_some_and(|values| values.contains(value)),
            "const" => expected == value,
            "anyOf" => {
                let schemas = expected.as_array().expect("schemas");
                schemas.iter().any(|schema| self::problems(schema, value).is_empty())
            }
            "minimum" => value.as_f64().is_none_or(|number| Some(number) >= expected.as_f64()),
            "maximum" => value.as_f64().is_none_or(|number| Some(number) <= expected.as_f64()),
            "minLength" => length.is_none_or(|length| Some(length) >= expected.as_f64()),
            "maxLength" => length.is_none_or(|length| Some(length) <= expected.as_f64()),
            "minItems" => items.is_none_or(|items| Some(items) >= expected.as_f64()),
            "maxItems" => items.is_none_or(|items| Some(items) <= expected.as_f64()),
            "uniqueItems" => value.as_array().is_none_or(|items| {
                items.iter().enumerate().all(|(index, item)| !items[..index].contains(item))
            }),
            "required" => value.as_object().is_none_or(|object| {
                let mut names = expected.as_array().expect("names").iter();
                names.all(|name| object.contains_key(name.as_str().expect("a name")))
            }),
            "items" => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                inner.extend(
                    items.iter().enumerate().map(|(index, item)| (expected, item, format!("{path}/{index}"))),
                );
                true
            }
            "properties" => {
                let properties = expected.as_object().expect("properties");
                let object = value.as_object();
                let names = object.into_iter().flat_map(Map::keys);
                let unknown: Vec<&String> = names.filter(|name| !properties.contains_key(*name)).collect();
                inner.extend(properties.iter().filter_map(|(name, schema)| {
                    Some((schema, object?.get(name)?, format!("{path}/{name}")))
                }));
                unknown.is_empty()
            }
            "additionalProperties" => *expected == Value::Bool(false),
            ignored => IGNORED.contains(&ignored),
        };
        if !is_met {
            report(format!("{keyword} {expected} is not met by {value}"));
        }
    }
    for (schema, value, path) in inner {
        check(schema, value, &path, problems);
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

#[test]
fn a_validator_that_accepts_everything_would_be_noticed() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"],
        "properties": {"a": {"type": "integer", "minimum": 0}, "b": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    });
    for (is_valid, value) in [
        (true, r#"{"a":1}"#),
        (true, r#"{"a":0,"b":null}"#),
        (false, r#"{"b":null}"#),
        (false, r#"{"a":-1}"#),
        (false, r#"{"a":1.5}"#),
        (false, r#"{"a":1,"b":7}"#),
        (false, r#"{"a":1,"c":1}"#),
        (false, "[]"),
    ] {
        let value: Value = serde_json::from_str(value).expect("JSON");
        assert_eq!(problems(&schema, &value).is_empty(), is_valid, "{value}");
    }
}
