//! Tokens: Clerk sessions, and first-party access tokens, for which a session can be exchanged.

mod access_tokens;
mod clerk;
mod fetch;
mod jwks;
mod pem;
mod settings;

use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hb_domain::bearer::TokenText;
use hb_domain::dashboard::SignedIn;
use hb_domain::error::AuthFailure;
use hb_domain::principal::Caller;
use hb_domain::token::{Algorithm, TokenHeader};
use hb_domain::{Error, Principal, Result, Scopes, TenantId, Timestamp};
use hb_store::Store;
use lru::LruCache;

use access_tokens::AccessTokens;
pub use access_tokens::MintedToken;
use clerk::Clerk;
pub use settings::ClerkSettings;

/// How long a verified token is cached.
const MAX_AGE: Duration = Duration::from_secs(60);
/// The most cached tokens, each about 200 bytes.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// Verifies tokens, with a cache of keys and of verified tokens.
#[derive(Debug)]
pub(crate) struct Tokens {
    clerk: Option<Clerk>,
    pub(crate) access: AccessTokens,
    /// By the SHA-256 of the token, so that the cache contains no credential.
    verified: Mutex<LruCache<[u8; 32], (Verified, Timestamp)>>,
}

/// The caller that a verified token names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) tenant: TenantId,
    user: String,
    kind: Kind,
    expires_at: Timestamp,
}

/// The kinds of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    User { manages_keys: bool },
    AccessToken { scopes: Scopes },
}

/// The error of an invalid token. The debug log names the violated rule; neither contains any part of the token.
fn refused(rule: impl Debug) -> Error {
    tracing::debug!(?rule, "a token is refused");
    Error::AuthInvalid(AuthFailure::Unknown)
}

/// As [`refused`], for a token that has expired.
fn expired() -> Error {
    tracing::debug!(rule = "Expired", "a token is refused");
    Error::AuthInvalid(AuthFailure::TokenExpired)
}

impl Verified {
    /// Whether its tenant is created when it does not exist.
    pub(crate) const fn may_provision_tenant(&self) -> bool {
        matches!(self.kind, Kind::User { .. })
    }

    /// Who signs in with the token; `None` if it is no session's.
    pub(crate) fn signed_in(&self) -> Option<SignedIn> {
        match self.kind {
            Kind::User { manages_keys } => Some(SignedIn::User { id: self.user.clone(), manages_keys }),
            Kind::AccessToken { .. } => None,
        }
    }

    /// The caller.
    #[expect(clippy::disallowed_methods, reason = "a verified token is what proves a caller")]
    pub(crate) fn principal(&self) -> Principal {
        let user = self.user.clone();
        let (caller, scopes) = match self.kind {
            Kind::User { manages_keys } => (Caller::User { id: user, manages_keys }, Scopes::all()),
            Kind::AccessToken { scopes } => (Caller::Token { user }, scopes),
        };
        Principal::authenticated(self.tenant.clone(), caller, scopes)
    }
}

impl Tokens {
    /// The tokens of a deployment. Without Clerk settings no token is valid.
    pub(crate) fn new(clerk: Option<ClerkSettings>) -> Self {
        let verified = Mutex::new(LruCache::new(CAPACITY));
        Self { clerk: clerk.map(Clerk::new), access: AccessTokens::default(), verified }
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// [`Error::AuthInvalid`] when it is invalid or has expired, [`Error::Forbidden`] when its session has no tenant,
    /// [`Error::Upstream`] or [`Error::Unavailable`] when keys cannot be read.
    pub(crate) async fn verify(&self, store: &Store, token: &TokenText, now: Timestamp) -> Result<Verified> {
        let digest = token.digest();
        if let Some(verified) = self.cached(&digest, now) {
            return Ok(verified);
        }
        let header = TokenHeader::parse(token.as_str()).ok_or_else(|| refused("Header"))?;
        let verified = match (header.algorithm, &self.clerk) {
            // Without Clerk there is no session to exchange, so no access token was issued either.
            (_, None) => return Err(refused("NoClerk")),
            (Algorithm::EdDsa, Some(_)) => self.access.verify(store, token.as_str(), &header, now).await?,
            (Algorithm::Rs256 | Algorithm::Es256, Some(clerk)) => {
                clerk.verify(token.as_str(), &header, None, now).await?
            }
        };
        let until = verified.expires_at.min(now.plus(MAX_AGE));
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).put(digest, (verified.clone(), until));
        Ok(verified)
    }

    /// Verifies the token of a session that signs in on a page of `origin`, which is an authorized party too.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub(crate) async fn verify_session(
        &self,
        token: &TokenText,
        origin: &str,
        now: Timestamp,
    ) -> Result<Verified> {
        let header = TokenHeader::parse(token.as_str()).ok_or_else(|| refused("Header"))?;
        match (header.algorithm, &self.clerk) {
            (Algorithm::Rs256 | Algorithm::Es256, Some(clerk)) => {
                clerk.verify(token.as_str(), &header, Some(origin), now).await
            }
            _ => Err(refused("NoSession")),
        }
    }

    /// Fetches the issuer's keys again if they are in use and that is due, for a request that presents a session. It is
    /// to run beside the request's own work, which it neither waits for nor holds up.
    pub(crate) async fn renew_keys(&self, token: &TokenText, now: Timestamp) {
        let Some(clerk) = self.clerk.as_ref().filter(|clerk| clerk.is_renewal_due(now)) else { return };
        let algorithm = TokenHeader::parse(token.as_str()).map(|header| header.algorithm);
        // An access token does not depend on the issuer.
        if matches!(algorithm, Some(Algorithm::Rs256 | Algorithm::Es256)) {
            clerk.renew_keys(now).await;
        }
    }

    fn cached(&self, digest: &[u8; 32], now: Timestamp) -> Option<Verified> {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not extend the time that a token is cached.
        let (found, until) = verified.get(digest)?;
        (now < *until && *until <= now.plus(MAX_AGE)).then(|| found.clone())
    }
}
