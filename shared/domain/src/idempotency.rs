//! Idempotency keys: a client can repeat a request without repeating its effect.
//!
//! The first attempt under a key writes a record with the time and the seed of the ids that it generates. A later
//! attempt that resumes it uses the same time and ids, so that it finds what the first attempt has written instead of
//! writing it again.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::Timestamp;

/// How long a request holds the lock of its record: longer than any request runs.
pub const LOCK_DURATION: Duration = Duration::from_secs(35);
/// How long a record is stored.
pub const RETENTION: Duration = Duration::from_secs(86_400);
/// The largest response that is stored, in bytes.
pub const MAX_STORED_RESPONSE: usize = 100 * 1024;
const MAX_KEY: usize = 255;
/// A lock that ends later than a correct clock can have set it, plus this tolerance, is ignored.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

/// The key that a client chooses for one request and its repetitions: 1 to 255 visible ASCII characters, except commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Parses the header's value. API Gateway joins the values of repeated headers by commas, so a comma separates keys,
    /// which must be equal. `None` when they are not, or are no keys.
    pub fn parse(header: &[u8]) -> Option<Self> {
        let header = std::str::from_utf8(header).ok()?;
        let mut keys = header.split(',').map(|key| key.trim_matches([' ', '\t']));
        let key = keys.next()?;
        let is_key = key.bytes().all(|byte| byte.is_ascii_graphic()) && (1..=MAX_KEY).contains(&key.len());
        (is_key && keys.all(|other| other == key)).then(|| Self(key.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The identity of a request: SHA-256 over method, path, query and body.
#[derive(Clone, PartialEq, Eq)]
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// The fingerprint of a request. Each part is preceded by its length, so that parts cannot be confused.
    pub fn of(method: &str, path: &str, query: &str, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in [method.as_bytes(), path.as_bytes(), query.as_bytes(), body] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().to_vec())
    }

    /// A stored fingerprint.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The seed of the generator that makes a request's ids. Secrets are never made from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

/// A response that is stored for repeated requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResponse {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: String,
    /// The `Location` of the created resource.
    pub location: Option<String>,
    /// The version of the data.
    pub version: Option<String>,
}

/// The record of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The request's identity.
    pub fingerprint: Fingerprint,
    /// When the first attempt was received: the time at which its effect happens.
    pub created_at: Timestamp,
    /// The seed of its ids.
    pub seed: Seed,
    /// The attempt that holds the lock.
    pub lock_owner: String,
    /// When the lock expires.
    pub locked_until: Timestamp,
    /// Whether a change that must not be applied twice has been applied.
    pub applied: bool,
    /// Which items of the request had a change that must not be applied twice and has been applied, by their positions.
    pub applied_items: BTreeSet<usize>,
    /// Whether this is a later attempt: an earlier one may have written something.
    pub resumed: bool,
}

/// What an existing record means for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// The key was used for another request.
    OtherRequest,
    /// Another attempt holds the lock, for this long at most.
    Locked(Duration),
    /// The lock has expired: the request may resume.
    Unlocked,
}

impl IdempotencyRecord {
    /// The record of a first attempt that is received `now`.
    pub fn new(fingerprint: Fingerprint, seed: Seed, lock_owner: String, now: Timestamp) -> Self {
        let locked_until = now.plus(LOCK_DURATION);
        Self {
            fingerprint,
            created_at: now,
            seed,
            lock_owner,
            locked_until,
            applied: false,
            applied_items: BTreeSet::new(),
            resumed: false,
        }
    }

    /// What the record means for a request with this fingerprint.
    pub fn state_for(&self, fingerprint: &Fingerprint, now: Timestamp) -> RecordState {
        if self.fingerprint != *fingerprint {
            return RecordState::OtherRequest;
        }
        let left =
            Duration::from_micros(u64::try_from(self.locked_until.micros() - now.micros()).unwrap_or(0));
        if left.is_zero() || left > LOCK_DURATION + CLOCK_TOLERANCE {
            RecordState::Unlocked
        } else {
            RecordState::Locked(left)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn record() -> IdempotencyRecord {
        IdempotencyRecord::new(Fingerprint::of("POST", "/", "", b"{}"), Seed([7; 32]), "me".into(), at(1_000))
    }

    #[test]
    fn keys_are_1_to_255_visible_ascii_characters() {
        for good in ["a".to_owned(), "!~".into(), "order-17/retry;2".into(), "x".repeat(255)] {
            assert_eq!(IdempotencyKey::parse(good.as_bytes()).map(|key| key.0), Some(good.clone()));
            for twice in [format!("{good},{good}"), format!("{good}, {good}")] {
                assert_eq!(IdempotencyKey::parse(twice.as_bytes()).map(|key| key.0), Some(good.clone()));
            }
        }
        for bad in [
            String::new(),
            "x".repeat(256),
            "a b".into(),
            "a\tb".into(),
            "ä".into(),
            "a\u{7f}".into(),
            "a,b".into(),
            "a,".into(),
            ",a".into(),
            ",".into(),
            "a,a,b".into(),
            "a,\u{a0}a".into(),
        ] {
            assert_eq!(IdempotencyKey::parse(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(IdempotencyKey::parse(b"\xff"), None);
    }

    #[test]
    fn a_lock_excludes_other_attempts_until_it_expires() {
        let (record, same) = (record(), Fingerprint::of("POST", "/", "", b"{}"));
        assert_eq!(record.state_for(&same, at(1_000)), RecordState::Locked(LOCK_DURATION));
        assert_eq!(record.state_for(&same, at(1_034)), RecordState::Locked(Duration::from_secs(1)));
        assert_eq!(record.state_for(&same, at(1_035)), RecordState::Unlocked);
        let other = Fingerprint::of("POST", "/", "", b"{ }");
        assert_eq!(record.state_for(&other, at(1_035)), RecordState::OtherRequest);
    }

    #[test]
    fn a_lock_set_by_a_clock_an_hour_ahead_is_ignored() {
        let same = Fingerprint::of("POST", "/", "", b"{}");
        assert_eq!(record().state_for(&same, at(997)), RecordState::Unlocked);
        assert_eq!(record().state_for(&same, at(998)), RecordState::Locked(LOCK_DURATION + CLOCK_TOLERANCE));
    }

    proptest! {
        #[test]
        fn moving_the_border_between_two_parts_changes_the_fingerprint(
            parts in prop::collection::vec("[a-c/?]{0,6}", 4), others in prop::collection::vec("[a-c/?]{0,6}", 4)
        ) {
            let of = |p: &[String]| Fingerprint::of(&p[0], &p[1], &p[2], p[3].as_bytes());
            prop_assert_eq!(of(&parts) == of(&others), parts == others);
        }

        #[test]
        fn any_bytes_are_a_key_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(key) = IdempotencyKey::parse(&bytes) {
                prop_assert!(bytes.starts_with(key.as_str().as_bytes()));
                prop_assert!(key.as_str().bytes().all(|byte| byte.is_ascii_graphic() && byte != b','));
            }
        }
    }
}
