//! Reading many memories by their ids.

use std::collections::{BTreeSet, HashMap};

use hb_domain::{Memory, MemoryId, Result};

use super::Memories;
use super::stored_memory::{self, StoredMemory};
use crate::batch_read::{MAX_ITEMS, read_batch};
use crate::tables::Table;

/// The most memories that one call reads.
pub(super) const BATCH: usize = MAX_ITEMS;

impl Memories<'_> {
    /// Reads those of at most [`BATCH`] memories that exist, consistently. A corrupt item is logged and left out.
    pub(super) async fn fetch(&self, ids: BTreeSet<&MemoryId>) -> Result<HashMap<MemoryId, Memory>> {
        let (found, _) = self.fetch_with_capacity(ids).await?;
        Ok(found.into_iter().map(|(id, stored)| (id, stored.memory)).collect())
    }

    /// As [`fetch`](Self::fetch), with the attributes that only the store uses; returns the consumed capacity units besides.
    pub(super) async fn fetch_with_capacity(
        &self,
        ids: BTreeSet<&MemoryId>,
    ) -> Result<(HashMap<MemoryId, StoredMemory>, f64)> {
        let keys = ids.into_iter().map(|id| stored_memory::key(self.tenant, id)).collect();
        let batch = read_batch(self.store, [(Table::Memories, keys)], None).await?;
        let mut found = HashMap::new();
        for (_, item) in batch.items {
            match stored_memory::decode(&item) {
                Ok(stored) => drop(found.insert(stored.memory.id.clone(), stored)),
                // A corrupt item must not hide all others.
                Err(error) => tracing::error!(tenant = %self.tenant, %error, "a memory cannot be read"),
            }
        }
        Ok((found, batch.units))
    }
}
