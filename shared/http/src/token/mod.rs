//! Tokens: Clerk's, which users bring along, and our own, which a session can be traded for.

mod access_tokens;
mod address;
mod clerk;
mod fetch;
mod jwks;
mod settings;

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hb_domain::bearer::TokenText;
use hb_domain::error::AuthFailure;
use hb_domain::principal::Caller;
use hb_domain::token::{Algorithm, TokenHeader};
use hb_domain::{Error, Principal, Result, Scopes, TenantId, Timestamp};
use hb_store::Store;
use lru::LruCache;
use sha2::{Digest, Sha256};

use access_tokens::AccessTokens;
pub use access_tokens::MintedToken;
use clerk::Clerk;
pub use settings::ClerkSettings;

/// How long a token that was verified is believed without being verified again.
const BELIEVED: Duration = Duration::from_secs(60);
/// How many are remembered, each some 200 bytes.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// Verifies tokens, with what this instance remembers of keys and of tokens.
#[derive(Debug)]
pub(crate) struct Tokens {
    clerk: Option<Clerk>,
    pub(crate) access: AccessTokens,
    /// By the SHA-256 of the token: what is remembered cannot be presented.
    verified: Mutex<LruCache<[u8; 32], (Verified, Timestamp)>>,
}

/// Who a token is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) tenant: TenantId,
    user: String,
    kind: Kind,
    expires_at: Timestamp,
}

/// Whose tokens there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    User { manages_keys: bool },
    AccessToken { scopes: Scopes },
}

impl Verified {
    /// Whether its tenant comes into being when it is first seen.
    pub(crate) const fn may_provision_tenant(&self) -> bool {
        matches!(self.kind, Kind::User { .. })
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
    /// Tokens of a deployment; without settings of Clerk only our own are known, and nobody gets one.
    pub(crate) fn new(clerk: Option<ClerkSettings>) -> Self {
        let verified = Mutex::new(LruCache::new(CAPACITY));
        Self { clerk: clerk.map(Clerk::new), access: AccessTokens::default(), verified }
    }

    /// Who a token is of.
    ///
    /// # Errors
    /// [`Error::AuthInvalid`] when it is not good, [`Error::Forbidden`] when its session has no tenant,
    /// [`Error::Upstream`] or [`Error::Unavailable`] when keys cannot be had.
    pub(crate) async fn verify(&self, store: &Store, token: &TokenText, now: Timestamp) -> Result<Verified> {
        let digest: [u8; 32] = Sha256::digest(token.as_str()).into();
        if let Some(verified) = self.remembered(&digest, now) {
            return Ok(verified);
        }
        let unknown = || Error::AuthInvalid(AuthFailure::Unknown);
        let header = TokenHeader::parse(token.as_str()).ok_or_else(unknown)?;
        let verified = match (header.algorithm, &self.clerk) {
            // Without Clerk nobody has a session to trade, so there is no token of ours either.
            (_, None) => return Err(unknown()),
            (Algorithm::EdDsa, Some(_)) => self.access.verify(store, token.as_str(), &header, now).await?,
            (Algorithm::Rs256 | Algorithm::Es256, Some(clerk)) => {
                clerk.verify(token.as_str(), &header, now).await?
            }
        };
        let until = verified.expires_at.min(now.plus(BELIEVED));
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).put(digest, (verified.clone(), until));
        Ok(verified)
    }

    fn remembered(&self, digest: &[u8; 32], now: Timestamp) -> Option<Verified> {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not make a token younger than it was.
        let (found, until) = verified.get(digest)?;
        (now < *until && *until <= now.plus(BELIEVED)).then(|| found.clone())
    }
}
