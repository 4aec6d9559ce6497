//! A cache of a value that is derived from a rotating secret. The secret is read at the first use, and again when an
//! unknown version is named.
//!
//! A request whose version is cached never waits for a read of Secrets Manager by another request.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hb_domain::{Error, Result, Timestamp};
use tokio::sync::Mutex;

/// The time between two reads for versions that do not exist. A version that was not named yet may cause a read.
const BETWEEN_RELOADS: Duration = Duration::from_secs(60);
/// The same for versions that callers name: a rotation is found after that time, whatever they name.
const BETWEEN_RELOADS_FOR_CALLERS: Duration = Duration::from_secs(30);
/// The same after a read that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// The most names of missing versions that are kept.
const MAX_MISSING: usize = 100;

/// The source of version names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// Rows of the database: each name may cause a read.
    #[default]
    Database,
    /// Callers: all names together may cause one read in [`BETWEEN_RELOADS_FOR_CALLERS`], or in [`AFTER_FAILURE`].
    Callers,
}

/// A value with versions.
pub(crate) trait Versions {
    /// Whether it contains this version.
    fn has(&self, version: &str) -> bool;
}

/// Shared by all requests of the instance. Its `Debug` shows nothing of the value.
pub(crate) struct SecretCache<T> {
    held: RwLock<Option<(Arc<T>, Timestamp)>>,
    named_by: NamedBy,
    /// One read at a time.
    reading: Mutex<Reading>,
}

#[derive(Default)]
struct Reading {
    /// The error of the last read, when it failed.
    failure: Option<Error>,
    reloaded_at: Option<Timestamp>,
    /// The versions that were missing since then.
    missing: Vec<String>,
}

impl<T> Default for SecretCache<T> {
    fn default() -> Self {
        Self::named_by(NamedBy::default())
    }
}

impl<T> SecretCache<T> {
    /// A cache whose versions are named by this source.
    pub(crate) fn named_by(named_by: NamedBy) -> Self {
        Self { held: RwLock::default(), named_by, reading: Mutex::default() }
    }
}

impl<T> SecretCache<T> {
    /// The cached value, or the result of `read`. The requests that wait for one read share its error; the next request
    /// reads again.
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
        self.store(&mut reading, now, read)
    }

    /// As [`get`](Self::get), but a value that is older than `max_age` is read again. It stays in use while another
    /// request reads, and when the read fails.
    pub(crate) async fn get_fresh(
        &self,
        now: Timestamp,
        max_age: Duration,
        read: impl Future<Output = Result<T>>,
    ) -> Result<Arc<T>> {
        let Some((held, at)) = self.held() else { return self.get(now, read).await };
        if now < at.plus(max_age) {
            return Ok(held);
        }
        let Ok(mut reading) = self.reading.try_lock() else { return Ok(held) };
        let read = read.await;
        match self.store(&mut reading, now, read) {
            Ok(read) => Ok(read),
            Err(error) => {
                tracing::warn!(%error, "a secret could not be read again; the cached version stays in use");
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&held), now));
                Ok(held)
            }
        }
    }

    fn held(&self) -> Option<(Arc<T>, Timestamp)> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn store(&self, reading: &mut Reading, now: Timestamp, read: Result<T>) -> Result<Arc<T>> {
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

impl<T: Versions> SecretCache<T> {
    /// The result of `read`, because `known` lacks `version`; `None` when a recent read did not have it either.
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
        let is_callers = self.named_by == NamedBy::Callers;
        let interval = match (is_callers, &reading.failure) {
            (false, _) => BETWEEN_RELOADS,
            (true, None) => BETWEEN_RELOADS_FOR_CALLERS,
            (true, Some(_)) => AFTER_FAILURE,
        };
        if reading.reloaded_at.is_none_or(|at| at.plus(interval) <= now) {
            reading.missing.clear();
        } else if is_callers && let Some(failure) = &reading.failure {
            // It is unknown whether the version exists.
            return Err(failure.clone());
        } else if is_callers || reading.missing.iter().any(|missing| missing == version) {
            return Ok(None);
        }
        if is_callers {
            reading.reloaded_at = Some(now);
        }
        let read = read.await;
        let read = self.store(&mut reading, now, read)?;
        if !read.has(version) && reading.missing.len() < MAX_MISSING {
            reading.missing.push(version.to_owned());
        }
        reading.reloaded_at = Some(now);
        Ok(Some(read))
    }
}

impl<T> fmt::Debug for SecretCache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretCache")
    }
}
