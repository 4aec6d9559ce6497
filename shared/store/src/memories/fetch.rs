//! Reading memories by their ids, many at a time.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use hb_domain::{Error, Memory, MemoryId, Result};

use super::Memories;
use super::stored_memory::{self, StoredMemory};
use crate::item::Attributes;
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

/// The most items one BatchGetItem may ask for.
pub(super) const BATCH: usize = 100;
/// How often what an answer has left out is asked for again.
const ROUNDS: u32 = 8;

impl Memories<'_> {
    /// Those of at most [`BATCH`] memories that are there and can be read, consistently.
    pub(super) async fn fetch(&self, ids: BTreeSet<&MemoryId>) -> Result<HashMap<MemoryId, Memory>> {
        self.fetch_with_capacity(ids).await.map(|(found, _)| found)
    }

    /// As [`fetch`](Self::fetch), with the capacity units that it took.
    pub(super) async fn fetch_with_capacity(
        &self,
        ids: BTreeSet<&MemoryId>,
    ) -> Result<(HashMap<MemoryId, Memory>, f64)> {
        let (mut found, mut units) = (HashMap::new(), 0.0);
        let mut wanted: Vec<Attributes> =
            ids.into_iter().map(|id| stored_memory::key(self.tenant, id)).collect();
        for round in 0..ROUNDS {
            if wanted.is_empty() {
                return Ok((found, units));
            }
            if round > 0 {
                tokio::time::sleep(Duration::from_millis(25 << round.min(5))).await;
            }
            let keys = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build();
            let keys = keys.map_err(|error| Error::Internal(format!("batch could not be built: {error}")))?;
            let get = self.store.db.batch_get_item().request_items(self.store.table(Table::Memories), keys);
            let answer = get.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
            let answer = answer.map_err(|error| map_sdk_error("BatchGetItem memories", error))?;
            units += answer.consumed_capacity().iter().filter_map(|used| used.capacity_units).sum::<f64>();
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                match stored_memory::decode(&item) {
                    Ok(StoredMemory { memory, .. }) => drop(found.insert(memory.id.clone(), memory)),
                    // One that is damaged must not hide all others.
                    Err(error) => tracing::error!(tenant = %self.tenant, %error, "a memory cannot be read"),
                }
            }
            // An answer stops at 16 MB or when the table is throttled, and names what it left out.
            let left = answer.unprocessed_keys.unwrap_or_default();
            wanted = left.into_values().flat_map(|left| left.keys).collect();
        }
        Err(Error::Unavailable("BatchGetItem memories: too much left out".into()))
    }
}
