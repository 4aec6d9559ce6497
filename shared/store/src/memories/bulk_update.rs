//! Changing many memories, each by itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt};
use hb_domain::bulk_update::UpdateItem;
use hb_domain::{Error, MemoryId, Result};

use super::{Edit, Memories, VersionedMemory};

/// How many memories are changed at the same time.
const CONCURRENCY: usize = 16;

/// One of many changes.
#[derive(Clone, Debug)]
pub struct Update {
    /// The position of the item in the request.
    pub position: usize,
    /// The change.
    pub item: UpdateItem,
    /// The version of the changed memory.
    pub version: String,
}

/// Whether further changes may be started.
struct Gate<'a> {
    has_time: &'a (dyn Fn() -> bool + Sync),
    /// Whether the database did not respond.
    is_unavailable: AtomicBool,
}

impl Memories<'_> {
    /// Makes these changes while there is time, and returns their results by their positions. Changes of one memory are made
    /// in their order, those of different memories at the same time.
    ///
    /// Under an idempotency record all are made one after another: each marks its item in the record, and transactions on
    /// one item exclude each other.
    pub async fn update_all(
        &self,
        updates: Vec<Update>,
        has_time: &(dyn Fn() -> bool + Sync),
    ) -> Vec<(usize, Result<VersionedMemory>)> {
        let gate = &Gate { has_time, is_unavailable: AtomicBool::new(false) };
        if self.idempotency.is_some() {
            return self.update_in_order(updates, gate).await;
        }
        let mut by_memory: BTreeMap<MemoryId, Vec<Update>> = BTreeMap::new();
        for update in updates {
            by_memory.entry(update.item.id.clone()).or_default().push(update);
        }
        let changes = by_memory.into_values().map(|updates| self.update_in_order(updates, gate));
        stream::iter(changes).buffer_unordered(CONCURRENCY).concat().await
    }

    async fn update_in_order(
        &self,
        updates: Vec<Update>,
        gate: &Gate<'_>,
    ) -> Vec<(usize, Result<VersionedMemory>)> {
        let mut results = Vec::with_capacity(updates.len());
        for update in updates {
            let result = match gate.check() {
                Ok(()) => self.update(&update).await,
                Err(error) => Err(error),
            };
            if matches!(result, Err(Error::Unavailable(_))) {
                // The gateway's time limit is near.
                gate.is_unavailable.store(true, Ordering::Relaxed);
            }
            results.push((update.position, result));
        }
        results
    }

    async fn update(&self, Update { position, item, version }: &Update) -> Result<VersionedMemory> {
        let edit = Edit::Patch(&item.patch);
        self.for_item(*position).edit(&item.id, edit, &item.conditions, version).await
    }
}

impl Gate<'_> {
    fn check(&self) -> Result<()> {
        if self.is_unavailable.load(Ordering::Relaxed) {
            return Err(Error::Unavailable("the database did not respond to an earlier change".into()));
        }
        if (self.has_time)() { Ok(()) } else { Err(Error::Unavailable("the request ran out of time".into())) }
    }
}
