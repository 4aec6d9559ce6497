//! Sets of event types: how a request names them, and who may read them.

use std::fmt;

#[cfg(feature = "describe")]
use schemars::{Schema, json_schema};
use serde_json::Value;

use crate::event::{EventPattern, EventType};
use crate::rules::{Rule, RuleResult};
use crate::{Principal, Result};

impl EventType {
    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// A set of event types.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct EventTypes(u16);

impl EventTypes {
    /// Every type.
    pub fn all() -> Self {
        EventType::ALL.into_iter().collect()
    }

    /// The types that a name stands for: a type, `memory.*`, `search.*`, `api_key.*`, `webhook.*`, or `*`. `None` for any other text.
    pub fn parse(name: &str) -> Option<Self> {
        EventPattern::parse(name).map(|pattern| pattern.types().collect())
    }

    /// Whether the set has no types.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `kind` is in the set.
    pub const fn contains(self, kind: EventType) -> bool {
        self.0 & kind.bit() != 0
    }

    /// The types of the set in the order of [`EventType::ALL`].
    pub fn iter(self) -> impl Iterator<Item = EventType> {
        EventType::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }

    /// The types of a list that the caller may read: all of `requested`, or, when the request names none, all that it may.
    ///
    /// # Errors
    /// That of the first requested type that the caller may not read, or of the first type when it may read none.
    pub fn readable(requested: Option<Self>, principal: &Principal) -> Result<Self> {
        if let Some(requested) = requested {
            requested.iter().try_for_each(|kind| kind.check_readable_by(principal))?;
            return Ok(requested);
        }
        let all = Self::all();
        let readable: Self = all.iter().filter(|kind| kind.check_readable_by(principal).is_ok()).collect();
        if readable.is_empty() {
            all.iter().try_for_each(|kind| kind.check_readable_by(principal))?;
        }
        Ok(readable)
    }
}

impl FromIterator<EventType> for EventTypes {
    fn from_iter<I: IntoIterator<Item = EventType>>(types: I) -> Self {
        Self(types.into_iter().fold(0, |bits, kind| bits | kind.bit()))
    }
}

impl fmt::Debug for EventTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(EventType::as_str)).finish()
    }
}

/// The rule of types in a query string, separated by commas.
#[derive(Clone, Copy, Debug)]
pub(super) struct TypesInQuery;

impl Rule for TypesInQuery {
    type Value = EventTypes;

    fn parse(&self, value: Value) -> RuleResult<EventTypes> {
        let names = value.as_str().unwrap_or_default().split(',');
        let types = names
            .map(EventTypes::parse)
            .try_fold(EventTypes::default(), |all, types| types.map(|types| EventTypes(all.0 | types.0)));
        types.ok_or_else(|| {
            format!("must be a list of {}", EventPattern::ALL.map(EventPattern::as_str).join(", "))
        })
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        json_schema!({
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "enum": EventPattern::ALL.map(EventPattern::as_str)},
        })
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the callers of a test")]
mod tests {
    use super::*;
    use crate::error::Forbidden;
    use crate::principal::Caller;
    use crate::{Error, Scope, Scopes, TenantId};

    fn caller(caller: Caller, scopes: Scopes) -> Principal {
        Principal::authenticated(TenantId::parse("acme").expect("a tenant"), caller, scopes)
    }

    #[test]
    fn every_type_is_in_the_set_of_its_kind_and_in_that_of_all() {
        for kind in EventType::ALL {
            let (group, _) = kind.as_str().split_once('.').expect("a kind");
            for name in [kind.as_str(), &format!("{group}.*"), "*"] {
                assert!(EventTypes::parse(name).is_some_and(|types| types.contains(kind)), "{name}");
            }
            for other in ["memory.*", "search.*", "api_key.*", "webhook.*"] {
                let types = EventTypes::parse(other).expect("a set");
                assert_eq!(types.contains(kind), other == format!("{group}.*"), "{other} {kind}");
            }
        }
        for name in ["", "memory", "memory.", "memory.*x", "*.created", "MEMORY.*", "memory.moved"] {
            assert_eq!(EventTypes::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_caller_reads_what_its_credential_may_see() {
        let reader: Scopes = [Scope::ReadMemories].into_iter().collect();
        let token = |scopes| caller(Caller::Token { user: "u".into() }, scopes);
        let member = caller(Caller::User { id: "u".into(), manages_keys: false }, Scopes::all());
        let admin = |scopes| caller(Caller::User { id: "u".into(), manages_keys: true }, scopes);
        let set = |names: &[&str]| -> EventTypes {
            let sets = names.iter().map(|name| EventTypes::parse(name).expect("a set"));
            sets.flat_map(EventTypes::iter).collect()
        };
        for (principal, expected) in [
            (token(reader), set(&["memory.*", "search.*"])),
            (member.clone(), set(&["memory.*", "search.*", "webhook.*"])),
            (admin(reader), set(&["memory.*", "search.*", "api_key.*"])),
            (admin(Scopes::all()), EventTypes::all()),
            (admin(Scopes::default()), set(&["api_key.*"])),
            (token([Scope::WriteWebhooks].into_iter().collect()), set(&["webhook.*"])),
        ] {
            assert_eq!(EventTypes::readable(None, &principal), Ok(expected), "{principal:?}");
        }
        let refused = Err(Error::MissingScope(Scope::ReadMemories));
        assert_eq!(EventTypes::readable(None, &token(Scopes::default())), refused);
        assert_eq!(EventTypes::readable(EventTypes::parse("*"), &admin(Scopes::default())), refused);
        let refused = Err(Error::Forbidden(Forbidden::NotAdmin));
        assert_eq!(EventTypes::readable(EventTypes::parse("api_key.created"), &member), refused);
    }
}
