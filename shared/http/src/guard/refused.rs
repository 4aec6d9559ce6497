//! The credentials that one instance has refused after reading the database, so that the same ones cost no further read.
//!
//! An entry is found by the SHA-256 of the whole credential. A wrong secret is therefore another entry than the right
//! secret of the same key, and nobody can enter a key before it exists: its secret has 107 random bits and leaves the
//! process with the response to its creation. What remains are secrets that were valid before: a rotation that fails
//! half-way restores the secret that it has replaced. Their refusal is forgotten after a few seconds.
//!
//! An entry can only refuse, so it does not weaken a revocation.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hb_domain::Timestamp;
use hb_domain::error::AuthFailure;
use lru::LruCache;

/// How long a revoked or expired credential is refused from memory: as long as a key is cached. No request reverses
/// either.
const MAX_FINAL: Duration = Duration::from_secs(60);
/// How long a credential that was not found is refused from memory. If it becomes valid, it works after that time.
const MAX_UNKNOWN: Duration = Duration::from_secs(5);
/// The most entries, each about 150 bytes. A flood of different keys replaces the least recently presented ones.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(4_096).expect("not zero");

/// The refused credentials of an instance.
#[derive(Debug)]
pub(super) struct RefusedCredentials(Mutex<LruCache<[u8; 32], Entry>>);

#[derive(Clone, Copy, Debug)]
struct Entry {
    failure: AuthFailure,
    /// When the request began that read the database.
    at: Timestamp,
}

impl Default for RefusedCredentials {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl RefusedCredentials {
    fn with_capacity(capacity: NonZeroUsize) -> Self {
        Self(Mutex::new(LruCache::new(capacity)))
    }

    /// Why the credential with this digest is refused, if it was refused recently.
    pub(super) fn get(&self, digest: &[u8; 32], now: Timestamp) -> Option<AuthFailure> {
        self.lock().get(digest).filter(|entry| entry.is_fresh(now)).map(|entry| entry.failure)
    }

    /// Stores the refusal of a request that began at `now`.
    pub(super) fn store(&self, digest: [u8; 32], failure: AuthFailure, now: Timestamp) {
        self.lock().put(digest, Entry { failure, at: now });
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<[u8; 32], Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Whether the entry applies at `now`. A clock that was set back does not prolong it.
    fn is_fresh(&self, now: Timestamp) -> bool {
        let max_age = match self.failure {
            AuthFailure::Revoked | AuthFailure::Expired | AuthFailure::TokenExpired => MAX_FINAL,
            AuthFailure::Unknown => MAX_UNKNOWN,
        };
        now < self.at.plus(max_age) && self.at < now.plus(max_age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    #[test]
    fn a_refusal_applies_to_one_credential_for_a_limited_time() {
        for (failure, millis) in [
            (AuthFailure::Unknown, 5_000),
            (AuthFailure::Revoked, 60_000),
            (AuthFailure::Expired, 60_000),
            (AuthFailure::TokenExpired, 60_000),
        ] {
            let refused = RefusedCredentials::default();
            refused.store([1; 32], failure, at(0));
            assert_eq!(refused.get(&[2; 32], at(0)), None);
            for now in [0, millis - 1, 1 - millis] {
                assert_eq!(refused.get(&[1; 32], at(now)), Some(failure), "{now}");
            }
            for now in [millis, -millis] {
                assert_eq!(refused.get(&[1; 32], at(now)), None, "{now}");
            }
        }
    }

    #[test]
    fn the_least_recently_presented_credential_is_replaced_when_there_is_no_room() {
        let refused = RefusedCredentials::with_capacity(NonZeroUsize::new(3).expect("not zero"));
        let is_kept = |of: u8| refused.get(&[of; 32], at(0)).is_some();
        for of in [1, 2, 3] {
            refused.store([of; 32], AuthFailure::Unknown, at(0));
        }
        assert!(is_kept(1));
        refused.store([4; 32], AuthFailure::Unknown, at(0));
        assert_eq!([1, 2, 3, 4].map(is_kept), [true, false, true, true]);
        assert_eq!(refused.lock().len(), 3);
    }
}
