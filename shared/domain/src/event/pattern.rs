//! Names that stand for one or more types of events.

use strum::{Display, EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};

use super::EventType;
use crate::named::named;

/// A type of event, or a pattern that stands for several.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Display,
    EnumCount,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[expect(missing_docs, reason = "the names say which events they stand for")]
pub enum EventPattern {
    #[strum(serialize = "*")]
    All,
    #[strum(serialize = "memory.*")]
    Memory,
    #[strum(serialize = "memory.created")]
    MemoryCreated,
    #[strum(serialize = "memory.updated")]
    MemoryUpdated,
    #[strum(serialize = "memory.deleted")]
    MemoryDeleted,
    #[strum(serialize = "search.*")]
    Search,
    #[strum(serialize = "search.performed")]
    SearchPerformed,
    #[strum(serialize = "api_key.*")]
    ApiKey,
    #[strum(serialize = "api_key.created")]
    ApiKeyCreated,
    #[strum(serialize = "api_key.revoked")]
    ApiKeyRevoked,
    #[strum(serialize = "webhook.*")]
    Webhook,
    #[strum(serialize = "webhook.disabling")]
    WebhookDisabling,
    #[strum(serialize = "webhook.disabled")]
    WebhookDisabled,
}

named!(EventPattern);

impl EventPattern {
    /// Whether it stands for events of this type.
    pub fn matches(self, event_type: EventType) -> bool {
        match self.as_str().strip_suffix('*') {
            Some(prefix) => event_type.as_str().starts_with(prefix),
            None => event_type.as_str() == self.as_str(),
        }
    }

    /// The types that it stands for.
    pub fn types(self) -> impl Iterator<Item = EventType> {
        EventType::ALL.into_iter().filter(move |event_type| self.matches(*event_type))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_the_types_that_its_name_begins() {
        for (pattern, count) in [
            ("*", EventType::ALL.len()),
            ("memory.*", 3),
            ("search.*", 1),
            ("api_key.*", 2),
            ("webhook.*", 2),
        ] {
            let pattern = EventPattern::parse(pattern).expect(pattern);
            assert_eq!(pattern.types().count(), count);
        }
        for event_type in EventType::ALL {
            let pattern = EventPattern::parse(event_type.as_str()).expect("every type is a pattern");
            let matched: Vec<_> = pattern.types().collect();
            assert_eq!(matched, [event_type]);
        }
    }
}
