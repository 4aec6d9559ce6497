//! Changing the key of a memory, or the scope of its key.

use hb_domain::{Memory, Result, ScopedKey, Timestamp};

use super::super::Memories;
use super::super::put::Part;
use super::super::stored_memory::StoredMemory;
use super::holder::{Holder, Vacancy};
use super::row::{self, KeyRow};
use super::{delete_row, taken};
use crate::write::Write;

/// What a change of a memory's key takes besides the write of the memory.
#[derive(Debug, Default)]
pub(in super::super) struct KeyMove {
    /// The writes of the rows, for the same transaction.
    pub(in super::super) writes: Vec<(Part, Write)>,
    /// The expired memory that held the key and is deleted, whose storage is to be released.
    pub(in super::super) expired: Option<Box<StoredMemory>>,
}

impl Memories<'_> {
    /// What the change of `found` to `memory` takes besides: nothing, when its key and the scope of it stay.
    ///
    /// # Errors
    /// [`hb_domain::Error::Duplicate`] when another memory holds the key; the database's.
    pub(in super::super) async fn key_move(
        &self,
        found: &Memory,
        memory: &Memory,
        version: &str,
        now: Timestamp,
    ) -> Result<KeyMove> {
        let (before, after) = (ScopedKey::of(found), ScopedKey::of(memory));
        let mut key_move = KeyMove::default();
        if before == after {
            return Ok(key_move);
        }
        if let Some(key) = &after {
            let Holder::Nobody(Vacancy { row, expired }) = self.holder(key, now).await? else {
                return Err(taken());
            };
            let placed = KeyRow { memory: memory.id.clone(), version: version.to_owned() };
            key_move.writes.push((Part::Key, row::place(self.tenant, key, &placed, row.as_deref())));
            key_move.writes.extend(expired.as_ref().map(|expired| (Part::Expired, self.removal(expired))));
            key_move.expired = expired;
        }
        let former = before.as_ref().map(|key| delete_row(self.tenant, key, &found.id));
        key_move.writes.extend(former.map(|delete| (Part::FormerKey, delete)));
        Ok(key_move)
    }
}
