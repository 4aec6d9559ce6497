//! First-party access tokens: EdDSA, valid for 15 minutes, issued in exchange for a Clerk session.
//!
//! The subject is the tenant. The user, who is not the tenant where that is an organization, is the acting party
//! (`act`, RFC 8693, section 4.1). Two versions of the token secret are accepted at a time.

mod keys;
mod verify;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hb_domain::token::TokenHeader;
use hb_domain::{Error, Principal, RequestId, Result, Scope, Scopes, Timestamp};
use hb_store::Store;
use jsonwebtoken::{Algorithm, Header};
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::{Verified, refused};
use crate::secret_cache::{NamedBy, SecretCache, Versions};
use keys::{AccessTokenKeys, PREFIX};

/// The lifetime of a token.
const LIFETIME: Duration = Duration::from_secs(900);
const ISSUER: &str = "herobrain";
const AUDIENCE: &str = "herobrain-api";
/// How long keys are cached. A version that was replaced twice is still accepted for up to this long.
const MAX_KEY_AGE: Duration = Duration::from_secs(300);

/// Issues and verifies access tokens.
#[derive(Debug)]
pub(crate) struct AccessTokens(SecretCache<AccessTokenKeys>);

impl Default for AccessTokens {
    fn default() -> Self {
        Self(SecretCache::named_by(NamedBy::Callers))
    }
}

/// An issued token. Its `Debug` leaves the token out.
pub struct MintedToken {
    /// The token.
    pub token: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl fmt::Debug for MintedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MintedToken(until {})", self.expires_at)
    }
}

impl AccessTokens {
    /// A token of the caller's tenant with these scopes.
    pub(crate) async fn mint(
        &self,
        store: &Store,
        principal: &Principal,
        scopes: Scopes,
        now: Timestamp,
        rng: &mut StdRng,
    ) -> Result<MintedToken> {
        let keys = self.keys(store, now).await?;
        let key = keys.current()?;
        let expires_at = Timestamp::from_millis((now.seconds() + LIFETIME.as_secs().cast_signed()) * 1_000);
        let names: Vec<&str> = scopes.iter().map(Scope::as_str).collect();
        let user = principal.user().ok_or_else(|| Error::Internal("a token for no user".into()))?;
        let claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": principal.tenant(),
            "act": {"sub": user},
            "scope": names.join(" "),
            "iat": now.seconds(),
            "exp": expires_at.seconds(),
            "jti": RequestId::mint(rng).as_str().replace("req_", "jti_"),
        });
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::EdDSA) };
        let token = jsonwebtoken::encode(&header, &claims, &key.signing);
        let token = token.map_err(|error| Error::Internal(format!("token: {error}")))?;
        Ok(MintedToken { token, expires_at })
    }

    /// Verifies an access token.
    ///
    /// # Errors
    /// [`Error::AuthInvalid`] when it is invalid or has expired, [`Error::Unavailable`] when the keys cannot be read.
    pub(crate) async fn verify(
        &self,
        store: &Store,
        token: &str,
        header: &TokenHeader,
        now: Timestamp,
    ) -> Result<Verified> {
        let id =
            header.key_id.as_deref().filter(|id| id.starts_with(PREFIX)).ok_or_else(|| refused("Key"))?;
        let mut keys = self.keys(store, now).await?;
        if !keys.has(id) {
            let read = AccessTokenKeys::read(store);
            keys = self.0.reload(&keys, id, now, read).await?.ok_or_else(|| refused("Key"))?;
        }
        verify::verify(token, keys.get(id).ok_or_else(|| refused("Key"))?, now)
    }

    /// The public keys, as a JSON Web Key Set.
    pub(crate) async fn public_keys(&self, store: &Store, now: Timestamp) -> Result<Value> {
        Ok(self.keys(store, now).await?.public())
    }

    async fn keys(&self, store: &Store, now: Timestamp) -> Result<Arc<AccessTokenKeys>> {
        self.0.get_fresh(now, MAX_KEY_AGE, AccessTokenKeys::read(store)).await
    }
}
