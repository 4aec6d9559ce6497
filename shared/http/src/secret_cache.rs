//! What is made of a secret that rotates, as one instance holds it: read at the first need, and again when
//! something names a version that it does not hold.
//!
//! Whoever holds what it needs is never kept waiting by somebody else's read of Secrets Manager.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hb_domain::{Error, Result, Timestamp};
use tokio::sync::Mutex;

/// What names a version long gone must not cause a read each time; one that was not asked for yet may.
const BETWEEN_RELOADS: Duration = Duration::from_secs(60);

/// What is held of one secret.
pub(crate) trait Versions {
    /// Whether it is of this version among others.
    fn has(&self, version: &str) -> bool;
}

/// Shared by all requests of the instance. Its `Debug` says nothing.
pub(crate) struct SecretCache<T> {
    held: RwLock<Option<Arc<T>>>,
    /// One read at a time.
    reading: Mutex<Reading>,
}

#[derive(Default)]
struct Reading {
    /// How the last read failed, when it did.
    failure: Option<Error>,
    reloaded_at: Option<Timestamp>,
    /// The versions that were asked for since then in vain.
    gone: Vec<String>,
}

impl<T> Default for SecretCache<T> {
    fn default() -> Self {
        Self { held: RwLock::default(), reading: Mutex::default() }
    }
}

impl<T: Versions> SecretCache<T> {
    /// What is held; otherwise what `read` gives. A failure to read is shared by the requests that wait for
    /// the same read and not remembered beyond: the next request tries again.
    pub(crate) async fn get(&self, read: impl Future<Output = Result<T>>) -> Result<Arc<T>> {
        if let Some(held) = self.held() {
            return Ok(held);
        }
        let (mut reading, waited) = match self.reading.try_lock() {
            Ok(reading) => (reading, false),
            Err(_) => (self.reading.lock().await, true),
        };
        if let Some(held) = self.held() {
            return Ok(held);
        }
        if let (true, Some(failure)) = (waited, &reading.failure) {
            return Err(failure.clone());
        }
        let read = read.await;
        self.learn(&mut reading, read)
    }

    /// What `read` gives, since `known` did not have `version`; `None` when it was read anew for it a moment
    /// ago and was not there.
    pub(crate) async fn reload(
        &self,
        known: &Arc<T>,
        version: &str,
        now: Timestamp,
        read: impl Future<Output = Result<T>>,
    ) -> Result<Option<Arc<T>>> {
        let mut reading = self.reading.lock().await;
        if let Some(held) = self.held()
            && !Arc::ptr_eq(&held, known)
        {
            return Ok(Some(held));
        }
        if reading.reloaded_at.is_none_or(|at| at.plus(BETWEEN_RELOADS) <= now) {
            reading.gone.clear();
        } else if reading.gone.iter().any(|gone| gone == version) {
            return Ok(None);
        }
        let read = read.await;
        let read = self.learn(&mut reading, read)?;
        if !read.has(version) {
            reading.gone.push(version.to_owned());
        }
        reading.reloaded_at = Some(now);
        Ok(Some(read))
    }

    fn held(&self) -> Option<Arc<T>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, reading: &mut Reading, read: Result<T>) -> Result<Arc<T>> {
        match read {
            Ok(read) => {
                let read = Arc::new(read);
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&read));
                reading.failure = None;
                Ok(read)
            }
            Err(error) => {
                reading.failure = Some(error.clone());
                Err(error)
            }
        }
    }
}

impl<T> fmt::Debug for SecretCache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretCache")
    }
}
