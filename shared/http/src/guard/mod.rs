//! The guard: authenticates and admits the requests of every route with a credential.
//!
//! A request that ends in 401 is not counted. Every admitted request is, also when it ends in 403. A tenant that this
//! instance has just refused is refused again from the cache, without a call to the database.

mod admit;
mod authenticate;
mod cache;
pub(crate) mod origin;
mod pages;
mod peppers;
mod refused;

use std::sync::Arc;

use hb_domain::bearer::{Bearer, TokenText};
use hb_domain::error::AuthFailure;
use hb_domain::principal::Replaced;
use hb_domain::tenant::{RateLimitStatus, Recording, SearchVersion};
use hb_domain::{ApiKey, Clock, Error, KeyId, Principal, RequestId};
use hb_store::{Context, Store};

use crate::token::Tokens;
use admit::Step;
use cache::{Cache, Interval};
use origin::OriginGuard;
pub(crate) use pages::AdmittedPage;
use pages::PageBuckets;
pub(crate) use peppers::PepperCache;
use refused::RefusedCredentials;

/// Authenticates and admits requests, with a cache of keys and tenants.
#[derive(Debug)]
pub(crate) struct Guard {
    store: Store,
    /// Read anew for each decision: the result of a slow call is checked at the time of its return.
    clock: Clock,
    pub(crate) peppers: Arc<PepperCache>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) origin: OriginGuard,
    cache: Cache,
    refused: RefusedCredentials,
    pages: PageBuckets,
}

/// An admitted request.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) principal: Principal,
    pub(crate) rate_limit: RateLimitStatus,
    /// Refused requests of this key that have not been written yet.
    pub(crate) limited: u64,
    /// The version of the tenant's memories at the time of the admission.
    pub(crate) search: SearchVersion,
    /// Whether the tenant's searches were recorded then.
    pub(crate) recording: Recording,
}

impl Admission {
    /// The refusal of this caller, with its rate-limit status.
    fn refused(self, error: Error) -> Refusal {
        Refusal { error, principal: Some(self.principal), rate_limit: Some(self.rate_limit) }
    }

    /// The context of the admitted request `id`.
    pub(crate) fn into_context(self, id: RequestId) -> Context {
        Context::request(self.principal, self.rate_limit, self.search, self.recording, id)
    }
}

/// A refused request.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: Error,
    /// The caller, when it was authenticated.
    pub(crate) principal: Option<Principal>,
    /// The rate-limit status for the headers, when the caller was authenticated.
    pub(crate) rate_limit: Option<RateLimitStatus>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, principal: None, rate_limit: None }
    }
}

impl Refusal {
    /// The rotation that replaced the presented secret, if one did.
    pub(crate) fn replaced(&self) -> Option<Replaced> {
        self.principal.as_ref().and_then(Principal::replaced)
    }
}

/// How often a request starts over because the tenant's keys or plan changed meanwhile.
const MAX_ATTEMPTS: usize = 4;

impl Guard {
    pub(crate) fn new(store: Store, clock: Clock, tokens: Tokens) -> Self {
        Self {
            store,
            clock,
            peppers: Arc::default(),
            tokens: Arc::new(tokens),
            origin: OriginGuard::default(),
            cache: Cache::default(),
            refused: RefusedCredentials::default(),
            pages: PageBuckets::default(),
        }
    }

    /// Authenticates and admits a request that presents this credential.
    pub(crate) async fn admit(&self, bearer: Option<Bearer>) -> Result<Admission, Refusal> {
        let credential = credential_of(bearer)?;
        let mut authenticated = self.authenticate(&credential, self.clock.now()).await?;
        for _ in 0..MAX_ATTEMPTS {
            self.check_cached_refusal(&authenticated, self.clock.now())?;
            match self.admit_once(authenticated).await? {
                Step::Admitted(admission) => return Ok(admission),
                Step::StartOver => authenticated = self.authenticate(&credential, self.clock.now()).await?,
            }
        }
        Err(authenticated
            .refused(Error::Unavailable("the tenant's epoch kept changing".into()), self.clock.now()))
    }

    /// Authenticates a request that is not counted, and reads its tenant consistently.
    pub(crate) async fn admit_unmetered(&self, bearer: Option<Bearer>) -> Result<Admission, Refusal> {
        let credential = credential_of(bearer)?;
        let mut authenticated = self.authenticate(&credential, self.clock.now()).await?;
        let mut retry_after = None;
        for pass in 0..MAX_ATTEMPTS {
            let now = self.clock.now();
            self.check_cached_refusal(&authenticated, now).or_else(|refusal| match refusal.error {
                // Unmetered requests are answered also when the limits are used up.
                Error::RateLimited { .. } | Error::QuotaExhausted(_) => Ok(()),
                _ => Err(refusal),
            })?;
            // A changed epoch restarts the same request, which has been checked against the interval already.
            if pass == 0 {
                match self.cache.check_unmetered_interval(authenticated.principal.tenant(), now) {
                    Interval::Over => {}
                    Interval::Running { left, is_verified: true } => retry_after = Some(left),
                    Interval::Running { left: retry_after, is_verified: false } => {
                        return Err(authenticated.refused(Error::RateLimited { retry_after }, now));
                    }
                }
            }
            // The read also shows whether the credential has been revoked, which a caller has to learn at once.
            match self.read_once(authenticated).await? {
                Step::Admitted(admission) => {
                    return match retry_after {
                        None => Ok(admission),
                        Some(retry_after) => Err(admission.refused(Error::RateLimited { retry_after })),
                    };
                }
                Step::StartOver => authenticated = self.authenticate(&credential, self.clock.now()).await?,
            }
        }
        Err(authenticated
            .refused(Error::Unavailable("the tenant's epoch kept changing".into()), self.clock.now()))
    }

    /// Counts a refused request of `key`, to be written with its next admitted request.
    pub(crate) fn record_rate_limited(&self, key: &KeyId) {
        self.cache.record_rate_limited(key);
    }
}

/// A well-formed credential.
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
