//! Placing a new memory under its key: it is created, or meets the memory that holds the key.

use hb_domain::error::Quota;
use hb_domain::memory_key::OnConflict;
use hb_domain::precondition::Preconditions;
use hb_domain::{Error, Result, ScopedKey, Timestamp};

use super::super::change::{MAX_ATTEMPTS, Over};
use super::super::put::Part;
use super::super::stored_memory::{self, StoredMemory};
use super::super::{Memories, VersionedMemory};
use super::holder::{Holder, Vacancy};
use super::row::{self, KeyRow};
use super::{NewKeyed, Placed, Placement, overtaken, taken};
use crate::backoff::Backoff;
use crate::changes::Change;
use crate::item::{Attributes, text};
use crate::storage_ledger::{Reservation, StorageLedger};
use crate::transaction::{ConditionFailed, Transaction, WriteError, Written};
use crate::write::Write;

/// How often a reservation is repeated because other requests have released storage meanwhile.
const MAX_RESERVATIONS: usize = 10;

/// One attempt to create a memory.
enum Attempt {
    /// It has an outcome.
    Done(Box<Placed>),
    /// A memory of the same id has expired: the new one takes its place.
    Expired(Box<StoredMemory>),
    /// Another request was faster.
    Overtaken,
}

impl Memories<'_> {
    /// Puts a memory under its key: creates it, or replaces the memory that holds the key, if the conditions are met.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`]; [`Error::QuotaExhausted`] when a new memory exceeds the quota; the database's.
    pub async fn put_by_key(
        &self,
        key: ScopedKey,
        new: VersionedMemory,
        conditions: Preconditions,
    ) -> Result<Placed> {
        let on_conflict = OnConflict::Replace;
        let new = NewKeyed { key, new, on_conflict, conditions, id_may_exist: false, position: None };
        self.place(&new).await
    }

    /// Creates a memory under an id that was minted for it, unless another memory holds its key.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when another memory holds its key and `on_conflict` refuses that; [`Error::QuotaExhausted`] when the
    /// quota is used up; the database's.
    pub async fn create(&self, new: VersionedMemory, on_conflict: OnConflict) -> Result<Placed> {
        let Some(key) = ScopedKey::of(&new.memory) else {
            self.create_unkeyed(new.clone()).await?;
            return Ok(Placed::new(Placement::Created, new));
        };
        let conditions = Preconditions::default();
        self.place(&NewKeyed { key, new, on_conflict, conditions, id_may_exist: false, position: None }).await
    }

    /// Places a memory under its key. Each attempt finds the holder of the key and writes on the condition that it still holds
    /// it, or that nobody does.
    pub(super) async fn place(&self, new: &NewKeyed) -> Result<Placed> {
        let now = self.context.received_at();
        if let Some(placed) = self.placed_earlier(new, now).await? {
            return Ok(placed);
        }
        let (mut over, mut backoff) = (None, Backoff::counter());
        for _ in 0..MAX_ATTEMPTS {
            match self.holder(&new.key, now).await? {
                Holder::Memory { found, placed_by } => {
                    if !new.conditions.are_met(Some(&found.version)) {
                        return Err(Error::PreconditionFailed);
                    }
                    if let Some(placed) = self.meet(new, *found, &placed_by, now).await? {
                        return Ok(placed);
                    }
                }
                Holder::Nobody(vacancy) => {
                    if !new.conditions.are_met(None) {
                        return Err(Error::PreconditionFailed);
                    }
                    match self.create_keyed(new, vacancy, over.take(), now).await {
                        Ok(Attempt::Done(placed)) => return Ok(*placed),
                        Ok(Attempt::Expired(found)) => over = Some(found),
                        Ok(Attempt::Overtaken) => {}
                        // Another request may have the last place for a memory of the same key, and write it now.
                        Err(Error::QuotaExhausted(_)) if backoff.wait().await => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Err(overtaken())
    }

    /// Does with the holder of the key what the request wants; `None` when the holder was changed meanwhile.
    async fn meet(
        &self,
        new: &NewKeyed,
        found: StoredMemory,
        placed_by: &str,
        now: Timestamp,
    ) -> Result<Option<Placed>> {
        if self.is_resumed() && placed_by == new.new.version {
            self.note(|changes| changes.note_written(found.memory.updated_at, now));
            return Ok(Some(Placed::new(Placement::Created, found.versioned())));
        }
        match new.on_conflict {
            OnConflict::Fail if !(new.id_may_exist && found.memory.id == new.new.memory.id) => Err(taken()),
            OnConflict::Fail | OnConflict::Keep => {
                // The attempt that wrote it may have ended before it published the change.
                self.note(|changes| changes.note_written(found.memory.updated_at, now));
                Ok(Some(Placed::new(Placement::Existed, found.versioned())))
            }
            OnConflict::Replace => {
                let memory = new.new.memory.clone().in_place_of(&found.memory, now);
                let over = Over { version: &new.new.version, is_new_write: true, mark: self.mark(new) };
                let replaced = self.write_over(found, memory, over, now).await?;
                Ok(replaced.map(|replaced| Placed::new(Placement::Replaced, replaced.versioned())))
            }
        }
    }

    /// Creates a memory whose key nobody holds. `over` is an expired memory of the same id.
    async fn create_keyed(
        &self,
        new: &NewKeyed,
        Vacancy { row, expired }: Vacancy,
        over: Option<Box<StoredMemory>>,
        now: Timestamp,
    ) -> Result<Attempt> {
        let VersionedMemory { memory, version } = new.new.clone();
        let owner_since = Default::default();
        let mut stored = StoredMemory { memory, version, write_seq: 0, owner_since, is_replacement: false };
        // A transaction writes an item once: an expired holder of the same id is not deleted besides.
        let (over, expired) = match expired {
            Some(expired) if expired.memory.id == stored.memory.id => (Some(expired), None),
            expired => (over, expired),
        };
        // A memory that takes the place of an expired one needs no room: the same transaction deletes that.
        let is_in_place = over.is_some() || expired.is_some();
        let limit = self.context.memory_limit().filter(|_| !is_in_place);
        stored.write_seq = self.reserve_one(&stored, limit, now).await?;
        let put = self.put(&stored);
        let put = match &over {
            None => put.condition("attribute_not_exists(id)"),
            Some(over) => on_version(put, &over.version),
        };
        let placed = KeyRow { memory: stored.memory.id.clone(), version: stored.version.clone() };
        let transaction = Transaction::new(Part::Memory, put)
            .and(Part::Key, row::place(self.tenant, &new.key, &placed, row.as_deref()))
            .and(Part::Expired, expired.as_ref().map(|expired| self.removal(expired)))
            .and(Part::IdempotencyRecord, self.mark(new));
        let ledger = StorageLedger::new(self.store, self.tenant);
        let unused = async || ledger.release(stored.storage(), stored.write_seq).await;
        match transaction.run(self.store, &mut Backoff::transaction()).await {
            Ok(Ok(written)) => {
                self.note(|changes| changes.note_written(stored.memory.updated_at, now));
                if let Written::Earlier(_) = written {
                    unused().await;
                }
                for gone in [over, expired].into_iter().flatten() {
                    ledger.release(gone.storage(), gone.write_seq).await;
                }
                Ok(Attempt::Done(Box::new(Placed::new(Placement::Created, stored.versioned()))))
            }
            Ok(Err(ConditionFailed { part, found })) => {
                unused().await;
                match part {
                    Part::Memory => self.meet_id(new, found.as_ref(), now),
                    Part::IdempotencyRecord => Err(taken_over()),
                    Part::Key | Part::FormerKey | Part::Expired => Ok(Attempt::Overtaken),
                }
            }
            Err(WriteError { error, maybe_done }) => {
                if maybe_done {
                    self.note(|changes| changes.note(Change::WRITTEN));
                } else {
                    unused().await;
                }
                Err(error)
            }
        }
    }

    /// What to do about a memory that has the id of the new one.
    fn meet_id(&self, new: &NewKeyed, found: Option<&Attributes>, now: Timestamp) -> Result<Attempt> {
        let Some(found) = found.map(stored_memory::decode).transpose()? else {
            return Ok(Attempt::Overtaken);
        };
        if !found.memory.is_visible(now) {
            return Ok(Attempt::Expired(Box::new(found)));
        }
        self.note(|changes| changes.note_written(found.memory.updated_at, now));
        // An id that was minted has 67 random bits: an earlier attempt of this request has created the memory.
        let placement = if new.id_may_exist { Placement::Existed } else { Placement::Created };
        Ok(Attempt::Done(Box::new(Placed::new(placement, found.versioned()))))
    }

    /// Reserves the storage of a new memory, and returns its write sequence.
    async fn reserve_one(&self, stored: &StoredMemory, limit: Option<u64>, now: Timestamp) -> Result<u64> {
        let ledger = StorageLedger::new(self.store, self.tenant);
        for _ in 0..MAX_RESERVATIONS {
            match ledger.reserve(stored.storage(), limit, now).await? {
                Reservation::Granted(write_seq) => return Ok(write_seq),
                Reservation::Exceeded(0) => break,
                // Another request has released storage since.
                Reservation::Exceeded(_) => {}
            }
        }
        Err(Error::QuotaExhausted(Quota::Memories(limit.unwrap_or(0))))
    }

    /// Marks the change as applied, for a later attempt under the same idempotency key. One of many memories is marked where a
    /// repetition would replace what others have written since; what was created is recognised by its version.
    pub(super) fn mark(&self, new: &NewKeyed) -> Option<Write> {
        match (new.position, new.on_conflict) {
            (None, _) => self.applied(),
            (Some(position), OnConflict::Replace) => self.for_item(position).applied(),
            (Some(_), OnConflict::Keep | OnConflict::Fail) => None,
        }
    }
}

/// A write on the condition that the memory has this version.
pub(super) fn on_version(write: Write, version: &str) -> Write {
    write.condition("#version = :seen").name("#version", "version").value(":seen", text(version))
}

/// The error of a request whose idempotency record another attempt has locked since.
fn taken_over() -> Error {
    Error::Unavailable("another request took over the idempotency record".into())
}
