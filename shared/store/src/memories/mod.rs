//! The table of memories: partition `tenant`, sort key the memory's id, which begins with its time
//! of creation.
//!
//! Two indexes hold nothing but keys, for the lists sorted by `updatedAt` and `importance`: a long
//! memory is not written three times.

mod change;
mod create;
mod erase;
mod export;
mod fetch;
mod list;
mod put;
mod recount;
mod row;
mod walk;

use hb_domain::cursor::Position;
use hb_domain::search::{Search, Words};
use hb_domain::{Error, Memory, MemoryId, Result, TenantId, Timestamp};

use crate::Store;
use crate::claims::HeldClaim;
pub use create::{Landed, NewRecord};
pub use erase::Erased;
pub use export::ExportPage;
use walk::{Budget, Walk};

/// The memories of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Memories<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
    claim: Option<&'a HeldClaim>,
}

/// A memory, and the name of this version of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Versioned {
    /// The memory.
    pub memory: Memory,
    /// Changes with every write; never comes back.
    pub version: String,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryPage {
    /// The page's memories.
    pub memories: Vec<Memory>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Position>,
    /// How many memories the whole list has, when that is known.
    pub total: Option<u64>,
}

impl<'a> Memories<'a> {
    pub(crate) const fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant, claim: None }
    }

    /// The same memories, for a request that works under a claim: what a request before it has written under
    /// the claim is found instead of written again.
    #[must_use]
    pub const fn under(self, claim: Option<&'a HeldClaim>) -> Self {
        Self { claim, ..self }
    }

    fn is_resumed(&self) -> bool {
        self.claim.is_some_and(|held| held.claim.resumed)
    }

    /// Reads one memory, consistently.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the tenant has no such memory, or it has expired; the database's.
    pub async fn get(&self, id: &MemoryId, now: Timestamp) -> Result<Versioned> {
        let found = self.read(id).await?.ok_or(Error::NotFound)?;
        if found.memory.is_visible(now) { Ok(found.versioned()) } else { Err(Error::NotFound) }
    }

    /// The memories that match `search` best, with their relevance: best first, then newest. It
    /// looks at the newest memories, up to 5 MB of them.
    ///
    /// # Errors
    /// The database's.
    pub async fn search(&self, search: &Search, now: Timestamp) -> Result<Vec<(Memory, f64)>> {
        let words = Words::of(&search.query);
        let mut hits = Vec::new();
        let mut walk = Walk::newest_first(self, Budget::FILTERED);
        while let Some(batch) = walk.next().await? {
            for (_, found) in batch {
                let Some(memory) =
                    found.filter(|memory| memory.is_visible(now) && search.filter.matches(memory))
                else {
                    continue;
                };
                let relevance = words.relevance(&memory);
                if relevance > 0.0 && relevance >= search.min_relevance {
                    hits.push((memory, relevance));
                }
            }
        }
        hits.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| b.id.cmp(&a.id)));
        hits.truncate(usize::try_from(search.limit).unwrap_or(usize::MAX));
        // The answer repeats the query.
        let mut bytes = serde_json::to_string(&search.query).map_or(0, |json| json.len());
        let fitting = hits.iter().take_while(|(memory, _)| {
            bytes += list::json_size(memory);
            bytes <= list::MAX_ANSWER
        });
        let fitting = fitting.count();
        hits.truncate(fitting);
        Ok(hits)
    }
}

/// The error of a page whose beginning is further away than one call may read.
fn too_far() -> Error {
    Error::field("cursor", "is the way to a page that lies so far behind the first: follow nextCursor")
}
