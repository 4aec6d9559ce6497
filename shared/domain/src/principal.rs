//! Who is asking, whatever the credential, and what they may do with keys.
//!
//! The rule behind key management: nobody ends up with a plain key in hand that can do more, or
//! lives longer, than the credential they came with.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::Forbidden;
use crate::key_summary::KeySummary;
use crate::pepper::KeyHash;
use crate::{Error, KeyId, Result, Scope, Scopes, TenantId, Timestamp};

/// An authenticated caller. Tenant-bound handles to the store can only be had with one.
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
        /// What is kept of the secret that was presented.
        secret: KeyHash,
        /// When the presented secret stops working.
        expires_at: Option<Timestamp>,
        /// Set when the presented secret is one that a rotation replaced.
        replaced: Option<Replaced>,
    },
    /// A user in a session of Clerk's.
    User {
        /// The user's id at the issuer, which may be any text.
        id: String,
        /// Whether the user may manage the tenant's keys.
        manages_keys: bool,
    },
    /// The holder of a token of our own, which a session was traded for.
    Token {
        /// The id of the session's user.
        user: String,
    },
    /// Whoever runs the deployment and reaches the tables by other means than the API.
    Operator,
}

/// Names a caller within its tenant, for what is kept for that caller alone: a key by its id, which rotations keep,
/// and a user, in a session or with a token that it was exchanged for, by the SHA-256 of the user's id. No two callers
/// have one name, and none has a `#` or more than 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerId(String);

impl CallerId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The state of a secret in its grace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// When it was replaced.
    pub at: Timestamp,
    /// When it stops working.
    pub works_until: Timestamp,
}

impl Principal {
    /// The caller that a credential proved. Only the guard and the operator's tools may call this:
    /// `.clippy.toml` refuses it anywhere else.
    pub const fn authenticated(tenant: TenantId, caller: Caller, scopes: Scopes) -> Self {
        Self { tenant, caller, scopes }
    }

    /// The tenant whose data this caller sees; the only one.
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// What the caller may do.
    pub const fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// The caller's key, when it came with one.
    pub const fn key_id(&self) -> Option<&KeyId> {
        match &self.caller {
            Caller::Key { id, .. } => Some(id),
            Caller::User { .. } | Caller::Token { .. } | Caller::Operator => None,
        }
    }

    /// Who the caller is, whatever the secret, session or token it came with.
    pub fn caller_id(&self) -> CallerId {
        CallerId(match &self.caller {
            Caller::Key { id, .. } => id.to_string(),
            Caller::User { id: user, .. } | Caller::Token { user } => {
                format!("usr_{}", URL_SAFE_NO_PAD.encode(Sha256::digest(user)))
            }
            Caller::Operator => "operator".into(),
        })
    }

    /// The user that the caller is or acts for, when it came without a key.
    pub fn user(&self) -> Option<&str> {
        match &self.caller {
            Caller::User { id: user, .. } | Caller::Token { user } => Some(user),
            Caller::Key { .. } | Caller::Operator => None,
        }
    }

    /// What is kept of the secret that the caller presented, when it came with a key.
    pub const fn secret(&self) -> Option<&KeyHash> {
        match &self.caller {
            Caller::Key { secret, .. } => Some(secret),
            Caller::User { .. } | Caller::Token { .. } | Caller::Operator => None,
        }
    }

    /// When the presented key stops working, which bounds what it may hand out; `None` for never, and for
    /// callers without a key, whom nothing bounds.
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

    /// Whether the caller may have a new secret of `key`: it has all the key's scopes, and does not
    /// expire before the key does. A replaced secret therefore cannot renew itself.
    pub fn may_rotate(&self, key: &KeySummary) -> Result<()> {
        self.may_manage_keys()?;
        self.has_all(key.scopes)?;
        if let (Some(replaced), true) = (self.replaced(), self.key_id() == Some(&key.id)) {
            return Err(Error::ExpiryExceedsCaller { own: replaced.works_until });
        }
        self.check_expiry_within(key.expires_at)
    }

    /// Whether the caller may revoke `key`: itself, or one whose scopes it has all of.
    pub fn may_revoke(&self, key: &KeySummary) -> Result<()> {
        self.may_manage_keys()?;
        if self.key_id() == Some(&key.id) { Ok(()) } else { self.has_all(key.scopes) }
    }

    /// Whether the caller's tenant comes into being with the caller: a user's does, a key's and a token's are
    /// gone when they are gone.
    pub const fn may_provision_tenant(&self) -> bool {
        matches!(self.caller, Caller::User { .. })
    }

    /// Whether the caller may have a token of our own made: only who came with a session of Clerk's, so that
    /// no token outlives the session by being traded again and again.
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
