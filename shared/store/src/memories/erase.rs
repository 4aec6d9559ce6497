//! Deleting many memories: those of a list of ids, or all of an end user.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use futures_util::stream::{self, StreamExt};
use hb_domain::batch::{Erasure, Progress};
use hb_domain::cursor::Position;
use hb_domain::listing::{Filter, Order, Sort};
use hb_domain::{Error, MemoryId, Result, Timestamp};

use super::Memories;
use super::change::Freed;
use super::stored_memory::OWNERS;
use super::walk::{Budget, Walk};
use crate::changes::Change;
use crate::item::{millis, number, text};
use crate::storage_ledger::{Reservation, StorageLedger, StorageUsage};

/// How many memories are deleted at a time.
const AT_ONCE: usize = 16;
/// From how many on one call leaves the rest to the next.
const MAX_DELETED: u64 = 500;
/// How many memories are looked at between two looks at that number.
const PART: usize = 100;

/// What one call of an erasure came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// How many memories it has deleted.
    pub deleted: u64,
    /// Where the next call goes on; `None` when nothing is left.
    pub next: Option<Progress>,
}

impl Memories<'_> {
    /// Deletes those of these memories that are there; gives how many were.
    ///
    /// # Errors
    /// The database's; some are then deleted.
    pub async fn delete_all(&self, ids: &[MemoryId]) -> Result<u64> {
        let now = self.context.effective_at();
        let deletions = ids.iter().map(|id| {
            self.deletion(id)
                .condition_expression(
                    "attribute_exists(id) AND (attribute_not_exists(expiresAt) OR expiresAt > :now)",
                )
                .expression_attribute_values(":now", millis(now))
        });
        let (deleted, outcome) = self.remove_all(deletions.collect()).await;
        outcome.map(|()| deleted)
    }

    /// Deletes a part of what `erasure` is about: memories that match, and that were written before it began.
    /// What is written to the owner meanwhile stays.
    ///
    /// # Errors
    /// The database's; some are then deleted, and the same call can be made again.
    pub async fn erase(&self, erasure: &Erasure) -> Result<Erased> {
        let now = self.context.effective_at();
        let from = match &erasure.after {
            Some(progress) => progress.clone(),
            None => Progress { after: None, began: self.begin(now).await? },
        };
        let mut erased = Erased { deleted: 0, next: Some(from) };
        // What was done is told, and a beginning that was taken is not taken again, whatever failed behind it.
        match self.erase_on(erasure, &mut erased).await {
            Err(error) if erasure.after.is_none() || erased.deleted > 0 => {
                tracing::warn!(tenant = %self.tenant, %error, "an erasure has stopped; the next call goes on");
            }
            other => other?,
        }
        Ok(erased)
    }

    async fn erase_on(&self, erasure: &Erasure, erased: &mut Erased) -> Result<()> {
        let Some(Progress { after, began }) = erased.next.clone() else { return Ok(()) };
        let after = after.map(|id| Position { id, sort_value: None });
        let mut walk = Walk::new(self, Sort::CreatedAt, Order::Ascending, after.as_ref(), Budget::FILTERED)?;
        while let Some(batch) = walk.next().await? {
            for part in batch.chunks(PART) {
                let memories = part.iter().filter_map(|(_, memory)| memory.as_ref());
                let doomed = memories.filter(|memory| erasure.filter.matches(memory));
                let deletions = doomed.map(|memory| self.condition(&memory.id, &erasure.filter, began));
                let (gone, outcome) = self.remove_all(deletions.collect()).await;
                erased.deleted += gone;
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
            // A call before this one may have deleted them, and died before it could say so.
            self.note(|changes| changes.note(Change::DELETED));
        }
        Ok(())
    }

    /// Takes a place in the order of the tenant's writes.
    async fn begin(&self, now: Timestamp) -> Result<u64> {
        match StorageLedger::new(self.store, self.tenant).reserve(StorageUsage::default(), None, now).await? {
            Reservation::Granted(index) => Ok(index),
            Reservation::Exceeded(_) => Err(Error::Internal("no place in the order of writes".into())),
        }
    }

    /// The deletion of a memory as long as it is the owner's, and was before the erasure began.
    fn condition(&self, id: &MemoryId, filter: &Filter, began: u64) -> DeleteItemFluentBuilder {
        // What is older than numbering has none.
        let mut condition =
            "attribute_exists(id) AND (attribute_not_exists(writeSeq) OR writeSeq < :began)".to_owned();
        let mut deletion = self.deletion(id).expression_attribute_values(":began", number(began));
        let owners = [&filter.user_id, &filter.agent_id, &filter.session_id];
        for ((name, since), owner) in OWNERS.into_iter().zip(owners) {
            if let Some(owner) = owner {
                condition.push_str(&format!(
                    " AND {name} = :{name} AND (attribute_not_exists({since}) OR {since} < :began)"
                ));
                deletion = deletion.expression_attribute_values(format!(":{name}"), text(owner));
            }
        }
        deletion.condition_expression(condition)
    }

    /// Makes these deletions and gives back the places that they free; gives how many memories are gone, and
    /// the first failure, after which none is begun.
    async fn remove_all(&self, deletions: Vec<DeleteItemFluentBuilder>) -> (u64, Result<()>) {
        let is_down = &AtomicBool::new(false);
        let expired_memories = deletions.into_iter().map(|deletion| async move {
            if is_down.load(Ordering::Relaxed) {
                return Ok(Freed::default());
            }
            match self.remove(deletion).await {
                Ok(removed) => Ok(removed.unwrap_or_default()),
                Err(error) => {
                    is_down.store(true, Ordering::Relaxed);
                    Err(error)
                }
            }
        });
        let (mut freed, mut first, mut outcome) = (StorageUsage::default(), u64::MAX, Ok(()));
        let mut expired_memories = stream::iter(expired_memories).buffer_unordered(AT_ONCE);
        while let Some(removal) = expired_memories.next().await {
            match removal {
                Ok(gone) => {
                    freed = freed + gone.amount;
                    if gone.amount.memories > 0 {
                        first = first.min(gone.write_seq);
                    }
                }
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        StorageLedger::new(self.store, self.tenant).release(freed, first).await;
        (freed.memories, outcome)
    }
}
