//! The peppers this instance holds: read at the first need, and again when a hash names an unknown one.
//!
//! Whoever holds what it needs is never kept waiting by somebody else's read of Secrets Manager.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hb_domain::pepper::{PepperVersion, Peppers};
use hb_domain::{Error, Result, Timestamp};
use hb_store::Store;
use tokio::sync::Mutex;

/// Rows that name a pepper long gone must not cause a read each; one that was not asked for yet may.
const BETWEEN_RELOADS: Duration = Duration::from_secs(60);

/// Shared by all requests of the instance.
#[derive(Debug, Default)]
pub(crate) struct PepperCache {
    held: RwLock<Option<Arc<Peppers>>>,
    /// One read at a time.
    reading: Mutex<Reading>,
}

#[derive(Debug, Default)]
struct Reading {
    /// How the last read failed, when it did.
    failure: Option<Error>,
    reloaded_at: Option<Timestamp>,
    /// The versions that were asked for since then in vain.
    gone: Vec<PepperVersion>,
}

impl PepperCache {
    /// The peppers. A failure to read them is shared by the requests that wait for the same read and not
    /// remembered beyond: the next request tries again.
    pub(crate) async fn get(&self, store: &Store) -> Result<Arc<Peppers>> {
        if let Some(peppers) = self.held() {
            return Ok(peppers);
        }
        let (mut reading, waited) = match self.reading.try_lock() {
            Ok(reading) => (reading, false),
            Err(_) => (self.reading.lock().await, true),
        };
        if let Some(peppers) = self.held() {
            return Ok(peppers);
        }
        if let (true, Some(failure)) = (waited, &reading.failure) {
            return Err(failure.clone());
        }
        let read = store.secrets().pepper().await.map(|current| Peppers { current, previous: None });
        self.learn(&mut reading, read)
    }

    /// The peppers, read anew because `known` did not have `version`; `None` when they were read anew for
    /// it a moment ago and it was not there.
    pub(crate) async fn reload(
        &self,
        store: &Store,
        known: &Arc<Peppers>,
        version: &PepperVersion,
        now: Timestamp,
    ) -> Result<Option<Arc<Peppers>>> {
        let mut reading = self.reading.lock().await;
        if let Some(peppers) = self.held()
            && !Arc::ptr_eq(&peppers, known)
        {
            return Ok(Some(peppers));
        }
        if reading.reloaded_at.is_none_or(|at| at.plus(BETWEEN_RELOADS) <= now) {
            reading.gone.clear();
        } else if reading.gone.contains(version) {
            return Ok(None);
        }
        let peppers = self.learn(&mut reading, store.secrets().peppers().await)?;
        if !peppers.has(version) {
            reading.gone.push(version.clone());
        }
        reading.reloaded_at = Some(now);
        Ok(Some(peppers))
    }

    fn held(&self) -> Option<Arc<Peppers>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, reading: &mut Reading, read: Result<Peppers>) -> Result<Arc<Peppers>> {
        match read {
            Ok(peppers) => {
                let peppers = Arc::new(peppers);
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&peppers));
                reading.failure = None;
                Ok(peppers)
            }
            Err(error) => {
                reading.failure = Some(error.clone());
                Err(error)
            }
        }
    }
}
