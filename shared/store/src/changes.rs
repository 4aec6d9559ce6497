//! What a request has changed of a tenant's memories, for searches to hear of before the request is answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hb_domain::{Result, TenantId, Timestamp};

use crate::Store;

/// A change is found by its time as long as it is written this soon; one that came with a time of its own is not.
pub(crate) const MAX_COMMIT_DELAY: Duration = Duration::from_secs(20);

/// What has changed, as far as it matters to who holds what was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Whether memories have gone, which is noticed when they are to be read.
    pub(crate) has_deleted: bool,
    /// The earliest time of changes that have times of their own. All others are found by a look at the latest.
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

/// Notes of one request; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Arc<Mutex<Option<Change>>>);

impl Changes {
    /// Notes a change that was made, or may have been.
    pub(crate) fn note(&self, change: Change) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *noted = Some(noted.map_or(change, |noted| noted.and(change)));
    }

    /// Notes that a memory that says it was changed at `updated_at` is there, or may be, `now`: written by this request, or
    /// by one before it that could not say so.
    pub(crate) fn note_written(&self, updated_at: Timestamp, now: Timestamp) {
        let is_prompt = now <= updated_at.plus(MAX_COMMIT_DELAY);
        self.note(Change { backdated_since: (!is_prompt).then_some(updated_at), ..Change::WRITTEN });
    }

    /// Notes that a memory of this time is there, or may be, which was asked for at that time and not now.
    pub(crate) fn note_backdated(&self, updated_at: Timestamp) {
        self.note(Change { backdated_since: Some(updated_at), ..Change::WRITTEN });
    }

    /// Makes what instances hold for searches stale, when there is a reason. After it has returned, whatever the
    /// request has changed is what a search finds.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn publish(&self, store: &Store, tenant: &TenantId) -> Result<()> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
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
    fn of_several_changes_what_tells_of_all_is_told() {
        let at = |text: &str| Timestamp::parse(text).expect("a time");
        let (early, now) = (at("2026-11-24T11:00:00Z"), at("2026-11-24T12:00:00Z"));
        let changes = Changes::default();
        let noted = || *changes.0.lock().expect("notes");
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
