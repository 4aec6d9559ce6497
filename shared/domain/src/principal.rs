//! The caller of a request, and what it may do with keys.
//!
//! The rule of key management: no caller can get a plain key that has more scopes, or expires later, than its
//! credential.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::Forbidden;
use crate::key_summary::KeySummary;
use crate::pepper::KeyHash;
use crate::{Error, KeyId, Result, Scope, Scopes, TenantId, Timestamp};

/// An authenticated caller. Tenant-bound handles to the store require one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    tenant: TenantId,
    caller: Caller,
    scopes: Scopes,
}

/// The kinds of caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The holder of an API key.
    Key {
        /// The key.
        id: KeyId,
        /// The stored hash of the presented secret.
        secret: KeyHash,
        /// When the presented secret expires.
        expires_at: Option<Timestamp>,
        /// Set when a rotation has replaced the presented secret.
        replaced: Option<Replaced>,
    },
    /// A user with a Clerk session.
    User {
        /// The user's id at the issuer, which may be any text.
        id: String,
        /// Whether the user may manage the tenant's keys.
        manages_keys: bool,
    },
    /// The holder of an access token, for which a session was exchanged.
    Token {
        /// The id of the user.
        user: String,
    },
    /// The operator of the deployment, who accesses the tables without the API.
    Operator,
}

/// Identifies a caller within its tenant: a key by its id, which rotations keep, and a user, with a session or an
/// access token, by the SHA-256 of the user's id. It is unique, contains no `#` and has at most 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerId(String);

impl CallerId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A replaced secret in its grace period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// When it was replaced.
    pub at: Timestamp,
    /// When its grace period ends.
    pub works_until: Timestamp,
}

impl Principal {
    /// The caller of a verified credential. Only the guard and the operator's tools may call this function, which
    /// `.clippy.toml` enforces.
    pub const fn authenticated(tenant: TenantId, caller: Caller, scopes: Scopes) -> Self {
        Self { tenant, caller, scopes }
    }

    /// The only tenant whose data the caller can access.
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The caller's scopes.
    pub const fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// The caller's key, when its credential is one.
    pub const fn key_id(&self) -> Option<&KeyId> {
        match &self.caller {
            Caller::Key { id, .. } => Some(id),
            Caller::User { .. } | Caller::Token { .. } | Caller::Operator => None,
        }
    }

    /// The caller's identity, which does not depend on the secret, session or token.
    pub fn caller_id(&self) -> CallerId {
        CallerId(match &self.caller {
            Caller::Key { id, .. } => id.to_string(),
            Caller::User { id: user, .. } | Caller::Token { user } => {
                format!("usr_{}", URL_SAFE_NO_PAD.encode(Sha256::digest(user)))
            }
            Caller::Operator => "operator".into(),
        })
    }

    /// The user, when the credential is not a key.
    pub fn user(&self) -> Option<&str> {
        match &self.caller {
            Caller::User { id: user, .. } | Caller::Token { user } => Some(user),
            Caller::Key { .. } | Caller::Operator => None,
        }
    }

    /// The stored hash of the presented secret, when the credential is a key.
    pub const fn secret(&self) -> Option<&KeyHash> {
        match &self.caller {
            Caller::Key { secret, .. } => Some(secret),
            Caller::User { .. } | Caller::Token { .. } | Caller::Operator => None,
        }
    }

    /// When the presented key expires, which limits the keys that the caller can create. `None` for never, and for
    /// callers without a key.
    pub const fn expires_at(&self) -> Option<Timestamp> {
        match &self.caller {
            Caller::Key { expires_at, .. } => *expires_at,
            Caller::User { .. } | Caller::Token { .. } | Caller::Operator => None,
        }
    }

    /// The rotation that replaced the presented secret, when one did.
    pub const fn replaced(&self) -> Option<Replaced> {
        match &self.caller {
            Caller::Key { replaced, .. } => *replaced,
            Caller::User { .. } | Caller::Token { .. } | Caller::Operator => None,
        }
    }

    /// Refuses with [`Error::MissingScope`] unless the caller has `scope`.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.scopes.contains(scope) { Ok(()) } else { Err(Error::MissingScope(scope)) }
    }

    /// Whether the caller may create a key with these scopes and this expiry.
    pub fn may_create(&self, scopes: Scopes, expires_at: Option<Timestamp>) -> Result<()> {
        self.may_manage_keys()?;
        self.has_all(scopes)?;
        self.check_expiry_within(expires_at)
    }

    /// Whether the caller may get a new secret of `key`: it must have all scopes of the key and must not expire
    /// before the key. Therefore a replaced secret cannot renew itself.
    pub fn may_rotate(&self, key: &KeySummary) -> Result<()> {
        self.may_manage_keys()?;
        self.has_all(key.scopes)?;
        if let (Some(replaced), true) = (self.replaced(), self.key_id() == Some(&key.id)) {
            return Err(Error::ExpiryExceedsCaller { own: replaced.works_until });
        }
        self.check_expiry_within(key.expires_at)
    }

    /// Whether the caller may revoke `key`: its own key, or one whose scopes it has.
    pub fn may_revoke(&self, key: &KeySummary) -> Result<()> {
        self.may_manage_keys()?;
        if self.key_id() == Some(&key.id) { Ok(()) } else { self.has_all(key.scopes) }
    }

    /// Whether the caller's tenant is created when it does not exist. True for users; for keys and tokens, such a
    /// tenant has been deleted.
    pub const fn may_provision_tenant(&self) -> bool {
        matches!(self.caller, Caller::User { .. })
    }

    /// Whether the caller may get an access token. Only a Clerk session may be exchanged, so that access tokens
    /// cannot be renewed beyond the session.
    pub const fn may_exchange(&self) -> Result<()> {
        match &self.caller {
            Caller::User { .. } => Ok(()),
            Caller::Key { .. } | Caller::Token { .. } | Caller::Operator => {
                Err(Error::Forbidden(Forbidden::NotExchangeable))
            }
        }
    }

    /// Whether the caller may manage keys at all.
    pub const fn may_manage_keys(&self) -> Result<()> {
        match &self.caller {
            Caller::Key { .. } | Caller::Operator | Caller::User { manages_keys: true, .. } => Ok(()),
            Caller::User { manages_keys: false, .. } => Err(Error::Forbidden(Forbidden::NotAdmin)),
            Caller::Token { .. } => Err(Error::Forbidden(Forbidden::TokenManagesNoKeys)),
        }
    }

    fn has_all(&self, scopes: Scopes) -> Result<()> {
        match scopes.first_missing_in(self.scopes) {
            None => Ok(()),
            Some(missing) => Err(Error::MissingScope(missing)),
        }
    }

    fn check_expiry_within(&self, other: Option<Timestamp>) -> Result<()> {
        match (self.expires_at(), other) {
            (None, _) => Ok(()),
            (Some(own), Some(other)) if other <= own => Ok(()),
            (Some(own), _) => Err(Error::ExpiryExceedsCaller { own }),
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the callers of a test")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::pepper::PepperVersion;

    fn id(caller: Caller, scopes: Scopes) -> CallerId {
        Principal::authenticated(TenantId::parse("acme").expect("a tenant"), caller, scopes).caller_id()
    }

    fn user(id: &str) -> Caller {
        Caller::User { id: id.into(), manages_keys: true }
    }

    fn key(mac: u8) -> Caller {
        let id = KeyId::parse("key_0123456789ab").expect("an id");
        let secret = KeyHash { pepper: PepperVersion("1".into()), mac: vec![mac; 32] };
        Caller::Key { id, secret, expires_at: None, replaced: None }
    }

    #[test]
    fn a_caller_is_the_same_with_a_new_secret_and_with_an_exchanged_token() {
        assert_eq!(id(key(1), Scopes::all()), id(key(2), Scopes::all()));
        let member = Caller::User { id: "user_1".into(), manages_keys: false };
        let token = Caller::Token { user: "user_1".into() };
        assert_eq!(id(user("user_1"), Scopes::all()), id(token, Scopes::default()));
        assert_eq!(id(user("user_1"), Scopes::all()), id(member, Scopes::all()));
    }

    #[test]
    fn whatever_a_user_is_called_its_name_is_short_and_nobody_elses() {
        let long = "u".repeat(16 * 1024);
        let users = ["user_1", "user_2", "key_0123456789ab", "operator", "a#b", "a", "a#", "#", "ä", &long];
        let callers = users.map(user).into_iter().chain([key(1), Caller::Operator]);
        let ids: BTreeSet<CallerId> = callers.map(|caller| id(caller, Scopes::all())).collect();
        assert_eq!(ids.len(), users.len() + 2);
        assert!(ids.iter().all(|id| !id.as_str().contains('#') && id.as_str().len() <= 64), "{ids:?}");
    }
}
