//! Finding the memory that holds a key.

use hb_domain::{Error, Result, ScopedKey, Timestamp};

use super::super::change::MAX_ATTEMPTS;
use super::super::stored_memory::StoredMemory;
use super::super::{Memories, VersionedMemory};
use super::{overtaken, row};

/// Who holds a key.
#[derive(Clone, Debug)]
pub(super) enum Holder {
    /// A visible memory.
    Memory {
        /// The memory.
        found: Box<StoredMemory>,
        /// The name of the write that gave it the key.
        placed_by: String,
    },
    /// No memory.
    Nobody(Vacancy),
}

/// What is left of a former holder of a key: the row of a memory that does not exist, has expired or has lost the key does not
/// hold it.
#[derive(Clone, Debug, Default)]
pub(super) struct Vacancy {
    /// The name of the write that placed the row, if there is one.
    pub(super) row: Option<String>,
    /// The holder that has expired, if it was not removed yet.
    pub(super) expired: Option<Box<StoredMemory>>,
}

impl Memories<'_> {
    /// Reads the memory that holds a key, consistently.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, or it has expired; the database's.
    pub async fn get_by_key(&self, key: &ScopedKey) -> Result<VersionedMemory> {
        match self.holder(key, self.context.effective_at()).await? {
            Holder::Memory { found, .. } => Ok(found.versioned()),
            Holder::Nobody(_) => Err(Error::NotFound),
        }
    }

    /// Finds the holder of a key.
    pub(super) async fn holder(&self, key: &ScopedKey, now: Timestamp) -> Result<Holder> {
        let mut seen = row::read(self.store, self.tenant, key).await?;
        for _ in 0..MAX_ATTEMPTS {
            let Some(row) = seen else { return Ok(Holder::Nobody(Vacancy::default())) };
            if let Some(found) = self.read(&row.memory).await?.filter(|found| key.is_of(&found.memory)) {
                let found = Box::new(found);
                return Ok(if found.memory.is_visible(now) {
                    Holder::Memory { found, placed_by: row.version }
                } else {
                    Holder::Nobody(Vacancy { row: Some(row.version), expired: Some(found) })
                });
            }
            // The key may have passed to another memory between the two reads.
            seen = row::read(self.store, self.tenant, key).await?;
            if seen.as_ref() == Some(&row) {
                return Ok(Holder::Nobody(Vacancy { row: Some(row.version), expired: None }));
            }
        }
        Err(overtaken())
    }
}
