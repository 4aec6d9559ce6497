//! AdmissionAttempt: the one conditional write that enforces burst, rate and quota and counts.

use hb_domain::admission::{AdmissionAttempt, Next};
use hb_domain::error::{AuthFailure, Quota};
use hb_domain::meter::Limit;
use hb_domain::tenant::Tenant;
use hb_domain::{Error, Timestamp};
use hb_store::AdmitOutcome;

use super::authenticate::Authenticated;
use super::{Admission, Guard, Refusal};

/// A refusal by the quota lasts until the month's end; as long as memory goes.
const LONG: std::time::Duration = std::time::Duration::from_secs(3_600);

impl Guard {
    /// Admits and counts the request, or refuses it. `None` means that the tenant's keys or plan have
    /// changed: what was remembered is forgotten, and the request has to start over.
    pub(super) async fn admit_once(
        &self,
        authenticated: Authenticated,
    ) -> Result<Option<Admission>, Refusal> {
        let id = authenticated.principal.tenant();
        let (epoch, allowance) = (authenticated.known.tenant.epoch, authenticated.known.tenant.allowance);
        let mut admission = AdmissionAttempt::new(&allowance, &authenticated.known.seen, self.clock.now());
        loop {
            let attempt =
                self.store.tenants().admit(id, epoch, &allowance, admission.branch(), admission.now()).await;
            let now = self.clock.now();
            let found = match attempt {
                Ok(AdmitOutcome::Admitted(tenant)) => {
                    self.cache.learn_admission(id, &tenant, now);
                    let limited =
                        authenticated.principal.key_id().map_or(0, |key| self.cache.take_rate_limited(key));
                    let rate_limit = tenant.rate_limit_status(admission.now());
                    let search = tenant.search;
                    return Ok(Some(Admission {
                        rate_limit,
                        principal: authenticated.principal,
                        limited,
                        search,
                    }));
                }
                Ok(AdmitOutcome::Failed(found)) => found,
                Err(error) => return Err(authenticated.refused(error, now)),
            };
            let Some(found) = found else {
                self.forget(&authenticated);
                if authenticated.principal.may_provision_tenant() {
                    return Ok(None);
                }
                return Err(Error::AuthInvalid(AuthFailure::Unknown).into());
            };
            if found.epoch != epoch {
                self.relearn(&authenticated, &found, now);
                return Ok(None);
            }
            self.cache.learn_tenant(id, &found, now);
            match admission.failed(&found.meter, now) {
                Next::Write => {}
                Next::Repair { seen, horizon } => {
                    tracing::warn!(tenant = %id, tat = seen, horizon, "a wrong clock has filled the bucket far ahead; repaired");
                    if let Err(error) = self.store.tenants().repair(id, seen, horizon).await {
                        return Err(authenticated.refused(error, now));
                    }
                }
                Next::Refuse(limit) => {
                    let (error, wait) = match limit {
                        Limit::Quota => (Error::QuotaExhausted(Quota::Requests(allowance.per_month)), LONG),
                        Limit::Rate(retry_after) => (Error::RateLimited { retry_after }, retry_after),
                    };
                    self.cache.learn_refusal(id, wait, now);
                    let rate_limit = Some(found.rate_limit_status(now));
                    return Err(Refusal { error, principal: Some(authenticated.principal), rate_limit });
                }
            }
        }
    }

    /// Reads the tenant for its standing. `None` as in [`admit_once`](Self::admit_once).
    pub(super) async fn read_rate_limit_status(
        &self,
        authenticated: Authenticated,
    ) -> Result<Option<Admission>, Refusal> {
        let id = authenticated.principal.tenant();
        let read = self.store.tenants().get(id).await;
        let now = self.clock.now();
        let tenant = match read {
            Ok(Some(tenant)) => tenant,
            Ok(None) => {
                self.forget(&authenticated);
                if authenticated.principal.may_provision_tenant() {
                    return Ok(None);
                }
                return Err(Error::AuthInvalid(AuthFailure::Unknown).into());
            }
            Err(error) => return Err(authenticated.refused(error, now)),
        };
        if tenant.epoch != authenticated.known.tenant.epoch {
            self.relearn(&authenticated, &tenant, now);
            return Ok(None);
        }
        self.cache.learn_tenant(id, &tenant, now);
        let rate_limit = tenant.rate_limit_status(now);
        Ok(Some(Admission {
            rate_limit,
            principal: authenticated.principal,
            limited: 0,
            search: tenant.search,
        }))
    }

    /// Takes up what a read after the session began has found under another epoch.
    fn relearn(&self, authenticated: &Authenticated, found: &Tenant, now: Timestamp) {
        let (id, expected) = (authenticated.principal.tenant(), authenticated.known.tenant.epoch);
        if found.epoch < expected {
            // An epoch only rises, unless the tenant was erased and made again by a clock behind ours.
            self.cache.forget_tenant(id, expected);
        }
        self.cache.learn_tenant(id, found, now);
        if let Some(key) = authenticated.principal.key_id() {
            self.cache.forget_key(key);
        }
    }

    /// Forgets a tenant that is gone, and the caller's key.
    fn forget(&self, authenticated: &Authenticated) {
        self.cache.forget_tenant(authenticated.principal.tenant(), i64::MAX);
        if let Some(key) = authenticated.principal.key_id() {
            self.cache.forget_key(key);
        }
    }
}
