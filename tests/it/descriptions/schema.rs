//! The validator that these and other tests use rejects what it should.

use hb_tests::json_schema::{problems, problems_in};
use serde_json::{Value, json};

#[test]
fn a_validator_that_accepts_everything_would_be_noticed() {
    let schema = json!({
        "type": "object", "required": ["a"],
        "properties": {
            "a": {"type": "integer", "minimum": 0},
            "b": {"anyOf": [{"type": "string", "pattern": "^x+$"}, {"type": "null"}]},
            "t": {"type": "string", "format": "date-time"},
        },
    });
    for (is_valid, value) in [
        (true, r#"{"a":1}"#),
        (true, r#"{"a":0,"b":null}"#),
        (true, r#"{"a":0,"b":"xx","t":"2026-11-24T12:00:00.000Z"}"#),
        (false, r#"{"b":null}"#),
        (false, r#"{"a":-1}"#),
        (false, r#"{"a":1.5}"#),
        (false, r#"{"a":1,"b":7}"#),
        (false, r#"{"a":1,"b":"y"}"#),
        (false, r#"{"a":1,"t":"noon"}"#),
        (false, r#"{"a":1,"c":1}"#),
        (false, "[]"),
    ] {
        let value: Value = serde_json::from_str(value).expect("JSON");
        assert_eq!(problems(&schema, &value).is_empty(), is_valid, "{value}");
    }
}

#[test]
fn references_and_restrictions_are_followed() {
    let document = json!({"named": {"type": "object", "properties": {"a": {"type": "integer"}}}});
    let schema = json!({"allOf": [{"$ref": "#/named"}, {"properties": {"a": {"enum": [1, 2]}}}]});
    for (is_valid, value) in [
        (true, json!({"a": 1})),
        (false, json!({"a": 3})),
        (false, json!({"a": "1"})),
        (false, json!({"b": 1})),
    ] {
        assert_eq!(problems_in(&document, &schema, &value).is_empty(), is_valid, "{value}");
    }
    let dangling = json!({"$ref": "#/absent"});
    assert_eq!(problems_in(&document, &dangling, &json!(1)).len(), 1);
}
