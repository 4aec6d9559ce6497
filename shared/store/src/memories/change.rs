//! Changing and deleting single memories.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::memory::NewMemory;
use hb_domain::patch::Patch;
use hb_domain::precondition::Preconditions;
use hb_domain::{Error, Memory, MemoryId, Result, ScopedKey, Timestamp};

use super::keyed::KeyMove;
use super::put::{Part, PutOutcome};
use super::stored_memory::StoredMemory;
use super::{Memories, VersionedMemory, stored_memory};
use crate::backoff::Backoff;
use crate::changes::Change;
use crate::item::{Attributes, millis, text};
use crate::sdk_error::map_sdk_error;
use crate::storage_ledger::{Reservation, StorageLedger, StorageUsage};
use crate::tables::Table;
use crate::transaction::{Transaction, WriteError, Written};
use crate::write::Write;

/// How often a change is made anew because the memory was changed meanwhile.
pub(super) const MAX_ATTEMPTS: u32 = 50;

/// The condition that a memory has not expired and has no key. One with a key is deleted together with its row.
pub(super) const VISIBLE_WITHOUT_KEY: &str = "attribute_exists(id) AND attribute_not_exists(#key) AND (attribute_not_exists(expiresAt) OR expiresAt > :now)";

/// How a version of a memory is replaced.
#[derive(Debug)]
pub(super) struct Over<'a> {
    /// The name of the new version.
    pub(super) version: &'a str,
    /// Whether it is a new write in the order of the tenant's writes: an erasure that began before leaves the memory.
    pub(super) is_new_write: bool,
    /// The mark that the change was applied.
    pub(super) mark: Option<Write>,
}

/// What a deletion has deleted: one memory or none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deleted {
    /// The storage that is to be released.
    pub(super) storage: StorageUsage,
    /// The memory's write sequence.
    pub(super) write_seq: u64,
    /// Whether it had not expired, so that callers know of it.
    pub(super) was_visible: bool,
}

impl Deleted {
    /// The deletion of this memory by a request of this time.
    pub(super) fn of(deleted: &StoredMemory, now: Timestamp) -> Self {
        Self {
            storage: deleted.storage(),
            write_seq: deleted.write_seq,
            was_visible: deleted.memory.is_visible(now),
        }
    }
}

/// What a request makes of a memory.
#[derive(Clone, Copy, Debug)]
pub enum Edit<'a> {
    /// The memory with these changes.
    Patch(&'a Patch),
    /// A memory with its id and nothing else of it.
    Replacement(&'a NewMemory),
}

impl Edit<'_> {
    fn apply(self, memory: &Memory, now: Timestamp) -> Result<Memory> {
        match self {
            Self::Patch(patch) => patch.apply(memory, now),
            Self::Replacement(new) => Ok(new.clone().replacing(memory, now)),
        }
    }

    /// Whether the result is a new write in the tenant's order of writes, even where it is the same as before: an erasure that
    /// began earlier does not delete it.
    const fn is_new_write(self) -> bool {
        matches!(self, Self::Replacement(_))
    }
}

impl Memories<'_> {
    /// Changes a memory that meets the conditions, and returns the result. Each attempt reads the memory,
    /// makes the change and writes on the condition that the memory is unchanged, so no concurrent change is lost.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such memory, [`Error::PreconditionFailed`] when it does not meet them,
    /// [`Error::Duplicate`] when another memory holds its new key, [`Error::Validation`] when merged metadata is too large; the
    /// database's.
    pub async fn edit(
        &self,
        id: &MemoryId,
        edit: Edit<'_>,
        conditions: &Preconditions,
        version: &str,
    ) -> Result<VersionedMemory> {
        let now = self.context.received_at();
        for _ in 0..MAX_ATTEMPTS {
            let found =
                self.read(id).await?.filter(|found| found.memory.is_visible(now)).ok_or(Error::NotFound)?;
            if self.is_applied() || found.version == version {
                self.note(|changes| changes.note(Change::WRITTEN));
                return Ok(found.versioned());
            }
            if !conditions.are_met(Some(&found.version)) {
                return Err(Error::PreconditionFailed);
            }
            let edited = edit.apply(&found.memory, now)?;
            if edited == found.memory && !edit.is_new_write() {
                // The attempt that changed it may have ended before it published the change.
                self.note(|changes| changes.note(Change::WRITTEN));
                return Ok(found.versioned());
            }
            let over = Over { version, is_new_write: edit.is_new_write(), mark: self.applied() };
            if let Some(changed) = self.write_over(found, edited, over, now).await? {
                return Ok(changed.versioned());
            }
        }
        Err(Error::Unavailable("the memory was changed by others too often".into()))
    }

    /// Replaces `found` by `memory`, together with the rows of their keys; `None` when one of them was changed meanwhile.
    pub(super) async fn write_over(
        &self,
        found: StoredMemory,
        memory: Memory,
        Over { version, is_new_write, mark }: Over<'_>,
        now: Timestamp,
    ) -> Result<Option<StoredMemory>> {
        let KeyMove { writes: mut also, expired } =
            self.key_move(&found.memory, &memory, version, now).await?;
        also.extend(mark.map(|mark| (Part::IdempotencyRecord, mark)));
        let ledger = StorageLedger::new(self.store, self.tenant);
        let (before, after) = (found.memory.size(), memory.size());
        let bytes = |bytes: u64| StorageUsage { memories: 0, bytes };
        let (grown, shrunk) = (bytes(after.saturating_sub(before)), bytes(before.saturating_sub(after)));
        let is_moved = moved(&found.memory, &memory);
        let (mut write_seq, mut owner_since) = (found.write_seq, found.owner_since);
        if (grown.bytes > 0 || is_new_write || is_moved.contains(&true))
            && let Reservation::Granted(granted) = ledger.reserve(grown, None, now).await?
        {
            if is_new_write {
                (write_seq, owner_since) = (granted, Default::default());
            } else {
                // The new owner got the memory after the start of any erasure in progress.
                for (since, is_moved) in owner_since.iter_mut().zip(is_moved) {
                    *since = if is_moved { Some(granted) } else { *since };
                }
            }
        }
        let is_replacement = is_new_write && found.memory.expires_at.is_some();
        let version = version.to_owned();
        let stored = StoredMemory { memory, version, write_seq, owner_since, is_replacement };
        match self.put_over(&stored, &found.version, also).await {
            Ok(PutOutcome::Written | PutOutcome::AlreadyWritten) => {
                self.note(|changes| changes.note_written(stored.memory.updated_at, now));
                ledger.release(shrunk, found.write_seq).await;
                if let Some(expired) = expired {
                    ledger.release(expired.storage(), expired.write_seq).await;
                }
                Ok(Some(stored))
            }
            Ok(PutOutcome::ConditionFailed) => {
                ledger.release(grown, found.write_seq).await;
                Ok(None)
            }
            Err(WriteError { error, maybe_done }) => {
                if maybe_done {
                    self.note(|changes| changes.note(Change::WRITTEN));
                } else {
                    ledger.release(grown, found.write_seq).await;
                }
                Err(error)
            }
        }
    }

    /// Deletes a memory; with `expected`, only one of these versions. The SDK makes one attempt: a second one would report a
    /// memory that the first has deleted as missing.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such memory, [`Error::PreconditionFailed`] when it has another version; the
    /// database's.
    pub async fn delete(&self, id: &MemoryId, expected: Option<&[String]>) -> Result<()> {
        let now = self.context.effective_at();
        let mut condition = VISIBLE_WITHOUT_KEY.to_owned();
        let mut delete = self.deletion(id).name("#key", "key").value(":now", millis(now));
        if let Some(versions) = expected {
            let names: Vec<String> = (0..versions.len()).map(|index| format!(":v{index}")).collect();
            condition = format!("{condition} AND #version IN ({})", names.join(", "));
            delete = delete.name("#version", "version");
            for (name, version) in names.into_iter().zip(versions) {
                delete = delete.value(name, text(version));
            }
        }
        let deleted = match self.remove(delete.condition(condition)).await? {
            Ok(deleted) => deleted,
            Err(found) => self.remove_found(found, expected, now).await?,
        };
        StorageLedger::new(self.store, self.tenant).release(deleted.storage, deleted.write_seq).await;
        Ok(())
    }

    /// Deletes the memory of the item that was `found`: it has a key, or another version than expected.
    pub(super) async fn remove_found(
        &self,
        mut found: Option<Attributes>,
        expected: Option<&[String]>,
        now: Timestamp,
    ) -> Result<Deleted> {
        for _ in 0..MAX_ATTEMPTS {
            let memory = found.as_ref().map(stored_memory::decode).transpose()?;
            let memory = memory.filter(|found| found.memory.is_visible(now)).ok_or(Error::NotFound)?;
            if expected.is_some_and(|versions| !versions.contains(&memory.version)) {
                return Err(Error::PreconditionFailed);
            }
            match self.remove_version(&memory).await? {
                Ok(deleted) => return Ok(deleted),
                Err(changed) => found = changed,
            }
        }
        Err(Error::Unavailable("the memory was changed by others too often".into()))
    }

    /// The deletion of a memory's item, without a condition.
    pub(super) fn deletion(&self, id: &MemoryId) -> Write {
        Write::delete(Table::Memories, stored_memory::key(self.tenant, id)).sent_once().returning_old()
    }

    /// Deletes a memory as it was read, with the row of its key; as [`remove`](Self::remove).
    pub(super) async fn remove_version(
        &self,
        found: &StoredMemory,
    ) -> Result<std::result::Result<Deleted, Option<Attributes>>> {
        if let Some(key) = ScopedKey::of(&found.memory) {
            return self.remove_keyed(found, &key).await;
        }
        let deletion = self
            .deletion(&found.memory.id)
            .condition("#version = :version")
            .name("#version", "version")
            .value(":version", text(&found.version));
        self.remove(deletion).await
    }

    /// Carries the deletion out and returns what it has deleted; or, when its condition does not hold, the item that it
    /// found. When there is no item, or may be none, the change is published: an earlier attempt may have deleted the item
    /// and ended before it published that.
    pub(super) async fn remove(
        &self,
        deletion: Write,
    ) -> Result<std::result::Result<Deleted, Option<Attributes>>> {
        let note_deleted = || self.note(|changes| changes.note(Change::DELETED));
        match Transaction::new((), deletion).run(self.store, &mut Backoff::counter()).await {
            Ok(Ok(Written::Now(old))) => {
                note_deleted();
                let old = old.as_ref().map(stored_memory::decode).transpose()?;
                let deleted = |old: StoredMemory| Deleted::of(&old, self.context.effective_at());
                Ok(Ok(old.map(deleted).unwrap_or_default()))
            }
            Ok(Ok(Written::Earlier(_))) => Ok(Ok(Deleted::default())),
            Ok(Err(failed)) => {
                if failed.found.is_none() {
                    note_deleted();
                }
                Ok(Err(failed.found))
            }
            Err(WriteError { error, maybe_done }) => {
                if maybe_done {
                    note_deleted();
                }
                Err(error)
            }
        }
    }

    /// Reads a memory, consistently, whether or not it has expired.
    pub(super) async fn read(&self, id: &MemoryId) -> Result<Option<StoredMemory>> {
        self.read_item(id).await?.as_ref().map(stored_memory::decode).transpose()
    }

    /// Reads the item of a memory, consistently.
    pub(super) async fn read_item(&self, id: &MemoryId) -> Result<Option<Attributes>> {
        let get = self.store.db.get_item().table_name(self.store.table(Table::Memories));
        let get = get.set_key(Some(stored_memory::key(self.tenant, id))).consistent_read(true);
        let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = get.send().await.map_err(|error| map_sdk_error("GetItem memories", error))?;
        Ok(response.item)
    }
}

/// Which of the owners and the namespace differ, in the order of [`StoredMemory::owner_since`].
fn moved(before: &Memory, after: &Memory) -> [bool; 4] {
    [
        before.user_id != after.user_id,
        before.agent_id != after.agent_id,
        before.session_id != after.session_id,
        before.namespace != after.namespace,
    ]
}
