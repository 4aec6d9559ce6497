//! An API key without its secret.

use std::time::Duration;

use sha2::{Digest, Sha256};
use strum::{EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::key::Environment;
use crate::named::named;
use crate::{KeyId, Scopes, Timestamp};

/// How long a key is listed after it expires or is revoked.
pub const LISTED_AFTER_END: Duration = Duration::from_secs(90 * 86_400);

/// The status of a key.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum KeyStatus {
    /// The key is valid.
    Active,
    /// The key has expired.
    Expired,
    /// The key was revoked.
    Revoked,
}

named!(KeyStatus);

/// An API key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySummary {
    /// Its id, kept across rotations.
    pub id: KeyId,
    /// The name that its owner chose.
    pub name: String,
    /// The first characters of the plain key.
    pub key_prefix: String,
    /// Its label.
    pub environment: Environment,
    /// Its scopes.
    pub scopes: Scopes,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl KeySummary {
    /// The entry of an active key among the tenant's names, which are unique: environment and name, hashed.
    pub fn live_name(&self) -> String {
        let digest = Sha256::digest(format!("{}\n{}", self.environment.as_str(), self.name));
        digest[..16].iter().fold("n".to_owned(), |slot, byte| format!("{slot}{byte:02x}"))
    }

    /// Whether the key is listed at `now`: while it is active, and for [`LISTED_AFTER_END`] afterwards.
    pub fn is_listed(&self, now: Timestamp) -> bool {
        let end = self.revoked_at.or(self.expires_at);
        end.is_none_or(|end| now < end.plus(LISTED_AFTER_END))
    }

    /// The status of the key at `now`.
    pub fn status(&self, now: Timestamp) -> KeyStatus {
        if self.revoked_at.is_some() {
            KeyStatus::Revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            KeyStatus::Expired
        } else {
            KeyStatus::Active
        }
    }
}
