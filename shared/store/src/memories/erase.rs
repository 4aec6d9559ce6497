//! Deleting many memories: those of a list of ids, or all that match a filter.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt};
use hb_domain::batch::{Erasure, Progress};
use hb_domain::cursor::Position;
use hb_domain::listing::{Order, Sort};
use hb_domain::{Error, MemoryId, Result, Timestamp};

use super::Memories;
use super::change::{Deleted, MAX_ATTEMPTS, VISIBLE_WITHOUT_KEY};
use super::stored_memory::{self, StoredMemory};
use super::walk::{Budget, Walk};
use crate::changes::Change;
use crate::item::millis;
use crate::storage_ledger::{Reservation, StorageLedger, StorageUsage};

/// How many deletions are in progress at the same time.
const CONCURRENCY: usize = 16;
/// A call that has deleted this many memories leaves the rest to the next call.
const MAX_DELETED: u64 = 500;
/// How many memories are examined before [`MAX_DELETED`] is checked again.
const PART: usize = 100;

/// The result of one call of an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// How many memories it has deleted.
    pub deleted: u64,
    /// Where the next call continues; `None` when nothing is left.
    pub next: Option<Progress>,
}

/// One of many deletions.
enum Deletion {
    /// Of the memory with this id, unless it has expired by then.
    Visible(MemoryId, Timestamp),
    /// Of a memory as it was read, by an erasure that began at this write sequence.
    Erased(Box<StoredMemory>, Arc<Erasure>, u64),
}

impl Memories<'_> {
    /// Deletes those of these memories that exist, and returns how many existed.
    ///
    /// # Errors
    /// The database's. Some memories are then deleted.
    pub async fn delete_all(&self, ids: &[MemoryId]) -> Result<u64> {
        let now = self.context.effective_at();
        let deletions = ids.iter().map(|id| Deletion::Visible(id.clone(), now)).collect();
        let (deleted, outcome) = self.remove_all(deletions).await;
        outcome.map(|()| deleted)
    }

    /// Deletes a bounded number of the memories that match the filter of `erasure` and were written before it began.
    /// Memories that are written meanwhile stay.
    ///
    /// # Errors
    /// The database's. Some memories are then deleted, and the call can be repeated.
    pub async fn erase(&self, erasure: &Erasure) -> Result<Erased> {
        let now = self.context.effective_at();
        let from = match &erasure.after {
            Some(progress) => progress.clone(),
            None => Progress { after: None, began: self.begin(now).await? },
        };
        let mut erased = Erased { deleted: 0, next: Some(from) };
        // Progress is reported even after a failure, and so is the start of the erasure, which must not be set anew.
        match self.erase_from(erasure, &mut erased).await {
            Err(error) if erasure.after.is_none() || erased.deleted > 0 => {
                tracing::warn!(tenant = %self.tenant, %error, "an erasure has stopped; the next call continues it");
            }
            other => other?,
        }
        Ok(erased)
    }

    async fn erase_from(&self, erasure: &Erasure, erased: &mut Erased) -> Result<()> {
        let Some(Progress { after, began }) = erased.next.clone() else { return Ok(()) };
        let after = after.map(|id| Position { id, sort_value: None });
        let shared = Arc::new(erasure.clone());
        let mut walk = Walk::new(self, Sort::CreatedAt, Order::Ascending, after.as_ref(), Budget::FILTERED)?;
        while let Some(batch) = walk.next().await? {
            for part in batch.chunks(PART) {
                let memories = part.iter().filter_map(|(_, memory)| memory.as_ref());
                let matching = memories.filter(|memory| is_erased(memory, erasure, began));
                let deletions = matching
                    .map(|memory| Deletion::Erased(Box::new(memory.clone()), Arc::clone(&shared), began));
                let (deleted, outcome) = self.remove_all(deletions.collect()).await;
                erased.deleted += deleted;
                outcome?;
                if let Some((position, _)) = part.last() {
                    erased.next = Some(Progress { after: Some(position.id.clone()), began });
                }
                if erased.deleted >= MAX_DELETED {
                    return Ok(());
                }
            }
        }
        if walk.at_end {
            erased.next = None;
            // An earlier call may have deleted memories and ended before it published that.
            self.note(|changes| changes.note(Change::DELETED));
        }
        Ok(())
    }

    /// Takes the next number of the tenant's write sequence.
    async fn begin(&self, now: Timestamp) -> Result<u64> {
        match StorageLedger::new(self.store, self.tenant).reserve(StorageUsage::default(), None, now).await? {
            Reservation::Granted(write_seq) => Ok(write_seq),
            Reservation::Exceeded(_) => Err(Error::Internal("an empty reservation was refused".into())),
        }
    }

    /// Deletes a memory unless it has expired.
    async fn delete_visible(&self, id: &MemoryId, now: Timestamp) -> Result<Deleted> {
        let deletion =
            self.deletion(id).condition(VISIBLE_WITHOUT_KEY).name("#key", "key").value(":now", millis(now));
        match self.remove(deletion).await? {
            Ok(deleted) => Ok(deleted),
            Err(found) => match self.remove_found(found, None, now).await {
                Err(Error::NotFound) => Ok(Deleted::default()),
                other => other,
            },
        }
    }

    /// Deletes a memory that was read as `found`, unless it has been changed and the erasure does not cover it any more.
    async fn erase_one(&self, mut found: StoredMemory, erasure: &Erasure, began: u64) -> Result<Deleted> {
        for _ in 0..MAX_ATTEMPTS {
            match self.remove_version(&found).await? {
                Ok(deleted) => return Ok(deleted),
                Err(None) => return Ok(Deleted::default()),
                Err(Some(changed)) => found = stored_memory::decode(&changed)?,
            }
            if !is_erased(&found, erasure, began) {
                return Ok(Deleted::default());
            }
        }
        Err(Error::Unavailable(format!("the memory {} was changed by others too often", found.memory.id)))
    }

    /// Carries these deletions out and releases the storage of the deleted memories. Returns how many there were, and the
    /// first failure, after which no further deletion is started.
    async fn remove_all(&self, deletions: Vec<Deletion>) -> (u64, Result<()>) {
        let has_failed = &AtomicBool::new(false);
        let deletions = deletions.into_iter().map(|deletion| async move {
            if has_failed.load(Ordering::Relaxed) {
                return Ok(Deleted::default());
            }
            let deleting = async {
                match deletion {
                    Deletion::Visible(id, now) => self.delete_visible(&id, now).await,
                    Deletion::Erased(found, erasure, began) => self.erase_one(*found, &erasure, began).await,
                }
            };
            deleting.await.inspect_err(|_| has_failed.store(true, Ordering::Relaxed))
        });
        let (mut released, mut first_seq, mut outcome) = (StorageUsage::default(), u64::MAX, Ok(()));
        let mut count = 0;
        let mut deletions = stream::iter(deletions).buffer_unordered(CONCURRENCY);
        while let Some(deletion) = deletions.next().await {
            match deletion {
                Ok(deleted) => {
                    released = released + deleted.storage;
                    count += u64::from(deleted.was_visible);
                    if deleted.storage.memories > 0 {
                        first_seq = first_seq.min(deleted.write_seq);
                    }
                }
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        StorageLedger::new(self.store, self.tenant).release(released, first_seq).await;
        (count, outcome)
    }
}

/// Whether `erasure` deletes this memory: the memory matches, and was written and got what the filter asks for before the
/// erasure began. A memory from before the introduction of write sequences has the number 0.
fn is_erased(stored: &StoredMemory, erasure: &Erasure, began: u64) -> bool {
    let StoredMemory { memory, write_seq, owner_since, .. } = stored;
    let filter = erasure.selection.filter();
    let is_asked = [
        filter.user_id.is_some(),
        filter.agent_id.is_some(),
        filter.session_id.is_some(),
        filter.namespace.is_some() || filter.namespace_prefix.is_some(),
    ];
    let is_later =
        |(is_asked, since): (bool, &Option<u64>)| is_asked && since.is_some_and(|since| since >= began);
    erasure.selection.matches(memory)
        && *write_seq < began
        && !is_asked.into_iter().zip(owner_since).any(is_later)
}
