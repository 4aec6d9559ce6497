//! What an earlier attempt under the same idempotency key has placed.

use hb_domain::{Error, Result, Timestamp};

use super::super::Memories;
use super::holder::{Holder, Vacancy};
use super::{NewKeyed, Placed, Placement};

impl Memories<'_> {
    /// What an earlier attempt has made of `new`, as it is now; `None` when no earlier attempt was applied.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the memory was deleted since; the database's.
    pub(super) async fn placed_earlier(&self, new: &NewKeyed, now: Timestamp) -> Result<Option<Placed>> {
        let attempt = new.position.map_or(*self, |position| self.for_item(position));
        if !attempt.is_applied() {
            return Ok(None);
        }
        let (placement, found) = match self.holder(&new.key, now).await? {
            Holder::Memory { found, placed_by } => {
                let is_created = placed_by == new.new.version
                    || (!new.id_may_exist && found.memory.id == new.new.memory.id);
                (if is_created { Placement::Created } else { Placement::Replaced }, *found)
            }
            Holder::Nobody(Vacancy { expired: Some(expired), .. }) => {
                let is_created = expired.memory.id == new.new.memory.id;
                (if is_created { Placement::Created } else { Placement::Replaced }, *expired)
            }
            Holder::Nobody(_) => {
                // Its key may have been changed since.
                let found = self.read(&new.new.memory.id).await?.filter(|_| !new.id_may_exist);
                (Placement::Created, found.ok_or(Error::NotFound)?)
            }
        };
        self.note(|changes| changes.note_written(found.memory.updated_at, now));
        Ok(Some(Placed::new(placement, found.versioned())))
    }
}
