//! Admission: one conditional write that enforces burst, rate and quota, and counts the request.

use hb_domain::admission::{AdmissionAttempt, Next};
use hb_domain::error::{AuthFailure, Quota};
use hb_domain::meter::Limit;
use hb_domain::tenant::Tenant;
use hb_domain::{Error, Timestamp};
use hb_store::AdmitOutcome;

use super::authenticate::Authenticated;
use super::{Admission, Guard, Refusal};

/// A quota refuses until the end of the month, which is longer than the cache keeps a refusal.
const QUOTA_WAIT: std::time::Duration = std::time::Duration::from_secs(3_600);

/// The result of one attempt to admit a request.
#[expect(clippy::large_enum_variant, reason = "it is returned once a request and taken apart at once")]
pub(super) enum Step {
    /// The request is admitted.
    Admitted(Admission),
    /// The tenant's keys or plan have changed. The cached entries were evicted; the request authenticates again.
    StartOver,
}

impl Guard {
    /// Admits and counts the request, or refuses it.
    pub(super) async fn admit_once(&self, authenticated: Authenticated) -> Result<Step, Refusal> {
        let id = authenticated.principal.tenant();
        let (epoch, allowance) = (authenticated.known.tenant.epoch, authenticated.known.tenant.allowance);
        let mut admission = AdmissionAttempt::new(&allowance, &authenticated.known.seen, self.clock.now());
        loop {
            let attempt =
                self.store.tenants().admit(id, epoch, &allowance, admission.branch(), admission.now()).await;
            let now = self.clock.now();
            let found = match attempt {
                Ok(AdmitOutcome::Admitted(tenant)) => {
                    self.cache.store_admission(id, &tenant, now);
                    let limited =
                        authenticated.principal.key_id().map_or(0, |key| self.cache.take_rate_limited(key));
                    let rate_limit = tenant.rate_limit_status(admission.now());
                    let (search, recording) = (tenant.search, tenant.recording);
                    return Ok(Step::Admitted(Admission {
                        rate_limit,
                        principal: authenticated.principal,
                        limited,
                        search,
                        recording,
                    }));
                }
                Ok(AdmitOutcome::Failed(found)) => found,
                Err(error) => return Err(authenticated.refused(error, now)),
            };
            let Some(found) = found else {
                self.evict(&authenticated);
                if authenticated.principal.may_provision_tenant() {
                    return Ok(Step::StartOver);
                }
                return Err(Error::AuthInvalid(AuthFailure::Unknown).into());
            };
            if found.epoch != epoch {
                self.refresh(&authenticated, &found, now);
                return Ok(Step::StartOver);
            }
            self.cache.store_tenant(id, &found, now);
            match admission.failed(&found.meter, now) {
                Next::Write => {}
                Next::Repair { seen, horizon } => {
                    tracing::warn!(tenant = %id, tat = seen, horizon, "a wrong clock filled the bucket far ahead; repairing it");
                    if let Err(error) = self.store.tenants().repair(id, seen, horizon).await {
                        return Err(authenticated.refused(error, now));
                    }
                }
                Next::Refuse(limit) => {
                    let (error, wait) = match limit {
                        Limit::Quota => {
                            (Error::QuotaExhausted(Quota::Requests(allowance.per_month)), QUOTA_WAIT)
                        }
                        Limit::Rate(retry_after) => (Error::RateLimited { retry_after }, retry_after),
                    };
                    self.cache.store_refusal(id, wait, now);
                    let rate_limit = Some(found.rate_limit_status(now));
                    return Err(Refusal { error, principal: Some(authenticated.principal), rate_limit });
                }
            }
        }
    }

    /// Reads the tenant and its rate-limit status, without counting the request.
    pub(super) async fn read_once(&self, authenticated: Authenticated) -> Result<Step, Refusal> {
        let id = authenticated.principal.tenant();
        let read = self.store.tenants().get(id).await;
        let now = self.clock.now();
        let tenant = match read {
            Ok(Some(tenant)) => tenant,
            Ok(None) => {
                self.evict(&authenticated);
                if authenticated.principal.may_provision_tenant() {
                    return Ok(Step::StartOver);
                }
                return Err(Error::AuthInvalid(AuthFailure::Unknown).into());
            }
            Err(error) => return Err(authenticated.refused(error, now)),
        };
        if tenant.epoch != authenticated.known.tenant.epoch {
            self.refresh(&authenticated, &tenant, now);
            return Ok(Step::StartOver);
        }
        self.cache.store_tenant(id, &tenant, now);
        let rate_limit = tenant.rate_limit_status(now);
        Ok(Step::Admitted(Admission {
            rate_limit,
            principal: authenticated.principal,
            limited: 0,
            search: tenant.search,
            recording: tenant.recording,
        }))
    }

    /// Caches the tenant as it was read under another epoch than the one that the caller was authenticated with.
    fn refresh(&self, authenticated: &Authenticated, found: &Tenant, now: Timestamp) {
        let (id, expected) = (authenticated.principal.tenant(), authenticated.known.tenant.epoch);
        if found.epoch < expected {
            // An epoch only rises, unless the tenant was erased and created again by a clock that is behind ours.
            self.cache.evict_tenant(id, expected);
        }
        self.cache.store_tenant(id, found, now);
        if let Some(key) = authenticated.principal.key_id() {
            self.cache.evict_key(key);
        }
    }

    /// Evicts a tenant that does not exist any more, and the caller's key.
    fn evict(&self, authenticated: &Authenticated) {
        self.cache.evict_tenant(authenticated.principal.tenant(), i64::MAX);
        if let Some(key) = authenticated.principal.key_id() {
            self.cache.evict_key(key);
        }
    }
}
