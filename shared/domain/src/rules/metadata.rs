//! The rule for metadata.

use serde_json::{Map, Value};

use super::rule::{RuleResult, Simple};
use crate::json;
use crate::metadata::{MAX_BYTES, MAX_DEPTH, MAX_VALUES};

/// A JSON object of at most 16 KiB, 1,000 values and 32 levels, without NUL in any string.
pub const fn metadata() -> Simple<Map<String, Value>> {
    Simple {
        parse: parse_metadata,
        #[cfg(feature = "describe")]
        schema: || {
            schemars::json_schema!({
                "type": "object",
                "description": format!("At most {MAX_BYTES} bytes as JSON, {MAX_VALUES} values and {MAX_DEPTH} levels."),
            })
        },
    }
}

fn parse_metadata(value: Value) -> RuleResult<Map<String, Value>> {
    let Value::Object(map) = value else { return Err("must be an object".into()) };
    if map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)) {
        return Err("must not contain the NUL character".into());
    }
    check_bounds(&map).map(|()| map)
}

/// Refuses metadata that is too long, or has too many values or levels.
///
/// # Errors
/// The bound that is exceeded, as the end of a sentence.
pub fn check_bounds(map: &Map<String, Value>) -> RuleResult<()> {
    let mut values = 0;
    let depth = 1 + map.values().map(|value| measure(value, &mut values)).max().unwrap_or(0);
    if depth > MAX_DEPTH {
        return Err(format!("must have at most {MAX_DEPTH} levels of objects and lists"));
    }
    if values > MAX_VALUES {
        return Err(format!("must hold at most {MAX_VALUES} values, nested ones included"));
    }
    if json::length(map) > MAX_BYTES {
        return Err(format!("must take at most {MAX_BYTES} bytes as JSON"));
    }
    Ok(())
}

/// Adds the number of values to `values` and returns the number of levels.
fn measure(value: &Value, values: &mut usize) -> usize {
    *values += 1;
    match value {
        Value::Array(items) => 1 + items.iter().map(|item| measure(item, values)).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(|item| measure(item, values)).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Whether a string in a value, or the name of a member, contains NUL.
pub(crate) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::Rule;

    #[test]
    fn metadata_is_an_object_of_bounded_size_without_nul() {
        assert!(metadata().parse(json!({"a": "x".repeat(MAX_BYTES - 8)})).is_ok());
        for value in [
            json!({"a": "x".repeat(MAX_BYTES)}),
            json!([]),
            json!({"a": ["\0"]}),
            json!({"\0": 1}),
            json!({"a": {"b\0": 1}}),
        ] {
            assert!(metadata().parse(value).is_err());
        }
    }

    #[test]
    fn metadata_is_bounded_in_values_and_depth() {
        let deep = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
        let wide = |values: usize| json!({"a": vec![0; values - 1]});
        assert!(metadata().parse(deep(MAX_DEPTH)).is_ok() && metadata().parse(deep(MAX_DEPTH + 1)).is_err());
        assert!(
            metadata().parse(wide(MAX_VALUES)).is_ok() && metadata().parse(wide(MAX_VALUES + 1)).is_err()
        );
        let pairs = |count: usize| json!({"m": vec![json!({"": 0}); count]});
        assert!(
            metadata().parse(pairs(499)).is_ok() && metadata().parse(pairs(500)).is_err(),
            "an object is a value too"
        );
    }
}
