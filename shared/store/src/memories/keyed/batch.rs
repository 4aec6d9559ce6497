//! Placing many memories with keys.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt};
use hb_domain::memory_key::OnConflict;
use hb_domain::precondition::Preconditions;
use hb_domain::{Error, ScopedKey};

use super::super::Memories;
use super::super::create::{CONCURRENCY, CreateOutcome, NewItem};
use super::{NewKeyed, Placed, Placement};

impl Memories<'_> {
    /// Places memories with keys; the outcomes come with the given indices. Those of equal keys are placed in their order, others
    /// at the same time.
    pub(in super::super) async fn place_all(
        &self,
        items: Vec<(usize, ScopedKey, NewItem)>,
        on_conflict: OnConflict,
        ids_may_exist: bool,
    ) -> Vec<(usize, CreateOutcome)> {
        // Every memory under an idempotency key is marked in the same record, which takes one transaction at a time.
        let is_marked = self.idempotency.is_some() && on_conflict == OnConflict::Replace;
        let concurrency = if is_marked { 1 } else { CONCURRENCY };
        let mut same: BTreeMap<ScopedKey, Vec<(usize, NewKeyed)>> = BTreeMap::new();
        for (index, key, NewItem { position, new }) in items {
            let new = NewKeyed {
                key: key.clone(),
                new,
                on_conflict,
                conditions: Preconditions::default(),
                id_may_exist: ids_may_exist,
                position: Some(position),
            };
            same.entry(key).or_default().push((index, new));
        }
        // After a write without a response, no further write is started: the gateway's time limit is near.
        let is_unavailable = &AtomicBool::new(false);
        let placing = same.into_values().map(|items| async move {
            let mut outcomes = Vec::with_capacity(items.len());
            for (index, new) in items {
                let outcome = if is_unavailable.load(Ordering::Relaxed) {
                    let error = "the database did not respond to an earlier write";
                    CreateOutcome::Failed(Error::Unavailable(error.into()))
                } else {
                    self.place(&new).await.map_or_else(CreateOutcome::Failed, outcome)
                };
                if matches!(outcome, CreateOutcome::Failed(Error::Unavailable(_))) {
                    is_unavailable.store(true, Ordering::Relaxed);
                }
                outcomes.push((index, outcome));
            }
            outcomes
        });
        stream::iter(placing).buffer_unordered(concurrency).concat().await
    }
}

fn outcome(Placed { placement, memory }: Placed) -> CreateOutcome {
    match placement {
        Placement::Created => CreateOutcome::Created,
        Placement::Replaced => CreateOutcome::Replaced(memory.memory.id),
        Placement::Existed => CreateOutcome::Existed(memory.memory.id),
    }
}
