//! The table of memories: the partition key is the tenant, the sort key is the memory's id, which begins with its creation
//! time.
//!
//! Two indexes serve the lists sorted by `updatedAt` and `importance`. The former is local, so that it can be read
//! consistently, and projects what searches need of each memory (`searchDoc`). The latter projects keys only, so that a long
//! memory is not written three times, and so does the one of namespaces, which has only the memories with a namespace.

mod batch_get;
mod bulk_update;
mod by_namespace;
mod change;
mod create;
mod erase;
mod export;
mod fetch;
mod keyed;
mod list;
mod namespace_key;
mod namespaces;
mod narrowed;
mod newest;
mod put;
mod query;
mod recount;
mod refresh;
mod reindex;
mod search;
mod search_page;
pub(crate) mod stored_memory;
mod walk;

use hb_domain::cursor::Position;
use hb_domain::{Error, Memory, MemoryId, Result, TenantId};

use crate::changes::Changes;
use crate::idempotency::LockedRecord;
use crate::write::Write;
use crate::{Context, Store};
pub use batch_get::BatchPage;
pub use bulk_update::Update;
pub use change::Edit;
pub use create::{CreateOutcome, NewItem};
pub use erase::Erased;
pub use export::ExportPage;
pub(crate) use keyed::delete_row;
pub use keyed::{Placed, Placement};
pub(crate) use namespace_key::parse as parse_namespace;
pub use namespaces::NamespacePage;
pub use reindex::{ReindexPage, RewriteOutcome, StaleDocument};
pub use search::Found;
pub use stored_memory::SEARCH_FORMAT;
pub(crate) use stored_memory::key as memory_key;

/// The memories of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Memories<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
    context: &'a Context,
    idempotency: Option<&'a LockedRecord>,
    /// The item of the request that is carried out, by its position, if the request has items.
    item: Option<usize>,
}

/// A memory with the name of its version.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionedMemory {
    /// The memory.
    pub memory: Memory,
    /// The name of the version. It changes with every write and is never used again.
    pub version: String,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryPage {
    /// The memories on the page.
    pub memories: Vec<Memory>,
    /// The position after which the next page begins; `None` at the end.
    pub next: Option<Position>,
    /// The number of memories in the whole list, if it is known.
    pub total: Option<u64>,
}

impl<'a> Memories<'a> {
    pub(crate) const fn new(store: &'a Store, context: &'a Context) -> Self {
        Self { store, tenant: context.tenant(), context, idempotency: context.idempotency(), item: None }
    }

    /// The same memories for the item at `position` of a request: what must not be applied twice is marked for this item.
    const fn for_item(self, position: usize) -> Self {
        Self { item: Some(position), ..self }
    }

    /// Whether an earlier attempt of the request has applied the change that must not be applied twice.
    fn is_applied(&self) -> bool {
        self.idempotency.is_some_and(|locked| match self.item {
            Some(position) => locked.record.applied_items.contains(&position),
            None => locked.record.applied,
        })
    }

    /// The part of a transaction that marks its change as applied, under an idempotency record.
    fn applied(&self) -> Option<Write> {
        self.idempotency.map(|locked| match self.item {
            Some(position) => locked.applied_item(self.tenant, position),
            None => locked.applied(self.tenant),
        })
    }

    /// Notes a change, to be announced to searches.
    fn note(&self, note: impl FnOnce(&Changes)) {
        note(self.context.changes());
    }

    /// Whether an earlier attempt may have written memories.
    fn is_resumed(&self) -> bool {
        self.idempotency.is_some_and(|locked| locked.record.resumed)
    }

    /// Reads one memory, consistently.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the tenant has no such memory or it has expired; the database's.
    pub async fn get(&self, id: &MemoryId) -> Result<VersionedMemory> {
        let now = self.context.effective_at();
        let found = self.read(id).await?.ok_or(Error::NotFound)?;
        if found.memory.is_visible(now) { Ok(found.versioned()) } else { Err(Error::NotFound) }
    }
}

/// The error of a page that begins further from the start than one call may read.
fn too_far() -> Error {
    Error::field("cursor", "is required for a page this far from the start of the list: follow nextCursor")
}
