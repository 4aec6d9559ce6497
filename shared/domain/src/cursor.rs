//! Cursors: where a list continues, as an opaque text that is good for one tenant and one query.
//!
//! A cursor holds no more than the position of a memory its reader has seen. The digest in front is
//! not a secret's work: tenants are kept apart by the partition that a list reads, never by a cursor.
//! It catches a cursor that is used with another query, cut short or mistyped.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::{MemoryId, TenantId};

const DIGEST: usize = 12;

/// The last memory of a page, and the number it is sorted by where that is not its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The memory.
    pub id: MemoryId,
    /// Its `updatedAt` in milliseconds or its importance, in decimal, when the list is sorted by it.
    pub sort_value: Option<String>,
}

/// What a cursor is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorScope(Vec<u8>);

impl CursorScope {
    /// Cursors of this tenant's query `query`.
    pub fn of(tenant: &TenantId, query: &str) -> Self {
        Self(format!("{tenant}\n{query}\n").into_bytes())
    }

    /// The cursor that continues behind `position`.
    pub fn encode(&self, position: &Position) -> String {
        self.encode_text(&format!("{} {}", position.id, position.sort_value.as_deref().unwrap_or_default()))
    }

    /// The position in `cursor`; `None` unless it was sealed by an equal binding.
    pub fn decode(&self, cursor: &str) -> Option<Position> {
        let text = self.decode_text(cursor)?;
        let (id, sort_value) = text.split_once(' ')?;
        let sort_value = match sort_value {
            "" => None,
            number => Some(checked(number)?),
        };
        Some(Position { id: MemoryId::parse(id)?, sort_value })
    }

    /// The cursor that holds `text`.
    pub(crate) fn encode_text(&self, text: &str) -> String {
        let mut bytes = self.digest(text.as_bytes());
        bytes.extend_from_slice(text.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The text in `cursor`; `None` unless it was sealed by an equal binding. Anyone can compute the digest, so the
    /// text is input like any other.
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
        hash.update(text);
        hash.finalize()[..DIGEST].to_vec()
    }
}

/// A number that a list may be sorted by, as a table can hold it: milliseconds, or an importance.
fn checked(number: &str) -> Option<String> {
    if let Ok(millis) = number.parse::<u64>() {
        return Some(millis.to_string());
    }
    let fraction: f64 = number.parse().ok().filter(|fraction| (1e-100..=1.0).contains(fraction))?;
    Some(format!("{fraction:e}"))
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

    proptest! {
        #[test]
        fn a_cursor_opens_with_its_own_binding_only(seed: u64, number in prop::option::of(0i64..i64::MAX)) {
            let id = MemoryId::mint(Timestamp::from_millis(1_800_000_000_000), &mut StdRng::seed_from_u64(seed));
            let position = Position { id, sort_value: number.map(|n| n.to_string()) };
            let cursor = cursor_scope("a", "q").encode(&position);
            prop_assert_eq!(cursor_scope("a", "q").decode(&cursor), Some(position));
            prop_assert_eq!(cursor_scope("b", "q").decode(&cursor), None);
            prop_assert_eq!(cursor_scope("a", "r").decode(&cursor), None);
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
