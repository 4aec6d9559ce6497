//! Keeping new memories, one or many: places first, then the items, then back what did not land.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt};
use hb_domain::error::Quota;
use hb_domain::{Error, Memory, MemoryId, Result, Timestamp};

use super::Memories;
use super::put::{Failure, Written};
use super::row::Record;
use crate::counts::{Amount, Counts, Reserved};

/// How many memories are written at a time.
const AT_ONCE: usize = 16;
/// How often places are asked for that others are giving back meanwhile.
const TRIES: usize = 10;

/// A memory to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRecord {
    /// The memory.
    pub memory: Memory,
    /// The name of its first version.
    pub version: String,
}

/// What became of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landed {
    /// It is kept.
    Created,
    /// A memory of its id was there before and is as it was.
    Existed,
    /// It is not kept, or nobody knows.
    Failed(Error),
}

impl Memories<'_> {
    /// Keeps a new memory under an id that was made for it. `limit` is how many the tenant may have.
    ///
    /// # Errors
    /// [`Error::QuotaExhausted`] when that many are kept; the database's.
    pub async fn create(&self, new: NewRecord, limit: Option<u64>, now: Timestamp) -> Result<()> {
        match self.create_all(vec![new], false, limit, now).await?.pop() {
            // An id has 67 random bits: whatever has it was made by this very request, carried on.
            Some(Landed::Created | Landed::Existed) => Ok(()),
            Some(Landed::Failed(error)) => Err(error),
            None => Err(Error::Internal("a memory was neither kept nor refused".into())),
        }
    }

    /// Keeps new memories, as many as the limit has room for, in their order. `foreign` says that their ids
    /// come from elsewhere, so that some may be there already. Ids have to be distinct.
    ///
    /// # Errors
    /// When no place could be taken, the database's; what becomes of single memories is told one by one.
    pub async fn create_all(
        &self,
        new: Vec<NewRecord>,
        foreign: bool,
        limit: Option<u64>,
        now: Timestamp,
    ) -> Result<Vec<Landed>> {
        let counts = Counts::new(self.store, self.tenant);
        let mut landed: Vec<Option<Landed>> = vec![None; new.len()];
        let mut records: Vec<(usize, Record)> = new
            .into_iter()
            .map(|new| Record { memory: new.memory, version: new.version, seq: 0, moved: [None; 3] })
            .enumerate()
            .collect();
        // What a request before this one has written under the claim has its place already.
        let mut may_exist = foreign;
        if self.is_resumed() {
            // They have the times of the first request, and `now` is its time too.
            self.note(|changes| {
                records.iter().for_each(|(_, record)| changes.note_late(record.memory.updated_at));
            });
            self.set_existing_aside(&mut records, &mut landed, now).await?;
            may_exist = false;
        }
        let mut tries = 0;
        let seq = loop {
            tries += 1;
            let amount: Amount = records.iter().map(|(_, record)| record.amount()).sum();
            if records.is_empty() {
                break 0;
            }
            match counts.reserve(amount, limit, now).await? {
                Reserved::At(seq) => break seq,
                // Those that are there already need none.
                Reserved::Room(_) if std::mem::take(&mut may_exist) => {
                    self.set_existing_aside(&mut records, &mut landed, now).await?;
                }
                // Somebody has made room in between.
                Reserved::Room(room) if room >= amount.memories && tries < TRIES => {}
                Reserved::Room(room) => {
                    let room = usize::try_from(room).unwrap_or(usize::MAX).min(records.len() - 1);
                    for (place, _) in records.split_off(room) {
                        let error = Error::QuotaExhausted(Quota::Memories(limit.unwrap_or(0)));
                        landed[place] = Some(Landed::Failed(error));
                    }
                }
            }
        };
        // Once one could not be written in time, the others are not begun: the caller waits at a gateway.
        let is_down = &AtomicBool::new(false);
        let puts = records.into_iter().map(|(place, record)| async move {
            let record = Record { seq, ..record };
            let put = if is_down.load(Ordering::Relaxed) {
                let error = Error::Unavailable("the database could not be reached a moment ago".into());
                Err(Failure { error, maybe_done: false })
            } else {
                self.put_new(&record, now).await
            };
            if put.as_ref().is_err_and(|failure| failure.maybe_done) {
                is_down.store(true, Ordering::Relaxed);
            }
            (place, record.amount(), record.memory.updated_at, put)
        });
        let mut unused = Amount::default();
        let mut puts = stream::iter(puts).buffer_unordered(AT_ONCE);
        while let Some((place, amount, mut updated_at, put)) = puts.next().await {
            let (outcome, taken) = match put {
                Ok((Written::Now, replaced)) => {
                    unused = unused + replaced.map_or_else(Amount::default, |old| old.amount());
                    (Landed::Created, true)
                }
                Ok((Written::Before | Written::Refused, existing)) => {
                    let existing = existing.map(|existing| existing.memory.updated_at);
                    updated_at = existing.unwrap_or(updated_at);
                    (Landed::Existed, false)
                }
                // Rather a place too many than one too few.
                Err(Failure { error, maybe_done }) => (Landed::Failed(error), maybe_done),
            };
            if taken || outcome == Landed::Existed {
                self.note(|changes| changes.note_written(updated_at, now));
            }
            if !taken {
                unused = unused + amount;
            }
            landed[place] = Some(outcome);
        }
        counts.release(unused, seq).await;
        let unknown = || Landed::Failed(Error::Internal("a memory was neither kept nor refused".into()));
        Ok(landed.into_iter().map(|outcome| outcome.unwrap_or_else(unknown)).collect())
    }

    async fn set_existing_aside(
        &self,
        records: &mut Vec<(usize, Record)>,
        landed: &mut [Option<Landed>],
        now: Timestamp,
    ) -> Result<()> {
        let ids: BTreeSet<&MemoryId> = records.iter().map(|(_, record)| &record.memory.id).collect();
        let existing = self.fetch(ids).await?;
        records.retain(|(place, record)| {
            let existing = existing.get(&record.memory.id).filter(|memory| memory.is_visible(now));
            if let Some(memory) = existing {
                landed[*place] = Some(Landed::Existed);
                self.note(|changes| changes.note_written(memory.updated_at, now));
            }
            existing.is_none()
        });
        Ok(())
    }
}
