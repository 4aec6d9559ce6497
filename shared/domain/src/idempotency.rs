//! Idempotency keys: how a client repeats a request without its effect being repeated.
//!
//! The first request under a key writes a claim that holds what its effect is made from: the time, and
//! the seed of the ids it will mint. Whoever carries on after it works with the same ones, so that what
//! the first had written already is found instead of written again.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::Timestamp;

/// How long a request holds its claim; longer than any request lives.
pub const LOCK_DURATION: Duration = Duration::from_secs(35);
/// How long a key is remembered.
pub const RETENTION: Duration = Duration::from_secs(86_400);
/// The largest answer that is kept, in bytes.
pub const MAX_STORED_RESPONSE: usize = 100 * 1024;
const MAX_KEY: usize = 255;
/// A lease that ends later than a right clock can have set it, plus this, holds nobody back.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

/// A client's name for one request and its repetitions: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the header's value; `None` when it is not a key.
    pub fn parse(header: &[u8]) -> Option<Self> {
        let visible = header.iter().all(u8::is_ascii_graphic);
        let key = std::str::from_utf8(header).ok()?;
        (visible && (1..=MAX_KEY).contains(&key.len())).then(|| Self(key.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a request is recognised by: SHA-256 over method, path, query and body.
#[derive(Clone, PartialEq, Eq)]
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// The fingerprint of a request. Each part is preceded by its length, so that none can pass for
    /// the end of the one before.
    pub fn of(method: &str, path: &str, query: &str, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in [method.as_bytes(), path.as_bytes(), query.as_bytes(), body] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().to_vec())
    }

    /// A fingerprint as it was kept.
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

/// Where a request's ids come from: the state of its generator. Secrets are never made from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

/// An answer as it is kept for repetitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResponse {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: String,
    /// What was created, as its `Location`.
    pub location: Option<String>,
    /// The version of the data.
    pub version: Option<String>,
}

/// What is kept under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The request that it is for.
    pub fingerprint: Fingerprint,
    /// When that request first came: the time that its effect happens at.
    pub created_at: Timestamp,
    /// What its ids are made from.
    pub seed: Seed,
    /// Names the one request that works under the claim now.
    pub lock_owner: String,
    /// Until when it does.
    pub locked_until: Timestamp,
    /// Whether a change that must not be applied again has been.
    pub applied: bool,
    /// Whether a request before this one held it: something may have been written already.
    pub resumed: bool,
}

/// What a claim that was found says to a request that comes now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// Its key was used for another request.
    OtherRequest,
    /// A request is working under it, for this long at most.
    Locked(Duration),
    /// Nobody is: the request may carry on in its place.
    Unlocked,
}

impl IdempotencyRecord {
    /// A claim of the request that comes `now`.
    pub fn new(fingerprint: Fingerprint, seed: Seed, lock_owner: String, now: Timestamp) -> Self {
        let locked_until = now.plus(LOCK_DURATION);
        Self { fingerprint, created_at: now, seed, lock_owner, locked_until, applied: false, resumed: false }
    }

    /// What it says to a request of this fingerprint.
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
        for good in ["a".to_owned(), "!~".into(), "order-17/retry,2".into(), "x".repeat(255)] {
            assert_eq!(IdempotencyKey::parse(good.as_bytes()).map(|key| key.0), Some(good));
        }
        for bad in [String::new(), "x".repeat(256), "a b".into(), "a\tb".into(), "ä".into(), "a\u{7f}".into()]
        {
            assert_eq!(IdempotencyKey::parse(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(IdempotencyKey::parse(b"\xff"), None);
    }

    #[test]
    fn a_lease_holds_others_back_until_it_ends() {
        let (record, same) = (record(), Fingerprint::of("POST", "/", "", b"{}"));
        assert_eq!(record.state_for(&same, at(1_000)), RecordState::Locked(LOCK_DURATION));
        assert_eq!(record.state_for(&same, at(1_034)), RecordState::Locked(Duration::from_secs(1)));
        assert_eq!(record.state_for(&same, at(1_035)), RecordState::Unlocked);
        let other = Fingerprint::of("POST", "/", "", b"{ }");
        assert_eq!(record.state_for(&other, at(1_035)), RecordState::OtherRequest);
    }

    #[test]
    fn a_lease_of_a_clock_that_is_an_hour_ahead_locks_nobody_out() {
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
                prop_assert_eq!(key.as_str().as_bytes(), &bytes[..]);
            }
        }
    }
}
