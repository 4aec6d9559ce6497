//! Where a search with a query continues: behind the last memory that it has examined, without those it has returned.
//!
//! A score depends on the other memories, so those of a later request may differ a little. The memories that were returned
//! are left out whatever score they have.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::MemoryId;
use crate::cursor::{CursorRule, CursorScope};
use crate::tenant::SearchVersion;

/// The maximum number of results of a search over all of its pages.
pub const MAX_RESULTS: usize = 1_000;
/// How much a score may change with other memories, in millionths.
const DRIFT: i64 = 20_000;

/// Where a search continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// The score of the last memory that was examined, in millionths.
    pub score: i64,
    /// That memory. Of memories of the same score the newest comes first.
    pub last: MemoryId,
    /// The numbers of writes, deletions and backdated changes for which the score was computed; `None` when it was not
    /// computed of all memories.
    pub changes: Option<[i64; 3]>,
    /// Hashes of the memories that were returned.
    pub returned: BTreeSet<u32>,
}

impl Continuation {
    /// The rule of a field that contains a cursor of `scope`.
    pub(super) const fn rule<'s>(scope: &'s CursorScope, problem: &'static str) -> CursorRule<'s, Self> {
        CursorRule { scope, problem, decode: |scope, text| Self::decode(&scope.decode_text(text)?) }
    }

    /// Whether scores are still those of `version`: then nothing in front of the last memory is left to examine.
    pub fn is_exact(&self, version: &SearchVersion) -> bool {
        self.changes == Some(version.counts())
    }

    /// The largest score of a memory that may follow, in millionths.
    pub const fn largest_score(&self) -> i64 {
        self.score.saturating_add(DRIFT)
    }

    /// The cursor of `scope` with which a search continues here.
    pub(super) fn encode(&self, scope: &CursorScope) -> String {
        let hashes: Vec<u8> = self.returned.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        let changes =
            self.changes.map_or_else(String::new, |counts| counts.map(|count| count.to_string()).join("/"));
        let hashes = STANDARD_NO_PAD.encode(hashes);
        scope.encode_text(&format!("{} {} {changes} {hashes}", self.score, self.last))
    }

    fn decode(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let score = parts.next()?.parse().ok()?;
        let last = MemoryId::parse(parts.next()?)?;
        let changes = match parts.next()? {
            "" => None,
            counts => {
                let counts: Vec<i64> =
                    counts.split('/').map(|count| count.parse().ok()).collect::<Option<_>>()?;
                Some(counts.try_into().ok()?)
            }
        };
        let hashes = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
        let (hashes, rest) = hashes.as_chunks();
        let is_whole = rest.is_empty() && hashes.len() < MAX_RESULTS && parts.next().is_none();
        let returned = hashes.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        is_whole.then_some(Self { score, last, changes, returned })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::TenantId;

    fn scope() -> CursorScope {
        CursorScope::of(&TenantId::parse("acme").expect("a tenant"), "search")
    }

    fn decode(cursor: &str) -> Option<Continuation> {
        Continuation::decode(&scope().decode_text(cursor)?)
    }

    proptest! {
        #[test]
        fn a_cursor_holds_what_was_put_into_it(
            id in "mem_[0-9a-z]{22}", score: i64, changes: Option<[i64; 3]>, returned in prop::collection::btree_set(any::<u32>(), 0..999)
        ) {
            let Some(last) = MemoryId::parse(&id) else { return Ok(()) };
            let continuation = Continuation { score, last, changes, returned };
            let cursor = continuation.encode(&scope());
            prop_assert!(cursor.len() < 8 * 1024);
            prop_assert_eq!(decode(&cursor), Some(continuation));
        }

        #[test]
        fn a_forged_cursor_is_a_continuation_or_refused(
            text in "(-?[0-9]{1,20}|x) mem_[0-9a-z]{21,23}( |-?[0-9]{1,20}(/-?[0-9]{1,20}){1,3}) [A-Za-z0-9+/]{0,20}|\\PC{0,40}"
        ) {
            if let Some(continuation) = decode(&scope().encode_text(&text)) {
                prop_assert_eq!(decode(&continuation.encode(&scope())), Some(continuation));
            }
        }
    }
}
