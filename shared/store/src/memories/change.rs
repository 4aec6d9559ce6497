//! Changing and deleting single memories.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure};
use hb_domain::patch::Patch;
use hb_domain::{Error, Memory, MemoryId, Result, Timestamp};

use super::put::{Failure, PutOutcome};
use super::stored_memory::StoredMemory;
use super::{Memories, VersionedMemory, stored_memory};
use crate::changes::Change;
use crate::item::{Attributes, millis, text};
use crate::sdk_error::{map_sdk_error, retry_when_throttled, was_rejected};
use crate::storage_ledger::{Reservation, StorageLedger, StorageUsage};
use crate::tables::Table;

/// How often a patch that lost against another one of the same memory starts over.
const TRIES: u32 = 50;

/// What a deletion has freed, and the place in the order of what was there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Freed {
    pub(super) amount: StorageUsage,
    pub(super) write_seq: u64,
}

impl Memories<'_> {
    /// Changes a memory as `patch` says and gives it as it then is; with `expected`, only one of these
    /// versions. Each try reads, applies and writes if nobody else has: concurrent patches all survive.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not there, [`Error::PreconditionFailed`] when it has another version,
    /// [`Error::Validation`] when the merged metadata is too large; the database's.
    pub async fn patch(
        &self,
        id: &MemoryId,
        patch: &Patch,
        expected: Option<&[String]>,
        version: &str,
    ) -> Result<VersionedMemory> {
        let now = self.context.received_at();
        for _ in 0..TRIES {
            let found =
                self.read(id).await?.filter(|found| found.memory.is_visible(now)).ok_or(Error::NotFound)?;
            let is_applied = self.idempotency.is_some_and(|locked| locked.record.applied);
            if is_applied || found.version == version {
                self.note(|changes| changes.note(Change::WRITTEN));
                return Ok(found.versioned());
            }
            if expected.is_some_and(|versions| !versions.contains(&found.version)) {
                return Err(Error::PreconditionFailed);
            }
            let patched = patch.apply(&found.memory, now)?;
            if patched == found.memory {
                // Who has made it so may have died before it could say so.
                self.note(|changes| changes.note(Change::WRITTEN));
                return Ok(found.versioned());
            }
            if let Some(changed) = self.replace(found, patched, version, now).await? {
                return Ok(changed.versioned());
            }
        }
        Err(Error::Unavailable("a patch lost against others too often".into()))
    }

    /// Puts `memory` in the place of `found`; `None` when that has changed meanwhile.
    async fn replace(
        &self,
        found: StoredMemory,
        memory: Memory,
        version: &str,
        now: Timestamp,
    ) -> Result<Option<StoredMemory>> {
        let counts = StorageLedger::new(self.store, self.tenant);
        let (before, after) = (found.memory.size(), memory.size());
        let bytes = |bytes: u64| StorageUsage { memories: 0, bytes };
        let (grown, shrunk) = (bytes(after.saturating_sub(before)), bytes(before.saturating_sub(after)));
        let is_moved: Vec<bool> =
            owners(&found.memory).into_iter().zip(owners(&memory)).map(|(old, new)| old != new).collect();
        let mut moved = found.moved;
        if (grown.bytes > 0 || is_moved.contains(&true))
            && let Reservation::Granted(index) = counts.reserve(grown, None, now).await?
        {
            // Who got it now got it after any erasure that has begun.
            for (since, is_moved) in moved.iter_mut().zip(is_moved) {
                *since = if is_moved { Some(index) } else { *since };
            }
        }
        let stored = StoredMemory { memory, version: version.to_owned(), write_seq: found.write_seq, moved };
        match self.put_over(&stored, &found.version).await {
            Ok(PutOutcome::Written | PutOutcome::AlreadyWritten) => {
                self.note(|changes| changes.note_written(stored.memory.updated_at, now));
                counts.release(shrunk, found.write_seq).await;
                Ok(Some(stored))
            }
            Ok(PutOutcome::ConditionFailed) => {
                counts.release(grown, found.write_seq).await;
                Ok(None)
            }
            Err(Failure { error, maybe_done }) => {
                if maybe_done {
                    self.note(|changes| changes.note(Change::WRITTEN));
                } else {
                    counts.release(grown, found.write_seq).await;
                }
                Err(error)
            }
        }
    }

    /// Deletes a memory; with `expected`, only one of these versions. The SDK makes one attempt: a
    /// repeated one would find nothing and report a memory that it has just deleted as missing.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not there, [`Error::PreconditionFailed`] when it has another
    /// version; the database's.
    pub async fn delete(&self, id: &MemoryId, expected: Option<&[String]>) -> Result<()> {
        let now = self.context.effective_at();
        let mut condition =
            "attribute_exists(id) AND (attribute_not_exists(expiresAt) OR expiresAt > :now)".to_owned();
        let mut delete = self.deletion(id).expression_attribute_values(":now", millis(now));
        if let Some(versions) = expected {
            let names: Vec<String> = (0..versions.len()).map(|index| format!(":v{index}")).collect();
            condition = format!("{condition} AND #version IN ({})", names.join(", "));
            delete = delete.expression_attribute_names("#version", "version");
            for (name, version) in names.into_iter().zip(versions) {
                delete = delete.expression_attribute_values(name, text(version));
            }
        }
        match self.remove(delete.condition_expression(condition)).await? {
            Ok(gone) => {
                StorageLedger::new(self.store, self.tenant).release(gone.amount, gone.write_seq).await;
                Ok(())
            }
            Err(kept) => {
                let kept = kept.as_ref().map(stored_memory::decode).transpose()?;
                let visible = kept.is_some_and(|kept| kept.memory.is_visible(now));
                Err(if visible { Error::PreconditionFailed } else { Error::NotFound })
            }
        }
    }

    /// The deletion of a memory's item, to be completed with a condition.
    pub(super) fn deletion(&self, id: &MemoryId) -> DeleteItemFluentBuilder {
        self.store
            .once
            .delete_item()
            .table_name(self.store.table(Table::Memories))
            .set_key(Some(stored_memory::key(self.tenant, id)))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    /// Deletes, and gives what is free now; or, when the condition does not hold, the item that it found. Where there is
    /// none, or may be none any more, a request before this one may have deleted it, and died before it could say so.
    pub(super) async fn remove(
        &self,
        delete: DeleteItemFluentBuilder,
    ) -> Result<std::result::Result<Freed, Option<Attributes>>> {
        match retry_when_throttled(|| delete.clone().send()).await {
            Ok(answer) => {
                self.note(|changes| changes.note(Change::DELETED));
                let gone = answer.attributes.as_ref().map(stored_memory::decode).transpose()?;
                Ok(Ok(gone.map_or_else(Freed::default, |stored| Freed {
                    amount: stored.amount(),
                    write_seq: stored.write_seq,
                })))
            }
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(failed)) => {
                    if failed.item.is_none() {
                        self.note(|changes| changes.note(Change::DELETED));
                    }
                    Ok(Err(failed.item.clone()))
                }
                _ => {
                    if !was_rejected(&error) {
                        self.note(|changes| changes.note(Change::DELETED));
                    }
                    Err(map_sdk_error("DeleteItem memories", error))
                }
            },
        }
    }

    pub(super) async fn read(&self, id: &MemoryId) -> Result<Option<StoredMemory>> {
        let get = self.store.db.get_item().table_name(self.store.table(Table::Memories));
        let get = get.set_key(Some(stored_memory::key(self.tenant, id))).consistent_read(true);
        let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = get.send().await.map_err(|error| map_sdk_error("GetItem memories", error))?;
        answer.item.as_ref().map(stored_memory::decode).transpose()
    }
}

fn owners(memory: &Memory) -> [&Option<String>; 3] {
    [&memory.user_id, &memory.agent_id, &memory.session_id]
}
