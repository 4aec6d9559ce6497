//! A key as lists and answers show it: everything but its secret.

use std::time::Duration;

use sha2::{Digest, Sha256};
use strum::{EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::key::Environment;
use crate::named::named;
use crate::{KeyId, Scopes, Timestamp};

/// How long a key is shown after its end.
pub const SHOWN_AFTER_END: Duration = Duration::from_secs(90 * 86_400);

/// Whether a key works.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum KeyStatus {
    /// It works.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

named!(KeyStatus);

/// A key without anything secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySummary {
    /// Its id, kept across rotations.
    pub id: KeyId,
    /// What its owner calls it.
    pub name: String,
    /// The first characters of the plain key.
    pub key_prefix: String,
    /// Its label.
    pub environment: Environment,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// When somebody ended it.
    pub revoked_at: Option<Timestamp>,
}

impl KeySummary {
    /// What is unique among a tenant's live keys, as a short name: environment and name, hashed.
    pub fn slot(&self) -> String {
        let digest = Sha256::digest(format!("{}\n{}", self.environment.as_str(), self.name));
        digest[..16].iter().fold("n".to_owned(), |slot, byte| format!("{slot}{byte:02x}"))
    }

    /// Whether the key is shown at `now`: while it lives, and for [`SHOWN_AFTER_END`] from then on.
    pub fn is_shown(&self, now: Timestamp) -> bool {
        let end = self.revoked_at.or(self.expires_at);
        end.is_none_or(|end| now < end.plus(SHOWN_AFTER_END))
    }

    /// Whether the key works at `now`.
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
