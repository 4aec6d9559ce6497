//! Deleting many memories: those of a list of ids, or all of an end user.

use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hb_domain::batch::{Erasure, Progress};
use hb_domain::cursor::Position;
use hb_domain::listing::{Filter, Order, Sort};
use hb_domain::{MemoryId, Result, Timestamp};

use super::Memories;
use super::walk::{Budget, Walk};
use crate::counts::{Amount, Counts, Reserved};
use crate::item::{millis, number, text};

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
    pub async fn delete_all(&self, ids: &[MemoryId], now: Timestamp) -> Result<u64> {
        let deletions = ids.iter().map(|id| {
            self.deletion(id)
                .condition_expression(
                    "attribute_exists(id) AND (attribute_not_exists(expiresAt) OR expiresAt > :now)",
                )
                .expression_attribute_values(":now", millis(now))
        });
        self.remove_all(deletions.collect()).await
    }

    /// Deletes a part of what `erasure` is about: memories that match, and that were written before it began.
    /// What is written to the owner meanwhile stays.
    ///
    /// # Errors
    /// The database's; some are then deleted, and the same call can be made again.
    pub async fn erase(&self, erasure: &Erasure, now: Timestamp) -> Result<Erased> {
        let (after, began) = match &erasure.after {
            Some(progress) => (Some(&progress.id), progress.began),
            None => (None, self.begin(now).await?),
        };
        let after = after.map(|id| Position { id: id.clone(), sort_value: None });
        let mut walk = Walk::new(self, Sort::CreatedAt, Order::Ascending, after.as_ref(), Budget::FILTERED)?;
        let (mut deleted, mut last) = (0, None);
        while let Some(batch) = walk.next().await? {
            for part in batch.chunks(PART) {
                let memories = part.iter().filter_map(|(_, memory)| memory.as_ref());
                let doomed = memories.filter(|memory| erasure.filter.matches(memory));
                let deletions = doomed.map(|memory| self.condition(&memory.id, &erasure.filter, began));
                deleted += self.remove_all(deletions.collect()).await?;
                last = part.last().map(|(position, _)| position.id.clone()).or(last);
                if deleted >= MAX_DELETED {
                    return Ok(Erased { deleted, next: last.map(|id| Progress { id, began }) });
                }
            }
        }
        let next = if walk.at_end { None } else { last.map(|id| Progress { id, began }) };
        Ok(Erased { deleted, next })
    }

    /// Takes a place in the order of the tenant's writes.
    async fn begin(&self, now: Timestamp) -> Result<u64> {
        match Counts::new(self.store, self.tenant).reserve(Amount::default(), None, now).await? {
            Reserved::At(place) => Ok(place),
            Reserved::Room(_) => Ok(0),
        }
    }

    /// The deletion of a memory as long as it is the owner's, and was before the erasure began.
    fn condition(&self, id: &MemoryId, filter: &Filter, began: u64) -> DeleteItemFluentBuilder {
        let mut condition = "attribute_exists(id) AND seq < :began".to_owned();
        let mut deletion = self.deletion(id).expression_attribute_values(":began", number(began));
        for (name, owner) in
            [("userId", &filter.user_id), ("agentId", &filter.agent_id), ("sessionId", &filter.session_id)]
        {
            if let Some(owner) = owner {
                condition.push_str(&format!(" AND {name} = :{name}"));
                deletion = deletion.expression_attribute_values(format!(":{name}"), text(owner));
            }
        }
        deletion.condition_expression(condition)
    }

    /// Makes these deletions, gives back the places that they free, and counts them.
    async fn remove_all(&self, deletions: Vec<DeleteItemFluentBuilder>) -> Result<u64> {
        let mut freed = Amount::default();
        let mut removals = stream::iter(deletions.into_iter().map(|deletion| self.remove(deletion)))
            .buffer_unordered(AT_ONCE);
        let outcome = loop {
            match removals.try_next().await {
                Ok(Some(Ok(gone))) => freed = freed + gone,
                Ok(Some(Err(_))) => {}
                Ok(None) => break Ok(freed.memories),
                Err(error) => break Err(error),
            }
        };
        // What was deleted before one of them failed has to be counted; those under way are seen to their end.
        while let Some(removal) = removals.next().await {
            if let Ok(Ok(gone)) = removal {
                freed = freed + gone;
            }
        }
        Counts::new(self.store, self.tenant).release(freed).await;
        outcome
    }
}
