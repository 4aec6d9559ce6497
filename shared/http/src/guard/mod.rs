//! The guard: authenticate → admit → authorize, in that order and for every route.
//!
//! A 401 is not counted; whatever comes after admission is, a 403 included. A caller whom this
//! instance has just refused is refused again from memory, without a call.

mod admit;
mod authenticate;
mod cache;
mod peppers;

use std::sync::Arc;

use hb_domain::bearer::{Bearer, TokenText};
use hb_domain::error::AuthFailure;
use hb_domain::principal::Replaced;
use hb_domain::tenant::{RateLimitStatus, SearchVersion};
use hb_domain::{ApiKey, Clock, Error, KeyId, Principal, RequestId};
use hb_store::{Context, Store};

use crate::token::Tokens;
use cache::Cache;
pub(crate) use peppers::PepperCache;

/// Decides about requests, with what this instance remembers of keys and tenants.
#[derive(Debug)]
pub(crate) struct Guard {
    store: Store,
    /// Asked anew for each decision: what a slow call brings back is judged by the time it comes back.
    clock: Clock,
    pub(crate) peppers: Arc<PepperCache>,
    pub(crate) tokens: Arc<Tokens>,
    cache: Cache,
}

/// A request that was let in.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) principal: Principal,
    pub(crate) rate_limit: RateLimitStatus,
    /// Refusals of this key that this instance remembers and has not written down yet.
    pub(crate) limited: u64,
    /// Of which version the tenant's memories were when it was let through.
    pub(crate) search: SearchVersion,
}

impl Admission {
    /// The context of the admitted request `id`.
    pub(crate) fn into_context(self, id: RequestId) -> Context {
        Context::request(self.principal, self.rate_limit, self.search, id)
    }
}

/// A request that was not.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: Error,
    /// Who asked, when that was established.
    pub(crate) principal: Option<Principal>,
    /// The standing that the answer's headers show, when the caller is known.
    pub(crate) rate_limit: Option<RateLimitStatus>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, principal: None, rate_limit: None }
    }
}

impl Refusal {
    /// When the secret that the caller presented was replaced, if it was.
    pub(crate) fn replaced(&self) -> Option<Replaced> {
        self.principal.as_ref().and_then(Principal::replaced)
    }
}

/// How many times a request starts over because the tenant's keys or plan changed under it.
const MAX_RELOADS: usize = 4;

impl Guard {
    pub(crate) fn new(store: Store, clock: Clock, tokens: Tokens) -> Self {
        Self { store, clock, peppers: Arc::default(), tokens: Arc::new(tokens), cache: Cache::default() }
    }

    /// Authenticates and admits a request that presents this credential.
    pub(crate) async fn admit(&self, bearer: Option<Bearer>) -> Result<Admission, Refusal> {
        let credential = credential_of(bearer)?;
        let mut authenticated = self.authenticate(&credential, self.clock.now()).await?;
        for _ in 0..MAX_RELOADS {
            self.refuse_from_memory(&authenticated, self.clock.now())?;
            match self.admit_once(authenticated).await? {
                Some(admission) => return Ok(admission),
                None => authenticated = self.authenticate(&credential, self.clock.now()).await?,
            }
        }
        Err(authenticated
            .refused(Error::Unavailable("the tenant's epoch kept moving".into()), self.clock.now()))
    }

    /// Authenticates a request that is not counted and reads its tenant's standing, consistently.
    pub(crate) async fn rate_limit_status(&self, bearer: Option<Bearer>) -> Result<Admission, Refusal> {
        let credential = credential_of(bearer)?;
        let mut authenticated = self.authenticate(&credential, self.clock.now()).await?;
        for pass in 0..MAX_RELOADS {
            let now = self.clock.now();
            self.refuse_from_memory(&authenticated, now).or_else(|refusal| match refusal.error {
                // The standing is there to be asked for exactly then.
                Error::RateLimited { .. } | Error::QuotaExhausted(_) => Ok(()),
                _ => Err(refusal),
            })?;
            // Starting over because the epoch has moved is not asking again.
            if pass == 0
                && let Some(retry_after) = self.cache.status_requested(authenticated.principal.tenant(), now)
            {
                return Err(authenticated.refused(Error::RateLimited { retry_after }, now));
            }
            match self.read_rate_limit_status(authenticated).await? {
                Some(admission) => return Ok(admission),
                None => authenticated = self.authenticate(&credential, self.clock.now()).await?,
            }
        }
        Err(authenticated
            .refused(Error::Unavailable("the tenant's epoch kept moving".into()), self.clock.now()))
    }

    /// Notes a refusal of `key`, to be written down with its next admitted request.
    pub(crate) fn record_rate_limited(&self, key: &KeyId) {
        self.cache.record_rate_limited(key);
    }
}

/// What a caller presents, when it could be good.
#[derive(Debug)]
enum Credential {
    Key(ApiKey),
    Token(TokenText),
}

fn credential_of(bearer: Option<Bearer>) -> Result<Credential, Error> {
    match bearer {
        None => Err(Error::AuthRequired),
        Some(Bearer::Unknown) => Err(Error::AuthInvalid(AuthFailure::Unknown)),
        Some(Bearer::Key(key)) => Ok(Credential::Key(key)),
        Some(Bearer::Token(token)) => Ok(Credential::Token(token)),
    }
}
