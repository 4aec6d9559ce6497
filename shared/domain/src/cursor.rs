//! Cursors: where a list continues, as an opaque text that is valid for one tenant and one query.
//!
//! A cursor contains the position of a memory that its reader has been shown. The digest in front is not a signature:
//! anyone can compute it. It detects a cursor that is used with another query, truncated or mistyped. Tenants are kept
//! apart by the partition that a list reads, never by a cursor.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
#[cfg(feature = "describe")]
use schemars::{Schema, json_schema};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::rules::{Rule, RuleResult};
use crate::{MemoryId, TenantId};

/// The length of the digest in a cursor, in bytes.
const DIGEST: usize = 12;

/// The last memory of a page, and its sort value where the list is not sorted by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The memory.
    pub id: MemoryId,
    /// Its `updatedAt` in milliseconds or its importance, in decimal, when the list is sorted by it.
    pub sort_value: Option<String>,
}

/// The tenant and the query that cursors are valid for, in a canonical encoding: each part with its length in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorScope(Vec<u8>);

impl CursorScope {
    /// Cursors of one operation of this tenant.
    pub fn of(tenant: &TenantId, operation: &str) -> Self {
        Self(Vec::new()).with(tenant.as_str()).with(operation)
    }

    /// Cursors of this scope where the query's next part has this value, or none.
    #[must_use]
    pub fn with<'p>(mut self, part: impl Into<Option<&'p str>>) -> Self {
        let part = part.into().map_or_else(|| "-".to_owned(), |part| format!("{}:{part}", part.len()));
        self.0.extend_from_slice(part.as_bytes());
        self
    }

    /// The cursor of the memories behind `position`.
    pub fn encode(&self, position: &Position) -> String {
        self.encode_text(&format!("{} {}", position.id, position.sort_value.as_deref().unwrap_or_default()))
    }

    /// The position in `cursor`; `None` when the cursor belongs to another scope.
    pub fn decode(&self, cursor: &str) -> Option<Position> {
        let text = self.decode_text(cursor)?;
        let (id, sort_value) = text.split_once(' ')?;
        let sort_value = match sort_value {
            "" => None,
            number => Some(normalized(number)?),
        };
        Some(Position { id: MemoryId::parse(id)?, sort_value })
    }

    /// The rule of a field that contains such a cursor.
    pub const fn rule(&self, problem: &'static str) -> CursorRule<'_, Position> {
        CursorRule { scope: self, problem, decode: Self::decode }
    }

    /// The cursor that contains `text`.
    pub(crate) fn encode_text(&self, text: &str) -> String {
        let mut bytes = self.digest(text.as_bytes());
        bytes.extend_from_slice(text.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The text in `cursor`; `None` when the cursor belongs to another scope. Anyone can compute the digest, so the text
    /// is untrusted input.
    pub(crate) fn decode_text(&self, cursor: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (digest, text) = bytes.split_at_checked(DIGEST)?;
        if self.digest(text) != digest {
            return None;
        }
        std::str::from_utf8(text).ok().map(str::to_owned)
    }

    fn digest(&self, text: &[u8]) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(&self.0);
        hash.update(b"\n");
        hash.update(text);
        hash.finalize()[..DIGEST].to_vec()
    }
}

/// A sort value in the form in which a table stores it: milliseconds, or an importance.
fn normalized(number: &str) -> Option<String> {
    if let Ok(millis) = number.parse::<u64>() {
        return Some(millis.to_string());
    }
    let fraction: f64 = number.parse().ok().filter(|fraction| (1e-100..=1.0).contains(fraction))?;
    Some(format!("{fraction:e}"))
}

/// The rule of a cursor that contains a `T`.
#[derive(Clone, Copy, Debug)]
pub struct CursorRule<'s, T> {
    pub(crate) scope: &'s CursorScope,
    /// What is wrong with any other cursor, as the end of a sentence.
    pub(crate) problem: &'static str,
    pub(crate) decode: fn(&CursorScope, &str) -> Option<T>,
}

impl<T> Rule for CursorRule<'_, T> {
    type Value = T;

    fn parse(&self, value: Value) -> RuleResult<T> {
        let position = (self.decode)(self.scope, value.as_str().unwrap_or_default());
        position.ok_or_else(|| self.problem.into())
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        json_schema!({"type": "string"})
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::Timestamp;

    fn cursor_scope(tenant: &str, query: &str) -> CursorScope {
        CursorScope::of(&TenantId::parse(tenant).expect("a tenant"), query)
    }

    #[test]
    fn parts_are_told_apart_whatever_they_contain() {
        let scopes = [
            cursor_scope("a", "q").with("1:b"),
            cursor_scope("a", "q").with("1").with("b"),
            cursor_scope("a", "q").with("b").with(None),
            cursor_scope("a", "q").with("b").with("-"),
            cursor_scope("a", "q").with("b").with(""),
            cursor_scope("a", "q").with("b"),
            cursor_scope("a", "q1:b"),
        ];
        for (index, scope) in scopes.iter().enumerate() {
            assert!(!scopes[..index].contains(scope), "{scope:?}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_is_decoded_by_its_own_scope_only(seed: u64, number in prop::option::of(0i64..i64::MAX)) {
            let id = MemoryId::mint(Timestamp::from_millis(1_800_000_000_000), &mut StdRng::seed_from_u64(seed));
            let position = Position { id, sort_value: number.map(|n| n.to_string()) };
            let cursor = cursor_scope("a", "q").encode(&position);
            prop_assert_eq!(cursor_scope("a", "q").decode(&cursor), Some(position));
            prop_assert_eq!(cursor_scope("b", "q").decode(&cursor), None);
            prop_assert_eq!(cursor_scope("a", "r").decode(&cursor), None);
            prop_assert_eq!(cursor_scope("a", "q").with("").decode(&cursor), None);
        }

        #[test]
        fn a_forged_number_that_no_table_holds_is_refused(number in "1e300|1e-200|-1|NaN|inf|\\+5|[1-9][0-9]{20,60}|0x1") {
            let id = MemoryId::mint(Timestamp::from_millis(1_800_000_000_000), &mut StdRng::seed_from_u64(1));
            let cursor = cursor_scope("a", "q").encode(&Position { id, sort_value: Some(number) });
            let opened = cursor_scope("a", "q").decode(&cursor).and_then(|position| position.sort_value);
            prop_assert!(opened.is_none_or(|number| number == "5"));
        }

        #[test]
        fn any_text_is_refused_without_panic(text in "\\PC{0,80}|[A-Za-z0-9_-]{0,80}") {
            prop_assert_eq!(cursor_scope("a", "q").decode(&text), None);
        }
    }
}
