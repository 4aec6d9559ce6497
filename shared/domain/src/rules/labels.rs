//! Rules for sets of names: scopes and tags.

#[cfg(feature = "describe")]
use schemars::{Schema, json_schema};
use serde_json::Value;
use strum::VariantNames;

use super::rule::{RuleResult, Simple};
use crate::{Scope, Scopes};

/// The most tags of one memory.
const MAX_TAGS: usize = 50;
/// The longest tag, in characters.
const MAX_TAG: usize = 64;

/// A list of scope names; duplicates are dropped.
pub const fn scopes() -> Simple<Scopes> {
    Simple {
        parse: parse_scopes,
        #[cfg(feature = "describe")]
        schema: scopes_schema,
    }
}

/// Scope names in a query string, separated by commas.
pub const fn query_scopes() -> Simple<Scopes> {
    Simple {
        parse: |value| {
            let names = value.as_str().unwrap_or_default().split(',').map(Value::from).collect();
            parse_scopes(Value::Array(names))
        },
        #[cfg(feature = "describe")]
        schema: || at_least_one(scopes_schema()),
    }
}

fn parse_scopes(value: Value) -> RuleResult<Scopes> {
    let names = value.as_array().map(Vec::as_slice);
    let scope = |name: &Value| name.as_str().and_then(Scope::parse);
    names
        .and_then(|names| names.iter().map(scope).collect())
        .ok_or_else(|| format!("must be a list of {}", Scope::VARIANTS.join(", ")))
}

#[cfg(feature = "describe")]
fn scopes_schema() -> Schema {
    json_schema!({"type": "array", "items": crate::describe::schema::names::<Scope>()})
}

/// At most 50 tags of 1 to 64 characters without comma or NUL; duplicates are dropped.
pub const fn tags() -> Simple<Vec<String>> {
    Simple {
        parse: |value| {
            let Value::Array(items) = value else { return Err("must be a list of strings".into()) };
            parse_tags(items.into_iter().map(|item| match item {
                Value::String(tag) => Some(tag),
                _ => None,
            }))
        },
        #[cfg(feature = "describe")]
        schema: tags_schema,
    }
}

/// Tags in a query string, separated by commas.
pub const fn query_tags() -> Simple<Vec<String>> {
    Simple {
        parse: |value| {
            let list = value.as_str().unwrap_or_default();
            parse_tags(list.split(',').map(|tag| Some(tag.to_owned())))
        },
        #[cfg(feature = "describe")]
        schema: || at_least_one(tags_schema()),
    }
}

fn parse_tags(items: impl Iterator<Item = Option<String>>) -> RuleResult<Vec<String>> {
    let mut tags = Vec::new();
    for item in items {
        let Some(tag) = item else { return Err("must be a list of strings".into()) };
        if !(1..=MAX_TAG).contains(&tag.chars().count()) || tag.contains([',', '\0']) {
            return Err(format!("must hold tags of 1 to {MAX_TAG} characters without comma or NUL"));
        }
        if !tags.contains(&tag) {
            tags.push(tag);
        }
        if tags.len() > MAX_TAGS {
            return Err(format!("must hold at most {MAX_TAGS} tags"));
        }
    }
    Ok(tags)
}

/// A list in a query string: an empty text is a list of an empty text.
#[cfg(feature = "describe")]
fn at_least_one(mut list: Schema) -> Schema {
    list.insert("minItems".into(), 1.into());
    list
}

#[cfg(feature = "describe")]
fn tags_schema() -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": MAX_TAGS,
        "items": {"type": "string", "minLength": 1, "maxLength": MAX_TAG, "pattern": r"^[^,\u0000]*$"},
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::Rule;

    #[test]
    fn tags_are_bounded_and_single() {
        assert_eq!(tags().parse(json!(["a", "b", "a"])), Ok(vec!["a".into(), "b".into()]));
        let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
        for value in [
            json!(many),
            json!([""]),
            json!(["a,b"]),
            json!(["x".repeat(65)]),
            json!([1]),
            json!("a"),
            json!(["\0"]),
        ] {
            assert!(tags().parse(value).is_err());
        }
    }
}
