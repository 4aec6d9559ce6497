//! Where a ranking continues: behind the memories that earlier searches have examined.

use hb_domain::MemoryId;
use hb_domain::search::Continuation;

use crate::facets;
use crate::index::id_number;

/// The results of earlier searches, behind which a ranking continues.
#[derive(Clone, Copy, Debug)]
pub struct Behind<'c> {
    continuation: &'c Continuation,
    last: u128,
    is_exact: bool,
}

impl<'c> Behind<'c> {
    /// Behind the results of `continuation`. If scores are the same as then (`is_exact`), what precedes the last memory was
    /// examined; otherwise only what was returned is known.
    pub fn new(continuation: &'c Continuation, is_exact: bool) -> Self {
        Self { continuation, last: id_number(&continuation.last), is_exact }
    }

    /// Whether these results precede a memory with this score, in millionths. Of equal scores the newest comes first.
    pub(crate) fn precedes(&self, score: i64, id: u128) -> bool {
        let continuation = self.continuation;
        let follows = if self.is_exact {
            (score, id) < (continuation.score, self.last)
        } else {
            score <= continuation.largest_score()
        };
        follows && !continuation.returned.contains(&number_hash(id))
    }
}

/// A hash of an id, by which a cursor remembers a memory that was returned.
pub fn id_hash(id: &MemoryId) -> u32 {
    number_hash(id_number(id))
}

fn number_hash(id: u128) -> u32 {
    facets::hash(b'i', &id.to_be_bytes())
}
