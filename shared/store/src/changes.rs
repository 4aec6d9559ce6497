//! What a request has changed of a tenant's memories, for searches to hear of before the request is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use hb_domain::{Result, TenantId, Timestamp};

use crate::Store;

const CHANGED: u8 = 1;
const RELOAD: u8 = 2;
/// A change is found by its time as long as it is told this soon; a later one, or one that came with a time of its own,
/// is not.
pub(crate) const PROMPT: Duration = Duration::from_secs(20);

/// Notes of one request; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Changes(Arc<AtomicU8>);

impl Changes {
    /// Notes that a memory may be gone.
    pub(crate) fn note(&self) {
        self.0.fetch_max(CHANGED, Ordering::Relaxed);
    }

    /// Notes that things have changed which a look at the latest changes would not show.
    pub(crate) fn note_reload(&self) {
        self.0.fetch_max(RELOAD, Ordering::Relaxed);
    }

    /// Notes that a memory that says it was changed at `updated_at` may have been written, `now`.
    pub(crate) fn note_written(&self, updated_at: Timestamp, now: Timestamp) {
        if updated_at.plus(PROMPT) < now { self.note_reload() } else { self.note() }
    }

    /// Makes what instances hold for searches stale, when there is a reason. After it has returned, whatever the
    /// request has changed is what a search finds.
    ///
    /// # Errors
    /// The database's.
    pub async fn publish(&self, store: &Store, tenant: &TenantId) -> Result<()> {
        match self.0.swap(0, Ordering::Relaxed) {
            0 => Ok(()),
            noted => store.tenants().raise_search_version(tenant, noted == RELOAD).await.map(|_| ()),
        }
    }
}
