//! Reading many memories by their ids.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use hb_domain::{Error, Memory, MemoryId, Result};

use super::Memories;
use super::stored_memory::{self, StoredMemory};
use crate::backoff::Backoff;
use crate::item::Attributes;
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

/// The most items that one BatchGetItem may request.
pub(super) const BATCH: usize = 100;

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
        let (mut found, mut units) = (HashMap::new(), 0.0);
        let mut wanted: Vec<Attributes> =
            ids.into_iter().map(|id| stored_memory::key(self.tenant, id)).collect();
        let mut backoff = Backoff::batch_read();
        while !wanted.is_empty() {
            let keys = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build();
            let keys = keys.map_err(|error| Error::Internal(format!("batch could not be built: {error}")))?;
            let get = self.store.db.batch_get_item().request_items(self.store.table(Table::Memories), keys);
            let response = get.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
            let response = response.map_err(|error| map_sdk_error("BatchGetItem memories", error))?;
            units += response.consumed_capacity().iter().filter_map(|used| used.capacity_units).sum::<f64>();
            for item in response.responses.unwrap_or_default().into_values().flatten() {
                match stored_memory::decode(&item) {
                    Ok(stored) => drop(found.insert(stored.memory.id.clone(), stored)),
                    // A corrupt item must not hide all others.
                    Err(error) => tracing::error!(tenant = %self.tenant, %error, "a memory cannot be read"),
                }
            }
            // A response ends at 16 MB or when the table is throttled, and lists the keys that it left unprocessed.
            let unprocessed = response.unprocessed_keys.unwrap_or_default();
            wanted = unprocessed.into_values().flat_map(|unprocessed| unprocessed.keys).collect();
            if !wanted.is_empty() && !backoff.wait().await {
                return Err(Error::Unavailable("BatchGetItem memories: too much left unprocessed".into()));
            }
        }
        Ok((found, units))
    }
}
