//! What a request has changed of a tenant's memories, for searches to hear of before the request is answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hb_domain::{Result, TenantId, Timestamp};

use crate::Store;

/// A change is found by its time as long as it is written this soon; one that came with a time of its own is not.
pub(crate) const PROMPT: Duration = Duration::from_secs(20);

/// How a change is noticed by who holds what was before; of several the last of these is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    /// By a look at the latest changes.
    Written,
    /// When a memory is to be read.
    Deleted,
    /// By reading everything.
    Untimely,
}

/// Notes of one request; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Changes(Arc<Mutex<Option<Change>>>);

impl Changes {
    /// Notes a change that was made, or may have been.
    pub(crate) fn note(&self, change: Change) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *noted = (*noted).max(Some(change));
    }

    /// Notes that a memory that says it was changed at `updated_at` is there, or may be, `now`: written by this request, or
    /// by one before it that could not say so.
    pub(crate) fn note_written(&self, updated_at: Timestamp, now: Timestamp) {
        let is_prompt = now <= updated_at.plus(PROMPT);
        self.note(if is_prompt { Change::Written } else { Change::Untimely });
    }

    /// Makes what instances hold for searches stale, when there is a reason. After it has returned, whatever the
    /// request has changed is what a search finds.
    ///
    /// # Errors
    /// The database's.
    pub async fn publish(&self, store: &Store, tenant: &TenantId) -> Result<()> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match noted {
            None => Ok(()),
            Some(change) => store.tenants().raise_search_version(tenant, change).await.map(|_| ()),
        }
    }
}
