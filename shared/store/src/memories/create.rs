//! Keeping new memories, one or many: places first, then the items, then back what did not land.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt};
use hb_domain::error::Quota;
use hb_domain::{Error, MemoryId, Result, Timestamp};

use super::put::{Failure, PutOutcome};
use super::stored_memory::StoredMemory;
use super::{Memories, VersionedMemory};
use crate::storage_ledger::{Reservation, StorageLedger, StorageUsage};

/// How many memories are written at a time.
const AT_ONCE: usize = 16;
/// How often places are asked for that others are giving back meanwhile.
const TRIES: usize = 10;

/// What became of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// It is kept.
    Created,
    /// A memory of its id was there before and is as it was.
    AlreadyExisted,
    /// It is not kept, or nobody knows.
    Failed(Error),
}

impl CreateOutcome {
    /// Why it was not stored, if it was not.
    pub fn failure(self) -> Option<Error> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Created | Self::AlreadyExisted => None,
        }
    }
}

impl Memories<'_> {
    /// Keeps a new memory under an id that was made for it.
    ///
    /// # Errors
    /// [`Error::QuotaExhausted`] when that many are kept; the database's.
    pub async fn create(&self, new: VersionedMemory) -> Result<()> {
        match self.create_all(vec![new], false).await?.pop() {
            // An id has 67 random bits: whatever has it was made by this very request, carried on.
            Some(CreateOutcome::Created | CreateOutcome::AlreadyExisted) => Ok(()),
            Some(CreateOutcome::Failed(error)) => Err(error),
            None => Err(Error::Internal("a memory was neither kept nor refused".into())),
        }
    }

    /// Keeps new memories, as many as the limit has room for, in their order. `foreign` says that their ids
    /// come from elsewhere, so that some may be there already. Ids have to be distinct.
    ///
    /// # Errors
    /// When no place could be taken, the database's; what becomes of single memories is told one by one.
    pub async fn create_all(&self, new: Vec<VersionedMemory>, foreign: bool) -> Result<Vec<CreateOutcome>> {
        let (limit, now) = (self.context.memory_limit(), self.context.effective_at());
        let counts = StorageLedger::new(self.store, self.tenant);
        let mut outcomes: Vec<Option<CreateOutcome>> = vec![None; new.len()];
        let mut stored: Vec<(usize, StoredMemory)> = new
            .into_iter()
            .map(|new| StoredMemory {
                memory: new.memory,
                version: new.version,
                write_seq: 0,
                moved: [None; 3],
            })
            .enumerate()
            .collect();
        // What a request before this one has written under the claim has its place already.
        let mut may_exist = foreign;
        if self.is_resumed() {
            // They have the times of the first request, and `now` is its time too.
            self.note(|changes| {
                stored.iter().for_each(|(_, stored)| changes.note_backdated(stored.memory.updated_at));
            });
            self.set_existing_aside(&mut stored, &mut outcomes, now).await?;
            may_exist = false;
        }
        let mut tries = 0;
        let write_seq = loop {
            tries += 1;
            let amount: StorageUsage = stored.iter().map(|(_, stored)| stored.amount()).sum();
            if stored.is_empty() {
                break 0;
            }
            match counts.reserve(amount, limit, now).await? {
                Reservation::Granted(write_seq) => break write_seq,
                // Those that are there already need none.
                Reservation::Exceeded(_) if std::mem::take(&mut may_exist) => {
                    self.set_existing_aside(&mut stored, &mut outcomes, now).await?;
                }
                // Somebody has made room in between.
                Reservation::Exceeded(room) if room >= amount.memories && tries < TRIES => {}
                Reservation::Exceeded(room) => {
                    let room = usize::try_from(room).unwrap_or(usize::MAX).min(stored.len() - 1);
                    for (index, _) in stored.split_off(room) {
                        let error = Error::QuotaExhausted(Quota::Memories(limit.unwrap_or(0)));
                        outcomes[index] = Some(CreateOutcome::Failed(error));
                    }
                }
            }
        };
        // Once one could not be written in time, the others are not begun: the caller waits at a gateway.
        let is_down = &AtomicBool::new(false);
        let puts = stored.into_iter().map(|(index, stored)| async move {
            let stored = StoredMemory { write_seq, ..stored };
            let put = if is_down.load(Ordering::Relaxed) {
                let error = Error::Unavailable("the database could not be reached a moment ago".into());
                Err(Failure { error, maybe_done: false })
            } else {
                self.put_new(&stored, now).await
            };
            if put.as_ref().is_err_and(|failure| failure.maybe_done) {
                is_down.store(true, Ordering::Relaxed);
            }
            (index, stored.amount(), stored.memory.updated_at, put)
        });
        let mut unused = StorageUsage::default();
        let mut puts = stream::iter(puts).buffer_unordered(AT_ONCE);
        while let Some((index, amount, mut updated_at, put)) = puts.next().await {
            let (outcome, taken) = match put {
                Ok((PutOutcome::Written, replaced)) => {
                    unused = unused + replaced.map_or_else(StorageUsage::default, |old| old.amount());
                    (CreateOutcome::Created, true)
                }
                Ok((PutOutcome::AlreadyWritten | PutOutcome::ConditionFailed, existing)) => {
                    let existing = existing.map(|existing| existing.memory.updated_at);
                    updated_at = existing.unwrap_or(updated_at);
                    (CreateOutcome::AlreadyExisted, false)
                }
                // Rather a place too many than one too few.
                Err(Failure { error, maybe_done }) => (CreateOutcome::Failed(error), maybe_done),
            };
            if taken || outcome == CreateOutcome::AlreadyExisted {
                self.note(|changes| changes.note_written(updated_at, now));
            }
            if !taken {
                unused = unused + amount;
            }
            outcomes[index] = Some(outcome);
        }
        counts.release(unused, write_seq).await;
        let unknown =
            || CreateOutcome::Failed(Error::Internal("a memory was neither kept nor refused".into()));
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unknown)).collect())
    }

    async fn set_existing_aside(
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
                outcomes[*index] = Some(CreateOutcome::AlreadyExisted);
                self.note(|changes| changes.note_written(memory.updated_at, now));
            }
            existing.is_none()
        });
        Ok(())
    }
}
