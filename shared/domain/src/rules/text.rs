//! Rules for strings and ids.

use std::ops::RangeInclusive;

#[cfg(feature = "describe")]
use schemars::{Schema, json_schema};
use serde_json::Value;

use super::generic::list;
use super::rule::{Rule, RuleResult, Simple};
use crate::MemoryId;

/// The longest id of a user, an agent, a session or a key, in characters.
const MAX_ID: usize = 128;
/// The longest key of a memory, in characters.
const MAX_KEY: usize = 256;

/// The rule of [`text`].
#[derive(Clone, Copy, Debug)]
pub struct Text {
    min: usize,
    max: usize,
}

/// A string of `length` characters (Unicode scalar values), without NUL.
pub const fn text(length: RangeInclusive<usize>) -> Text {
    Text { min: *length.start(), max: *length.end() }
}

/// The id of an end user, agent or session: 1 to 128 characters.
pub const fn scoping_id() -> Text {
    text(1..=MAX_ID)
}

/// The key that an application gives a memory: 1 to 256 characters.
pub const fn memory_key() -> Text {
    text(1..=MAX_KEY)
}

impl Rule for Text {
    type Value = String;

    fn parse(&self, value: Value) -> RuleResult<String> {
        let Value::String(text) = value else { return Err("must be a string".into()) };
        if !(self.min..=self.max).contains(&text.chars().count()) {
            return Err(format!("must have {} to {} characters", self.min, self.max));
        }
        if text.contains('\0') {
            return Err("must not contain the NUL character".into());
        }
        Ok(text)
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": self.min,
            "maxLength": self.max,
            "pattern": r"^[^\u0000]*$",
        })
    }
}

/// The id of a memory.
pub const fn memory_id() -> Simple<MemoryId> {
    Simple {
        parse: |value| {
            value.as_str().and_then(MemoryId::parse).ok_or_else(|| "must be the id of a memory, mem_…".into())
        },
        #[cfg(feature = "describe")]
        schema: || crate::describe::schema::text(MemoryId::PATTERN),
    }
}

/// The rule of [`ids`].
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    max: usize,
}

/// A list of 1 to `max` ids. An id that is not well-formed is accepted; it names nothing.
pub const fn ids(max: usize) -> Ids {
    Ids { max }
}

impl Rule for Ids {
    type Value = Vec<String>;

    fn parse(&self, value: Value) -> RuleResult<Vec<String>> {
        let items = list(1..=self.max).parse(value)?;
        let id =
            |item| text(1..=MAX_ID).parse(item).map_err(|problem| format!("must hold ids: each {problem}"));
        items.into_iter().map(id).collect()
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        json_schema!({
            "type": "array",
            "minItems": 1,
            "maxItems": self.max,
            "items": text(1..=MAX_ID).schema(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lengths_count_characters_not_bytes() {
        let rule = text(1..=10);
        assert!(rule.parse(json!("ääääääääää")).is_ok());
        assert!(rule.parse(json!("ääääääääääa")).is_err());
        assert!(rule.parse(json!("")).is_err());
        assert!(rule.parse(json!("a\0")).is_err());
        assert!(rule.parse(json!(1)).is_err());
    }
}
