//! Writing the item of one memory, on a condition.

use hb_domain::{Error, Timestamp};

use super::stored_memory::StoredMemory;
use super::{Memories, stored_memory};
use crate::backoff::Backoff;
use crate::item::{Attributes, millis, text};
use crate::tables::Table;
use crate::transaction::{ConditionFailed, Transaction, WriteError, Written};
use crate::write::Write;

/// How the write of a memory ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PutOutcome {
    /// This call has written it.
    Written,
    /// An earlier attempt of the request has written it.
    AlreadyWritten,
    /// The condition does not hold.
    ConditionFailed,
}

/// The parts of a transaction that writes or deletes a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The memory.
    Memory,
    /// The row of its key.
    Key,
    /// The row of the key that it had before.
    FormerKey,
    /// An expired memory that had the key.
    Expired,
    /// The mark that the change was applied.
    IdempotencyRecord,
}

impl Memories<'_> {
    /// Writes a new memory, on the condition that no visible memory has its id. Returns besides the memory that had the id,
    /// if there was one: an expired one, which was replaced and whose storage is to be released, or the visible one.
    pub(super) async fn put_new(
        &self,
        stored: &StoredMemory,
        now: Timestamp,
    ) -> Result<(PutOutcome, Option<StoredMemory>), WriteError> {
        let put = self
            .put(stored)
            .condition("attribute_not_exists(id) OR expiresAt <= :now")
            .value(":now", millis(now))
            .returning_old();
        let put = Transaction::new(Part::Memory, put);
        Ok(match put.run(self.store, &mut Backoff::memory()).await? {
            Ok(Written::Now(replaced)) => (PutOutcome::Written, valid(replaced.as_ref())),
            Ok(Written::Earlier(found)) => (PutOutcome::AlreadyWritten, valid(Some(&found))),
            Err(failed) => (PutOutcome::ConditionFailed, valid(failed.found.as_ref())),
        })
    }

    /// Replaces the version `seen` of a memory by `stored`, together with the writes in `also`. Under an idempotency record, one
    /// of them is the mark that the change was applied: a later attempt must not apply it to what others have made of the memory
    /// since.
    pub(super) async fn put_over(
        &self,
        stored: &StoredMemory,
        seen: &str,
        also: Vec<(Part, Write)>,
    ) -> Result<PutOutcome, WriteError> {
        let put = self
            .put(stored)
            .condition("#version = :seen")
            .name("#version", "version")
            .value(":seen", text(seen));
        let mut backoff = if also.is_empty() { Backoff::memory() } else { Backoff::transaction() };
        let put = also
            .into_iter()
            .fold(Transaction::new(Part::Memory, put), |put, (part, write)| put.and(part, write));
        match put.run(self.store, &mut backoff).await? {
            Ok(Written::Now(_)) => Ok(PutOutcome::Written),
            Ok(Written::Earlier(_)) => Ok(PutOutcome::AlreadyWritten),
            Err(ConditionFailed { part: Part::IdempotencyRecord, .. }) => {
                let error = Error::Unavailable("another request took over the idempotency record".into());
                Err(WriteError { error, maybe_done: true })
            }
            Err(ConditionFailed { .. }) => Ok(PutOutcome::ConditionFailed),
        }
    }

    /// The write of a memory's item, without a condition. No other write sets its version.
    pub(super) fn put(&self, stored: &StoredMemory) -> Write {
        let mut item = stored_memory::encode(self.tenant, stored);
        // For the event of the change.
        if let Some(request) = self.context.request_id() {
            item.insert("requestId".into(), text(request));
        }
        Write::put(Table::Memories, item).identified_by("version", text(&stored.version)).sent_once()
    }
}

/// The memory of an item, unless the item is corrupt.
fn valid(item: Option<&Attributes>) -> Option<StoredMemory> {
    item.and_then(|item| stored_memory::decode(item).ok())
}
