//! Saved values in the place of their names, and expected values beside actual ones.

use serde_json::{Map, Value};

/// `value` with the saved values in the place of `$name`.
pub(super) fn filled(value: &Value, saved: &Map<String, Value>) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), filled(field, saved))).collect()
        }
        Value::Array(items) => items.iter().map(|item| filled(item, saved)).collect(),
        Value::String(text) => filled_text(text, saved),
        other => other.clone(),
    }
}

fn filled_text(text: &str, saved: &Map<String, Value>) -> Value {
    let value_of = |name: &str| saved.get(name).unwrap_or_else(|| panic!("${name} is not saved"));
    let mut parts = text.split('$');
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let value = value_of(name);
        if text.len() == name.len() + 1 {
            return value.clone();
        }
        result.push_str(value.as_str().expect("a text"));
        result.push_str(rest);
    }
    result.into()
}

/// Where `actual` is not as expected: a named field, an element of a list, or a value.
pub(super) fn difference(expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(fields), Value::Object(actual)) => fields.iter().find_map(|(name, field)| {
            let Some(actual) = actual.get(name) else { return Some(format!("{name} is absent")) };
            difference(field, actual).map(|difference| format!("{name}: {difference}"))
        }),
        (Value::Array(items), Value::Array(actual)) if items.len() == actual.len() => {
            let mut pairs = items.iter().zip(actual).enumerate();
            pairs.find_map(|(index, (item, actual))| {
                difference(item, actual).map(|difference| format!("{index}: {difference}"))
            })
        }
        _ => (expected != actual).then(|| format!("{actual} is not {expected}")),
    }
}

#[test]
fn every_named_field_and_every_element_has_to_match() {
    use serde_json::json;
    let actual = json!({"a": 1, "b": [{"c": null, "d": "e"}]});
    for same in [json!({}), json!({"a": 1}), json!({"b": [{"c": null}]}), actual.clone()] {
        assert_eq!(difference(&same, &actual), None);
    }
    for other in
        [json!({"a": 2}), json!({"b": []}), json!({"b": [{}, {}]}), json!({"b": [{"x": null}]}), json!([])]
    {
        assert!(difference(&other, &actual).is_some(), "{other}");
    }
}
