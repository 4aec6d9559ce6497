//! The changes of a request to a tenant's memories, which are published to all search indexes before the response is sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hb_domain::{Result, TenantId, Timestamp};

use crate::Store;

/// The longest delay between the time of a change and its write with which a sync of recent changes finds it. Backdated
/// changes are older.
pub(crate) const MAX_COMMIT_DELAY: Duration = Duration::from_secs(20);

/// What a cached index has to know of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Whether memories were deleted. A search notices that when it reads its results.
    pub(crate) has_deleted: bool,
    /// The earliest time of backdated changes. A sync of recent changes finds all others.
    pub(crate) backdated_since: Option<Timestamp>,
}

impl Change {
    /// Memories were written.
    pub(crate) const WRITTEN: Self = Self { has_deleted: false, backdated_since: None };
    /// Memories were deleted.
    pub(crate) const DELETED: Self = Self { has_deleted: true, backdated_since: None };

    /// Both changes.
    fn and(self, other: Self) -> Self {
        Self {
            has_deleted: self.has_deleted || other.has_deleted,
            backdated_since: self.backdated_since.into_iter().chain(other.backdated_since).min(),
        }
    }
}

/// The changes of one context; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Arc<Pending>);

/// The changes that are not published yet.
#[derive(Debug, Default)]
struct Pending(Mutex<Option<Change>>);

impl Pending {
    fn lock(&self) -> MutexGuard<'_, Option<Change>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(change) = *self.lock() {
            tracing::error!(?change, "changes were not published: searches find them a minute late");
        }
    }
}

impl Changes {
    /// Notes a change that was made or may have been made.
    pub(crate) fn note(&self, change: Change) {
        let mut noted = self.0.lock();
        *noted = Some(noted.map_or(change, |noted| noted.and(change)));
    }

    /// Notes that at `now` a memory with this time of its last change is stored, or may be stored: written by this request, or
    /// by an earlier attempt that ended before it published the change.
    pub(crate) fn note_written(&self, updated_at: Timestamp, now: Timestamp) {
        let is_prompt = now <= updated_at.plus(MAX_COMMIT_DELAY);
        self.note(Change { backdated_since: (!is_prompt).then_some(updated_at), ..Change::WRITTEN });
    }

    /// Notes that a memory of this time, which is the time of an earlier attempt, is stored or may be stored.
    pub(crate) fn note_backdated(&self, updated_at: Timestamp) {
        self.note(Change { backdated_since: Some(updated_at), ..Change::WRITTEN });
    }

    /// Publishes the changes, if there are any, by raising the tenant's search version. Every search that begins after this
    /// has returned finds them, on any instance.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn publish(&self, store: &Store, tenant: &TenantId) -> Result<()> {
        let noted = self.0.lock().take();
        match noted {
            None => Ok(()),
            Some(change) => store.tenants().raise_search_version(tenant, change).await.map(|_| ()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_changes_are_published_as_one_that_covers_all() {
        let at = |text: &str| Timestamp::parse(text).expect("a time");
        let (early, now) = (at("2026-11-24T11:00:00Z"), at("2026-11-24T12:00:00Z"));
        let changes = Changes::default();
        let noted = || *changes.0.lock();
        for (updated_at, backdated_since) in [
            (now.minus(MAX_COMMIT_DELAY), None),
            (early.plus(MAX_COMMIT_DELAY), Some(early.plus(MAX_COMMIT_DELAY))),
            (early, Some(early)),
            (now, Some(early)),
        ] {
            changes.note_written(updated_at, now);
            assert_eq!(noted(), Some(Change { backdated_since, ..Change::WRITTEN }));
        }
        changes.note(Change::DELETED);
        assert_eq!(noted(), Some(Change { backdated_since: Some(early), has_deleted: true }));
    }
}
