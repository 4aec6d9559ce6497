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
/// How many names of versions that are gone are remembered.
const MAX_GONE: usize = 100;

/// Who chooses the names of versions that are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// Our own rows: each name is worth a read.
    #[default]
    Us,
    /// Callers: all names together are worth one read in a while, whatever it comes to.
    Callers,
}

/// What is held of one secret.
pub(crate) trait Versions {
    /// Whether it is of this version among others.
    fn has(&self, version: &str) -> bool;
}

/// Shared by all requests of the instance. Its `Debug` says nothing.
pub(crate) struct SecretCache<T> {
    held: RwLock<Option<(Arc<T>, Timestamp)>>,
    named_by: NamedBy,
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
        Self::named_by(NamedBy::default())
    }
}

impl<T> SecretCache<T> {
    /// A cache of versions that are named by these.
    pub(crate) fn named_by(named_by: NamedBy) -> Self {
        Self { held: RwLock::default(), named_by, reading: Mutex::default() }
    }
}

impl<T: Versions> SecretCache<T> {
    /// What is held; otherwise what `read` gives. A failure to read is shared by the requests that wait for
    /// the same read and not remembered beyond: the next request tries again.
    pub(crate) async fn get(&self, now: Timestamp, read: impl Future<Output = Result<T>>) -> Result<Arc<T>> {
        if let Some((held, _)) = self.held() {
            return Ok(held);
        }
        let (mut reading, waited) = match self.reading.try_lock() {
            Ok(reading) => (reading, false),
            Err(_) => (self.reading.lock().await, true),
        };
        if let Some((held, _)) = self.held() {
            return Ok(held);
        }
        if let (true, Some(failure)) = (waited, &reading.failure) {
            return Err(failure.clone());
        }
        let read = read.await;
        self.learn(&mut reading, now, read)
    }

    /// As [`get`](Self::get), but what is held for longer than `most` is read again; it serves on when that
    /// fails, and while somebody else is at it.
    pub(crate) async fn get_fresh(
        &self,
        now: Timestamp,
        most: Duration,
        read: impl Future<Output = Result<T>>,
    ) -> Result<Arc<T>> {
        let Some((held, at)) = self.held() else { return self.get(now, read).await };
        if now < at.plus(most) {
            return Ok(held);
        }
        let Ok(mut reading) = self.reading.try_lock() else { return Ok(held) };
        let read = read.await;
        match self.learn(&mut reading, now, read) {
            Ok(read) => Ok(read),
            Err(error) => {
                tracing::warn!(%error, "a secret could not be read again; the version that is held serves on");
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&held), now));
                Ok(held)
            }
        }
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
        if let Some((held, _)) = self.held()
            && !Arc::ptr_eq(&held, known)
        {
            return Ok(Some(held));
        }
        let was_just_read = reading.reloaded_at.is_some_and(|at| now < at.plus(BETWEEN_RELOADS));
        if !was_just_read {
            reading.gone.clear();
        } else if self.named_by == NamedBy::Callers || reading.gone.iter().any(|gone| gone == version) {
            return Ok(None);
        }
        if self.named_by == NamedBy::Callers {
            reading.reloaded_at = Some(now);
        }
        let read = read.await;
        let read = self.learn(&mut reading, now, read)?;
        if !read.has(version) && reading.gone.len() < MAX_GONE {
            reading.gone.push(version.to_owned());
        }
        reading.reloaded_at = Some(now);
        Ok(Some(read))
    }

    fn held(&self) -> Option<(Arc<T>, Timestamp)> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, reading: &mut Reading, now: Timestamp, read: Result<T>) -> Result<Arc<T>> {
        match read {
            Ok(read) => {
                let read = Arc::new(read);
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&read), now));
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
