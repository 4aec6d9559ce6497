//! The issuer's keys (JWKS): fetched at the first use, again when a token names an unknown key, and renewed while they
//! are in use.
//!
//! All fetches share one interval ([`schedule`]), so that unknown keys cannot cause many, and concurrent requests wait for
//! one fetch. While the keys are fetched again, and when that fails, the cached ones stay in use until they are a day
//! old.

mod key_set;
mod schedule;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hb_domain::{Error, Result, Timestamp};
use http::Uri;
use tokio::sync::Mutex;

use super::fetch::Fetcher;
use key_set::Keys;
pub(super) use key_set::{VerifyingKey, key_of};
use schedule::{Schedule, is_within};

/// How long keys are used while they cannot be fetched again.
const LIFETIME: Duration = Duration::from_secs(86_400);
/// The age from which keys are renewed.
const RENEWAL_AGE: Duration = Duration::from_secs(900);

/// The keys at one URL.
#[derive(Debug)]
pub(crate) struct Jwks {
    url: Uri,
    fetcher: Fetcher,
    cached: RwLock<Option<Arc<KeySet>>>,
    /// One fetch at a time.
    fetching: Mutex<Schedule>,
}

#[derive(Debug)]
struct KeySet {
    keys: Keys,
    fetched_at: Timestamp,
}

impl Jwks {
    pub(crate) fn new(url: Uri) -> Self {
        Self { url, fetcher: Fetcher::default(), cached: RwLock::default(), fetching: Mutex::default() }
    }

    /// The key of this id; `None` when the issuer has no such key.
    ///
    /// # Errors
    /// [`Error::Upstream`] when the issuer's keys cannot be fetched.
    pub(crate) async fn key(&self, name: &str, now: Timestamp) -> Result<Option<Arc<VerifyingKey>>> {
        let find = || self.cached(now).and_then(|set| set.keys.get(name).cloned());
        if let Some(key) = find() {
            return Ok(Some(key));
        }
        let mut schedule = self.fetching.lock().await;
        // Another request may have fetched it meanwhile.
        if let Some(key) = find() {
            return Ok(Some(key));
        }
        if schedule.may_fetch(now) {
            self.fetch(&mut schedule, now).await?;
        } else if schedule.has_failed() {
            // It is unknown whether the issuer has the key.
            return Err(Error::Upstream("the last fetch of the issuer's keys failed".into()));
        }
        Ok(find())
    }

    /// Whether the keys are in use and should be [renewed](Self::renew).
    pub(crate) fn is_renewal_due(&self, now: Timestamp) -> bool {
        self.cached(now).is_some_and(|set| !is_within(set.fetched_at, now, RENEWAL_AGE))
    }

    /// Fetches the keys again if that is due, unless another request does so. The cached keys stay in use meanwhile, and
    /// after a failure, which is logged.
    pub(crate) async fn renew(&self, now: Timestamp) {
        if let Ok(mut schedule) = self.fetching.try_lock()
            && self.is_renewal_due(now)
            && schedule.may_fetch(now)
        {
            let _ = self.fetch(&mut schedule, now).await;
        }
    }

    async fn fetch(&self, schedule: &mut Schedule, now: Timestamp) -> Result<()> {
        schedule.begin(now);
        match self.fetcher.get(&self.url).await.and_then(|body| key_set::read(&body)) {
            Ok(keys) => {
                schedule.succeed();
                let set = Some(Arc::new(KeySet { keys, fetched_at: now }));
                *self.cached.write().unwrap_or_else(PoisonError::into_inner) = set;
                Ok(())
            }
            Err(problem) => {
                tracing::warn!(url = %self.url, problem, "the keys of the issuer could not be fetched");
                Err(Error::Upstream(format!("keys of the issuer: {problem}")))
            }
        }
    }

    fn cached(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner);
        cached.as_ref().filter(|set| is_within(set.fetched_at, now, LIFETIME)).cloned()
    }
}
