//! Hashes of API keys: HMAC-SHA-256 with a secret of the deployment, the pepper.
//!
//! A key has 107 random bits, so a fast keyed hash is sufficient. A stolen table is useless without the pepper, and a
//! stolen pepper without the table. Peppers are rotated: every hash names the version that made it, and the current
//! and the previous version are valid.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::ApiKey;

/// The version of a pepper, as Secrets Manager names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PepperVersion(pub String);

/// One version of the pepper. `Debug` contains the version only.
#[derive(Clone)]
pub struct Pepper {
    version: PepperVersion,
    secret: Vec<u8>,
}

impl Pepper {
    /// The pepper of this version.
    pub const fn new(version: PepperVersion, secret: Vec<u8>) -> Self {
        Self { version, secret }
    }

    /// The hash of `key`.
    pub fn hash(&self, key: &ApiKey) -> KeyHash {
        let mac = self.mac(key).finalize().into_bytes();
        KeyHash { pepper: self.version.clone(), mac: mac.to_vec() }
    }

    /// Whether `hash` is the hash of `key`, compared in constant time.
    fn made(&self, hash: &KeyHash, key: &ApiKey) -> bool {
        self.mac(key).verify_slice(&hash.mac).is_ok()
    }

    fn mac(&self, key: &ApiKey) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes a secret of any length");
        mac.update(key.text().as_bytes());
        mac
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pepper({})", self.version.0)
    }
}

/// The hash of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyHash {
    /// The version of the pepper that made it.
    pub pepper: PepperVersion,
    /// 32 bytes of HMAC-SHA-256.
    pub mac: Vec<u8>,
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({})", self.pepper.0)
    }
}

/// The valid versions of the pepper.
#[derive(Clone, Debug)]
pub struct Peppers {
    /// The version that makes new hashes.
    pub current: Pepper,
    /// The version whose hashes are still verified.
    pub previous: Option<Pepper>,
}

/// The result of comparing a key with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is the hash of this key.
    Same,
    /// It is the hash of another key.
    Different,
    /// It was made with a pepper version that is not loaded.
    UnknownPepper,
}

impl Peppers {
    /// Whether `version` is one of them.
    pub fn has(&self, version: &PepperVersion) -> bool {
        self.all().any(|pepper| pepper.version == *version)
    }

    fn all(&self) -> impl Iterator<Item = &Pepper> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// Compares `hash` with `key`.
    pub fn compare(&self, hash: &KeyHash, key: &ApiKey) -> Match {
        let pepper = self.all().find(|pepper| pepper.version == hash.pepper);
        match pepper {
            None => Match::UnknownPepper,
            Some(pepper) if pepper.made(hash, key) => Match::Same,
            Some(_) => Match::Different,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::KeyId;
    use crate::key::Environment;

    fn pepper(version: &str, secret: &str) -> Pepper {
        Pepper::new(PepperVersion(version.to_owned()), secret.as_bytes().to_vec())
    }

    #[test]
    fn a_hash_is_known_by_its_own_pepper_only() {
        let mut rng = StdRng::seed_from_u64(7);
        let id = KeyId::mint(&mut rng);
        let key = ApiKey::mint(&id, Environment::Development, &mut rng);
        let other = ApiKey::mint(&id, Environment::Development, &mut rng);
        let hash = pepper("1", "first").hash(&key);

        let rotated = Peppers { current: pepper("2", "second"), previous: Some(pepper("1", "first")) };
        assert_eq!(rotated.compare(&hash, &key), Match::Same);
        assert_eq!(rotated.compare(&hash, &other), Match::Different);
        let rotated_twice = Peppers { current: pepper("3", "third"), previous: Some(pepper("2", "second")) };
        assert_eq!(rotated_twice.compare(&hash, &key), Match::UnknownPepper);
        let forged = Peppers { current: pepper("1", "another"), previous: None };
        assert_eq!(forged.compare(&hash, &key), Match::Different);
    }

    #[test]
    fn debug_says_nothing_secret() {
        assert_eq!(format!("{:?}", pepper("1", "hush")), "Pepper(1)");
    }
}
