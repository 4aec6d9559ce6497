//! The table of memories: partition `tenant`, sort key the memory's id, which begins with its time
//! of creation.
//!
//! Two indexes are for the lists sorted by `updatedAt` and `importance`. The former is local, so that it can be read
//! consistently, and has what searches need of each memory (`find`); the latter has nothing but keys: a long memory
//! is not written three times.

mod change;
mod create;
mod erase;
mod export;
mod fetch;
mod list;
mod put;
mod recount;
mod refresh;
mod search;
mod stored_memory;
mod walk;

use hb_domain::cursor::Position;
use hb_domain::{Error, Memory, MemoryId, Result, TenantId};

use crate::changes::Changes;
use crate::idempotency::LockedRecord;
use crate::{Context, Store};
pub use create::CreateOutcome;
pub use erase::Erased;
pub use export::ExportPage;
pub use search::Found;

/// The memories of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Memories<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
    context: &'a Context,
    idempotency: Option<&'a LockedRecord>,
}

/// A memory, and the name of this version of it.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionedMemory {
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
    pub(crate) const fn new(store: &'a Store, context: &'a Context) -> Self {
        Self { store, tenant: context.tenant(), context, idempotency: context.idempotency() }
    }

    /// Notes a change, to be announced to searches.
    fn note(&self, note: impl FnOnce(&Changes)) {
        note(self.context.changes());
    }

    fn is_resumed(&self) -> bool {
        self.idempotency.is_some_and(|locked| locked.record.resumed)
    }

    /// Reads one memory, consistently.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the tenant has no such memory, or it has expired; the database's.
    pub async fn get(&self, id: &MemoryId) -> Result<VersionedMemory> {
        let now = self.context.effective_at();
        let found = self.read(id).await?.ok_or(Error::NotFound)?;
        if found.memory.is_visible(now) { Ok(found.versioned()) } else { Err(Error::NotFound) }
    }
}

/// The error of a page whose beginning is further away than one call may read.
fn too_far() -> Error {
    Error::field("cursor", "is the way to a page that lies so far behind the first: follow nextCursor")
}
