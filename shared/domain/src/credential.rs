//! The stored state of a key's secret, and the verification of a presented key.

use std::time::Duration;

use crate::key::Environment;
use crate::pepper::{KeyHash, Match, PepperVersion, Peppers};
use crate::principal::{Caller, Principal, Replaced};
use crate::{ApiKey, KeyId, Scopes, TenantId, Timestamp};

/// The longest grace period of a replaced secret: a week.
pub const MAX_GRACE: Duration = Duration::from_secs(604_800);

/// The stored state of a key that authentication needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCredential {
    /// The key's id.
    pub id: KeyId,
    /// The key's tenant.
    pub tenant: TenantId,
    /// The key's label.
    pub environment: Environment,
    /// The key's scopes.
    pub scopes: Scopes,
    /// When it expires; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The hash of the current secret.
    pub secret: KeyHash,
    /// The rotation that created the current secret.
    pub rotation: Option<String>,
    /// The secret that the last rotation replaced.
    pub previous: Option<PreviousSecret>,
}

/// A secret that a rotation replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousSecret {
    /// Its hash.
    pub secret: KeyHash,
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// When its grace period ends.
    pub works_until: Timestamp,
}

/// Why a presented key is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialError {
    /// Its secret is neither the current one nor the replaced one.
    Unknown,
    /// The secret is right, but the key has been revoked.
    Revoked,
    /// The secret is right, but the key has expired, or the grace period of a replaced secret is over.
    Expired,
    /// The hash was made with this pepper version, which the process has not loaded.
    UnknownPepper(PepperVersion),
}

impl StoredCredential {
    /// The caller that presents `plain` at `now`. Revocation and expiry are reported only for a right secret.
    #[expect(clippy::disallowed_methods, reason = "the judgement is what proves a caller")]
    pub fn verify(
        &self,
        plain: &ApiKey,
        peppers: &Peppers,
        now: Timestamp,
    ) -> Result<Principal, CredentialError> {
        let mut matching = None;
        let mut unknown = None;
        let previous = self.previous.as_ref();
        for (secret, replaced) in [(Some(&self.secret), None), (previous.map(|p| &p.secret), previous)] {
            let Some(secret) = secret else { continue };
            match peppers.compare(secret, plain) {
                Match::Same => matching = matching.or(Some((secret, replaced))),
                Match::Different => {}
                Match::UnknownPepper => unknown = unknown.or(Some(&secret.pepper)),
            }
        }
        let Some((secret, replaced)) = matching else {
            return Err(unknown.map_or(CredentialError::Unknown, |version| {
                CredentialError::UnknownPepper(version.clone())
            }));
        };
        if self.revoked_at.is_some() {
            return Err(CredentialError::Revoked);
        }
        let works_until = replaced.map(|p| p.works_until);
        let expires_at = [self.expires_at, works_until].into_iter().flatten().min();
        if expires_at.is_some_and(|end| end <= now) {
            return Err(CredentialError::Expired);
        }
        // The grace period may end after the key expires; the earlier of the two applies.
        let replaced =
            replaced.zip(expires_at).map(|(p, works_until)| Replaced { at: p.replaced_at, works_until });
        let caller = Caller::Key { id: self.id.clone(), secret: secret.clone(), expires_at, replaced };
        Ok(Principal::authenticated(self.tenant.clone(), caller, self.scopes))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::pepper::Pepper;

    fn peppers() -> Peppers {
        Peppers { current: Pepper::new(PepperVersion("1".into()), b"secret".to_vec()), previous: None }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    /// A key rotated at 100 s with 50 s of grace, that expires at 1,000 s; with its new and its old secret.
    fn rotated() -> (StoredCredential, ApiKey, ApiKey) {
        let mut rng = StdRng::seed_from_u64(3);
        let id = KeyId::mint(&mut rng);
        let new = ApiKey::mint(&id, Environment::Production, &mut rng);
        let old = ApiKey::mint(&id, Environment::Production, &mut rng);
        let pepper = peppers().current;
        let credential = StoredCredential {
            id,
            tenant: TenantId::parse("t").expect("a tenant"),
            environment: Environment::Production,
            scopes: Scopes::all(),
            expires_at: Some(at(1_000)),
            revoked_at: None,
            secret: pepper.hash(&new),
            rotation: None,
            previous: Some(PreviousSecret {
                secret: pepper.hash(&old),
                replaced_at: at(100),
                works_until: at(150),
            }),
        };
        (credential, new, old)
    }

    #[test]
    fn a_replaced_secret_works_until_its_grace_period_ends() {
        let (credential, new, old) = rotated();
        let principal = credential.verify(&old, &peppers(), at(149)).expect("in grace");
        assert_eq!(principal.expires_at(), Some(at(150)));
        assert!(principal.replaced().is_some());
        assert_eq!(credential.verify(&old, &peppers(), at(150)), Err(CredentialError::Expired));
        assert!(credential.verify(&new, &peppers(), at(150)).expect("live").replaced().is_none());
    }

    #[test]
    fn a_grace_period_ends_with_the_key() {
        let (mut credential, _, old) = rotated();
        credential.expires_at = Some(at(120));
        let principal = credential.verify(&old, &peppers(), at(119)).expect("in grace");
        assert_eq!(principal.replaced().map(|replaced| replaced.works_until), Some(at(120)));
        assert_eq!(credential.verify(&old, &peppers(), at(120)), Err(CredentialError::Expired));
    }

    #[test]
    fn expiry_is_exclusive_and_revocation_wins() {
        let (mut credential, new, _) = rotated();
        assert!(credential.verify(&new, &peppers(), at(999)).is_ok());
        assert_eq!(credential.verify(&new, &peppers(), at(1_000)), Err(CredentialError::Expired));
        credential.revoked_at = Some(at(5));
        assert_eq!(credential.verify(&new, &peppers(), at(1_000)), Err(CredentialError::Revoked));
    }

    #[test]
    fn revocation_is_reported_only_for_the_right_secret() {
        let (mut credential, ..) = rotated();
        credential.revoked_at = Some(at(5));
        let guess = ApiKey::mint(&credential.id, Environment::Production, &mut StdRng::seed_from_u64(4));
        assert_eq!(credential.verify(&guess, &peppers(), at(6)), Err(CredentialError::Unknown));
    }
}
