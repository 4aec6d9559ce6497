//! Admission of pages: the session, its tenant, and the bucket of pages, which is not that of the API.
//!
//! Session and tenant are read consistently for each page, so that a sign-out, a suspension and a new plan hold at once.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hb_domain::admission::{AdmissionAttempt, LastSeen, Next};
use hb_domain::dashboard::{DashboardSession, DashboardToken, PAGE_ALLOWANCE, SignedIn};
use hb_domain::error::AuthFailure;
use hb_domain::meter::{Limit, UsageMeter};
use hb_domain::principal::Caller;
use hb_domain::tenant::Tenant;
use hb_domain::{Error, Principal, RequestId, Result, Scopes, TenantId, Timestamp};
use hb_store::{Context, PageAdmission};
use lru::LruCache;

use super::Guard;

/// The longest time that a refusal is cached.
const MAX_REFUSAL: Duration = Duration::from_secs(5);
/// The most tenants that are cached.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");

/// The buckets of pages, as this instance has seen them last.
#[derive(Debug)]
pub(crate) struct PageBuckets(Mutex<LruCache<TenantId, KnownBucket>>);

#[derive(Clone, Copy, Debug, Default)]
struct KnownBucket {
    seen: LastSeen,
    refused_until: Option<Timestamp>,
}

impl Default for PageBuckets {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

/// An admitted page.
#[derive(Clone, Debug)]
pub(crate) struct AdmittedPage {
    pub(crate) session: DashboardSession,
    pub(crate) principal: Principal,
    pub(crate) tenant: Tenant,
    pub(crate) at: Timestamp,
}

impl AdmittedPage {
    /// The context in which a route of the API works for this page.
    pub(crate) fn context(&self, id: RequestId) -> Context {
        let (principal, status) = (self.principal.clone(), self.tenant.rate_limit_status(self.at));
        Context::request(principal, status, self.tenant.search, self.tenant.recording, id)
    }
}

impl Guard {
    /// Admits a request for a page that presents this token of a session.
    ///
    /// # Errors
    /// [`Error::AuthRequired`] or [`Error::AuthInvalid`] when there is no such session or it has ended.
    pub(crate) async fn admit_page(&self, token: Option<&DashboardToken>) -> Result<AdmittedPage> {
        let token = token.ok_or(Error::AuthRequired)?;
        let id = token.tenant();
        let (sessions, tenants) = (self.store.dashboard_sessions(), self.store.tenants());
        let (session, tenant) = tokio::join!(sessions.get(token), tenants.get(id));
        let (session, at) = (session?.ok_or(Error::AuthRequired)?, self.clock.now());
        if session.remaining(at).is_zero() {
            return Err(Error::AuthInvalid(AuthFailure::TokenExpired));
        }
        let tenant = tenant?.ok_or(Error::AuthRequired)?;
        if tenant.suspended {
            return Err(Error::Suspended);
        }
        self.take_page(id).await?;
        let principal = principal(&session.signed_in, id);
        Ok(AdmittedPage { session, principal, tenant, at })
    }

    /// Takes one page from the tenant's bucket.
    async fn take_page(&self, tenant: &TenantId) -> Result<()> {
        let known = self.pages.get(tenant);
        let began = self.clock.now();
        if let Some(until) = known.refused_until.filter(|until| began < *until) {
            return Err(refused(Duration::from_micros((until.micros() - began.micros()).unsigned_abs())));
        }
        let sessions = self.store.dashboard_sessions();
        let mut admission = AdmissionAttempt::new(&PAGE_ALLOWANCE, &known.seen, began);
        loop {
            let outcome = sessions.admit(tenant, admission.branch(), admission.now()).await?;
            let now = self.clock.now();
            let found = match outcome {
                PageAdmission::Admitted(meter) => {
                    self.pages.store(tenant, &meter, true, None, now);
                    return Ok(());
                }
                PageAdmission::Failed(found) => found,
            };
            match admission.failed(&found, now) {
                Next::Write => {}
                Next::Repair { seen, horizon } => sessions.repair(tenant, seen, horizon).await?,
                Next::Refuse(Limit::Rate(wait)) => {
                    self.pages.store(tenant, &found, false, Some(now.plus(wait.min(MAX_REFUSAL))), now);
                    return Err(refused(wait));
                }
                Next::Refuse(Limit::Quota) => {
                    return Err(Error::Internal("pages have no quota".into()));
                }
            }
        }
    }
}

impl PageBuckets {
    fn get(&self, tenant: &TenantId) -> KnownBucket {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).copied().unwrap_or_default()
    }

    fn store(
        &self,
        tenant: &TenantId,
        meter: &UsageMeter,
        is_own: bool,
        refused_until: Option<Timestamp>,
        now: Timestamp,
    ) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = buckets.get_or_insert_mut(tenant.clone(), KnownBucket::default);
        known.seen.update(meter, is_own, now);
        known.refused_until = refused_until;
    }
}

fn refused(retry_after: Duration) -> Error {
    Error::RateLimited { retry_after }
}

/// The caller that the pages of a session use the API as.
#[expect(clippy::disallowed_methods, reason = "a session in the database is what proves a caller")]
fn principal(signed_in: &SignedIn, tenant: &TenantId) -> Principal {
    let caller = match signed_in {
        SignedIn::User { id, manages_keys } => Caller::User { id: id.clone(), manages_keys: *manages_keys },
        SignedIn::Link => Caller::Operator,
    };
    Principal::authenticated(tenant.clone(), caller, Scopes::all())
}
