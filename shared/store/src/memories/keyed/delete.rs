//! Deleting memories that hold a key.

use hb_domain::{Error, MemoryId, Result, ScopedKey};

use super::super::Memories;
use super::super::change::{Deleted, MAX_ATTEMPTS};
use super::super::put::Part;
use super::super::stored_memory::{self, StoredMemory};
use super::holder::Holder;
use super::place::on_version;
use super::{delete_row, overtaken};
use crate::backoff::Backoff;
use crate::changes::Change;
use crate::item::Attributes;
use crate::storage_ledger::StorageLedger;
use crate::tables::Table;
use crate::transaction::{ConditionFailed, Transaction, WriteError};
use crate::write::Write;

impl Memories<'_> {
    /// Deletes the memory that holds a key and returns its id; with `expected`, only one of these versions.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no memory holds the key, [`Error::PreconditionFailed`] when it has another version; the database's.
    pub async fn delete_by_key(&self, key: &ScopedKey, expected: Option<&[String]>) -> Result<MemoryId> {
        let now = self.context.effective_at();
        for _ in 0..MAX_ATTEMPTS {
            let Holder::Memory { found, .. } = self.holder(key, now).await? else {
                // An earlier attempt may have deleted it and ended before it published that.
                self.note(|changes| changes.note(Change::DELETED));
                return Err(Error::NotFound);
            };
            if expected.is_some_and(|versions| !versions.contains(&found.version)) {
                return Err(Error::PreconditionFailed);
            }
            if let Ok(deleted) = self.remove_version(&found).await? {
                StorageLedger::new(self.store, self.tenant).release(deleted.storage, deleted.write_seq).await;
                return Ok(found.memory.id);
            }
        }
        Err(overtaken())
    }

    /// Deletes a memory as it was read, together with the row of its key; as [`remove`](Self::remove).
    pub(in super::super) async fn remove_keyed(
        &self,
        found: &StoredMemory,
        key: &ScopedKey,
    ) -> Result<std::result::Result<Deleted, Option<Attributes>>> {
        let note_deleted = || self.note(|changes| changes.note(Change::DELETED));
        let row = delete_row(self.tenant, key, &found.memory.id);
        let mut transaction = Transaction::new(Part::Memory, self.removal(found)).and(Part::Key, row);
        loop {
            match transaction.run(self.store, &mut Backoff::transaction()).await {
                Ok(Ok(_)) => {
                    note_deleted();
                    return Ok(Ok(Deleted::of(found, self.context.effective_at())));
                }
                // The row of an expired memory may have passed to another one, whose row stays.
                Ok(Err(ConditionFailed { part: Part::Key, .. })) => {
                    transaction = transaction.without(Part::Key);
                }
                Ok(Err(ConditionFailed { found, .. })) => {
                    if found.is_none() {
                        note_deleted();
                    }
                    return Ok(Err(found));
                }
                Err(WriteError { error, maybe_done }) => {
                    if maybe_done {
                        note_deleted();
                    }
                    return Err(error);
                }
            }
        }
    }

    /// The deletion of a memory as it was read, as a part of a transaction.
    pub(super) fn removal(&self, found: &StoredMemory) -> Write {
        let key = stored_memory::key(self.tenant, &found.memory.id);
        on_version(Write::delete(Table::Memories, key), &found.version)
    }
}
