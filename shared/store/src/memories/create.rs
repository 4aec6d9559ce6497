//! Creating memories, one or many: storage is reserved first, then the items are written, then the storage of those that
//! were not written is released.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt};
use hb_domain::error::Quota;
use hb_domain::memory_key::OnConflict;
use hb_domain::{Error, MemoryId, Result, ScopedKey, Timestamp};

use super::put::PutOutcome;
use super::stored_memory::StoredMemory;
use super::{Memories, VersionedMemory};
use crate::storage_ledger::{Reservation, StorageLedger, StorageUsage};
use crate::transaction::WriteError;

/// How many memories are written at the same time.
pub(super) const CONCURRENCY: usize = 16;
/// How often a reservation is repeated because other requests have released storage meanwhile.
const MAX_RESERVATIONS: usize = 10;

/// One of many new memories.
#[derive(Clone, Debug, PartialEq)]
pub struct NewItem {
    /// Its position in the request.
    pub position: usize,
    /// The memory.
    pub new: VersionedMemory,
}

/// What became of one memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// It was created.
    Created,
    /// It replaced the memory with this id, which holds its key.
    Replaced(MemoryId),
    /// The memory with this id, which has its id or holds its key, existed before and is unchanged.
    Existed(MemoryId),
    /// It was not created, or that is unknown.
    Failed(Error),
}

impl CreateOutcome {
    /// Why the memory was not created, if it was not.
    pub fn failure(self) -> Option<Error> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Created | Self::Replaced(_) | Self::Existed(_) => None,
        }
    }
}

impl Memories<'_> {
    /// Creates a memory without a key under an id that was minted for it.
    pub(super) async fn create_unkeyed(&self, new: VersionedMemory) -> Result<()> {
        match self.create_all_unkeyed(vec![new], false).await?.pop() {
            // An id has 67 random bits: an existing memory was created by an earlier attempt of this request.
            Some(CreateOutcome::Created | CreateOutcome::Replaced(_) | CreateOutcome::Existed(_)) => Ok(()),
            Some(CreateOutcome::Failed(error)) => Err(error),
            None => Err(no_outcome()),
        }
    }

    /// Creates memories in their order, as many as the quota has room for.
    /// `ids_may_exist` is for ids that the client has chosen: some of them may exist already. Ids must be distinct; of equal keys
    /// the first comes first.
    ///
    /// # Errors
    /// The database's, when nothing could be reserved. Failures of single memories are in their outcomes.
    pub async fn create_all(
        &self,
        items: Vec<NewItem>,
        on_conflict: OnConflict,
        ids_may_exist: bool,
    ) -> Result<Vec<CreateOutcome>> {
        let has_keys = items.iter().any(|item| item.new.memory.key.is_some());
        if !has_keys || self.has_room_for(items.len()).await? {
            return self.create_together(items, on_conflict, ids_may_exist).await;
        }
        // Memories with keys are created several at a time, and the first ones are to get the places that are left.
        let mut outcomes = Vec::with_capacity(items.len());
        for item in items {
            if matches!(outcomes.last(), Some(CreateOutcome::Failed(Error::Unavailable(_)))) {
                let error = "the database did not respond to an earlier write";
                outcomes.push(CreateOutcome::Failed(Error::Unavailable(error.into())));
            } else {
                outcomes.extend(self.create_together(vec![item], on_conflict, ids_may_exist).await?);
            }
        }
        Ok(outcomes)
    }

    /// Whether the quota has room for so many more memories, unless others take it.
    async fn has_room_for(&self, count: usize) -> Result<bool> {
        let Some(limit) = self.context.memory_limit() else { return Ok(true) };
        let stored = StorageLedger::new(self.store, self.tenant).get().await?.memories;
        Ok(stored + count as u64 <= limit)
    }

    /// Creates memories, as [`create_all`](Self::create_all), several at a time: those with a key in any order.
    async fn create_together(
        &self,
        items: Vec<NewItem>,
        on_conflict: OnConflict,
        ids_may_exist: bool,
    ) -> Result<Vec<CreateOutcome>> {
        let mut outcomes: Vec<Option<CreateOutcome>> = vec![None; items.len()];
        let (mut unkeyed, mut indices, mut keyed) = (Vec::new(), Vec::new(), Vec::new());
        for (index, item) in items.into_iter().enumerate() {
            if let Some(key) = ScopedKey::of(&item.new.memory) {
                keyed.push((index, key, item));
            } else {
                indices.push(index);
                unkeyed.push(item.new);
            }
        }
        let created = self.create_all_unkeyed(unkeyed, ids_may_exist).await?;
        let placed = self.place_all(keyed, on_conflict, ids_may_exist).await;
        for (index, outcome) in indices.into_iter().zip(created).chain(placed) {
            outcomes[index] = Some(outcome);
        }
        let outcome = |outcome: Option<_>| outcome.unwrap_or_else(|| CreateOutcome::Failed(no_outcome()));
        Ok(outcomes.into_iter().map(outcome).collect())
    }

    /// Creates memories without a key, as [`create_all`](Self::create_all).
    async fn create_all_unkeyed(
        &self,
        new: Vec<VersionedMemory>,
        ids_may_exist: bool,
    ) -> Result<Vec<CreateOutcome>> {
        let (limit, now) = (self.context.memory_limit(), self.context.effective_at());
        let ledger = StorageLedger::new(self.store, self.tenant);
        let mut outcomes: Vec<Option<CreateOutcome>> = vec![None; new.len()];
        let mut stored: Vec<(usize, StoredMemory)> = new
            .into_iter()
            .map(|new| StoredMemory {
                memory: new.memory,
                version: new.version,
                write_seq: 0,
                owner_since: Default::default(),
                is_replacement: false,
            })
            .enumerate()
            .collect();
        // For what an earlier attempt of the request has written, storage is reserved already.
        let mut may_exist = ids_may_exist;
        if self.is_resumed() {
            // They have the time of the first attempt, and so has `now`.
            self.note(|changes| {
                stored.iter().for_each(|(_, stored)| changes.note_backdated(stored.memory.updated_at));
            });
            self.skip_existing(&mut stored, &mut outcomes, now).await?;
            may_exist = false;
        }
        let mut attempts = 0;
        let write_seq = loop {
            attempts += 1;
            let storage: StorageUsage = stored.iter().map(|(_, stored)| stored.storage()).sum();
            if stored.is_empty() {
                break 0;
            }
            match ledger.reserve(storage, limit, now).await? {
                Reservation::Granted(write_seq) => break write_seq,
                // Memories that exist already need no reservation.
                Reservation::Exceeded(_) if std::mem::take(&mut may_exist) => {
                    self.skip_existing(&mut stored, &mut outcomes, now).await?;
                }
                // Another request has released storage since.
                Reservation::Exceeded(room) if room >= storage.memories && attempts < MAX_RESERVATIONS => {}
                Reservation::Exceeded(room) => {
                    let room = usize::try_from(room).unwrap_or(usize::MAX).min(stored.len() - 1);
                    for (index, _) in stored.split_off(room) {
                        let error = Error::QuotaExhausted(Quota::Memories(limit.unwrap_or(0)));
                        outcomes[index] = Some(CreateOutcome::Failed(error));
                    }
                }
            }
        };
        // After a write without a response, no further write is started: the gateway's time limit is near.
        let is_unavailable = &AtomicBool::new(false);
        let puts = stored.into_iter().map(|(index, stored)| async move {
            let stored = StoredMemory { write_seq, ..stored };
            let id = stored.memory.id.clone();
            let put = if is_unavailable.load(Ordering::Relaxed) {
                let error = Error::Unavailable("the database did not respond to an earlier write".into());
                Err(WriteError { error, maybe_done: false })
            } else {
                self.put_new(&stored, now).await
            };
            if put.as_ref().is_err_and(|failure| failure.maybe_done) {
                is_unavailable.store(true, Ordering::Relaxed);
            }
            (index, id, stored.storage(), stored.memory.updated_at, put)
        });
        let mut unused = StorageUsage::default();
        let mut puts = stream::iter(puts).buffer_unordered(CONCURRENCY);
        while let Some((index, id, storage, mut updated_at, put)) = puts.next().await {
            let (outcome, is_used) = match put {
                Ok((PutOutcome::Written, replaced)) => {
                    unused = unused + replaced.map_or_else(StorageUsage::default, |old| old.storage());
                    (CreateOutcome::Created, true)
                }
                Ok((PutOutcome::AlreadyWritten | PutOutcome::ConditionFailed, existing)) => {
                    let existing = existing.map(|existing| existing.memory.updated_at);
                    updated_at = existing.unwrap_or(updated_at);
                    (CreateOutcome::Existed(id), false)
                }
                // The counted storage may be too high, never too low.
                Err(WriteError { error, maybe_done }) => (CreateOutcome::Failed(error), maybe_done),
            };
            if is_used || matches!(outcome, CreateOutcome::Existed(_)) {
                self.note(|changes| changes.note_written(updated_at, now));
            }
            if !is_used {
                unused = unused + storage;
            }
            outcomes[index] = Some(outcome);
        }
        ledger.release(unused, write_seq).await;
        let outcome = |outcome: Option<_>| outcome.unwrap_or_else(|| CreateOutcome::Failed(no_outcome()));
        Ok(outcomes.into_iter().map(outcome).collect())
    }

    /// Removes from `stored` what exists already, and sets its outcome.
    async fn skip_existing(
        &self,
        stored: &mut Vec<(usize, StoredMemory)>,
        outcomes: &mut [Option<CreateOutcome>],
        now: Timestamp,
    ) -> Result<()> {
        let ids: BTreeSet<&MemoryId> = stored.iter().map(|(_, stored)| &stored.memory.id).collect();
        let existing = self.fetch(ids).await?;
        stored.retain(|(index, stored)| {
            let existing = existing.get(&stored.memory.id).filter(|memory| memory.is_visible(now));
            if let Some(memory) = existing {
                outcomes[*index] = Some(CreateOutcome::Existed(memory.id.clone()));
                self.note(|changes| changes.note_written(memory.updated_at, now));
            }
            existing.is_none()
        });
        Ok(())
    }
}

/// The error of a memory that was neither created nor refused, which is a bug.
fn no_outcome() -> Error {
    Error::Internal("a memory was neither created nor refused".into())
}
