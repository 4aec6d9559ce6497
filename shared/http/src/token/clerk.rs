//! Clerk session tokens: verifies header, key, signature and claims, in that order.

use std::sync::Arc;

use hb_domain::clerk::{ClerkRules, SessionError};
use hb_domain::error::Forbidden;
use hb_domain::token::{self, Claims, TokenHeader};
use hb_domain::{Error, Result, Timestamp};
use jsonwebtoken::{Algorithm, Validation};

use super::jwks::{Jwks, VerifyingKey};
use super::settings::{ClerkSettings, KeySource};
use super::{Kind, Verified, expired, refused};

/// Verifies the tokens of one issuer.
#[derive(Debug)]
pub(crate) struct Clerk {
    rules: ClerkRules,
    keys: Keys,
}

#[derive(Debug)]
enum Keys {
    Fetched(Box<Jwks>),
    Known(Arc<VerifyingKey>),
}

impl Clerk {
    pub(crate) fn new(settings: ClerkSettings) -> Self {
        let keys = match settings.keys {
            KeySource::Url(url) => Keys::Fetched(Box::new(Jwks::new(url))),
            KeySource::Pem(key) => Keys::Known(Arc::new(key)),
        };
        Self { rules: settings.rules, keys }
    }

    /// Whether the issuer's keys should be [renewed](Self::renew_keys).
    pub(crate) fn is_renewal_due(&self, now: Timestamp) -> bool {
        matches!(&self.keys, Keys::Fetched(keys) if keys.is_renewal_due(now))
    }

    /// Fetches the issuer's keys again if that is due.
    pub(crate) async fn renew_keys(&self, now: Timestamp) {
        if let Keys::Fetched(keys) = &self.keys {
            keys.renew(now).await;
        }
    }

    /// Verifies a session token. `party` is an authorized party besides those of the settings.
    pub(crate) async fn verify(
        &self,
        token: &str,
        header: &TokenHeader,
        party: Option<&str>,
        now: Timestamp,
    ) -> Result<Verified> {
        let key = match (&self.keys, &header.key_id) {
            (Keys::Known(key), _) => Some(Arc::clone(key)),
            (Keys::Fetched(keys), Some(name)) => keys.key(name, now).await?,
            (Keys::Fetched(_), None) => None,
        };
        // The key determines the algorithm, never the token.
        let key = key.filter(|key| key.algorithm == header.algorithm).ok_or_else(|| refused("Key"))?;
        if !signature_holds(token, &key) {
            return Err(refused("Signature"));
        }
        let claims = Claims::parse(token).ok_or_else(|| refused("Claims"))?;
        let session = self.rules.verify(header, &claims, party, now).map_err(|error| match error {
            SessionError::Unknown(rule) => refused(rule),
            SessionError::Expired => expired(),
            SessionError::NoOrganization => {
                tracing::debug!(rule = "NoOrganization", "a token is refused");
                Error::Forbidden(Forbidden::NoOrganization)
            }
        })?;
        let kind = Kind::User { manages_keys: session.manages_keys };
        Ok(Verified { tenant: session.tenant, user: session.user, kind, expires_at: session.expires_at })
    }
}

/// Whether the token is signed with this key. The claims are checked separately, by the clock of the instance, so every
/// check of the library is turned off by name; some are on by default.
fn signature_holds(token: &str, key: &VerifyingKey) -> bool {
    let mut validation = Validation::new(match key.algorithm {
        token::Algorithm::Rs256 => Algorithm::RS256,
        token::Algorithm::Es256 => Algorithm::ES256,
        // No Clerk key has the algorithm of access tokens.
        token::Algorithm::EdDsa => return false,
    });
    validation.leeway = 0;
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<serde::de::IgnoredAny>(token, &key.key, &validation).is_ok()
}
