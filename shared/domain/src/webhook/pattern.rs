//! The events that an endpoint subscribes to.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::event::{EventPattern, EventType};
use crate::rules::{Rule, RuleResult};
use crate::{Principal, Result};

/// What an endpoint subscribes to, as it was given, without duplicates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPatterns(Vec<EventPattern>);

impl EventPatterns {
    /// The patterns.
    pub fn iter(&self) -> impl Iterator<Item = EventPattern> {
        self.0.iter().copied()
    }

    /// Whether they stand for events of this type.
    pub fn matches(&self, event_type: EventType) -> bool {
        self.iter().any(|pattern| pattern.matches(event_type))
    }

    /// The first type that the first pattern stands for.
    pub fn first_type(&self) -> Option<EventType> {
        self.iter().next().and_then(|pattern| pattern.types().next())
    }

    /// Whether `caller` may create and change an endpoint that gets these events: whoever can change it can send the events
    /// to any address.
    ///
    /// # Errors
    /// As [`EventType::check_readable_by`].
    pub fn check(&self, caller: &Principal) -> Result<()> {
        let mut types = EventType::ALL.into_iter().filter(|event_type| self.matches(*event_type));
        types.try_for_each(|event_type| event_type.check_readable_by(caller))
    }
}

impl Serialize for EventPatterns {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(EventPattern::as_str))
    }
}

impl FromIterator<EventPattern> for EventPatterns {
    fn from_iter<I: IntoIterator<Item = EventPattern>>(patterns: I) -> Self {
        let mut kept = Vec::new();
        for pattern in patterns {
            if !kept.contains(&pattern) {
                kept.push(pattern);
            }
        }
        Self(kept)
    }
}

/// A list of 1 to 100 types and patterns; duplicates are dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patterns;

/// The longest list that is read.
const MAX_PATTERNS: usize = 100;

impl Rule for Patterns {
    type Value = EventPatterns;

    fn parse(&self, value: Value) -> RuleResult<EventPatterns> {
        let names = value.as_array().filter(|names| (1..=MAX_PATTERNS).contains(&names.len()));
        let pattern = |name: &Value| name.as_str().and_then(EventPattern::parse);
        names.and_then(|names| names.iter().map(pattern).collect()).ok_or_else(|| {
            format!(
                "must be a list of 1 to {MAX_PATTERNS} of {}",
                EventPattern::ALL.map(EventPattern::as_str).join(", ")
            )
        })
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> schemars::Schema {
        schemars::json_schema!({
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_PATTERNS,
            "items": crate::describe::schema::names::<EventPattern>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_are_kept_as_given_and_once() {
        let parsed = Patterns.parse(json!(["memory.created", "*", "memory.created"])).expect("patterns");
        let names: Vec<_> = parsed.iter().map(EventPattern::as_str).collect();
        assert_eq!(names, ["memory.created", "*"]);
        for value in [
            json!([]),
            json!(null),
            json!("*"),
            json!({"*": true}),
            json!([null]),
            json!([1]),
            json!(["memory"]),
            json!(["Memory.*"]),
            json!(["memory.**"]),
            json!(["memory.*\0"]),
            json!(["*.created"]),
            json!([""]),
            json!(vec!["*"; MAX_PATTERNS + 1]),
        ] {
            assert!(Patterns.parse(value.clone()).is_err(), "{value}");
        }
    }
}
