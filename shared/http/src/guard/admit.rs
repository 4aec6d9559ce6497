//! Admission: the one conditional write that enforces burst, rate and quota and counts.

use hb_domain::error::{AuthFailure, Quota};
use hb_domain::meter::{Branch, Bucket, Limit, Verdict};
use hb_domain::{Error, Timestamp};
use hb_store::Attempt;

use super::authenticate::Session;
use super::{Guard, Passage, Refusal};

/// How many writes one admission may take: each of the two branches, a clock repaired, and others
/// in between that empty or refill the bucket.
const MAX_WRITES: usize = 8;
/// A refusal by the quota lasts until the month's end; as long as memory goes.
const LONG: std::time::Duration = std::time::Duration::from_secs(3_600);

impl Guard {
    /// Admits and counts the request, or refuses it. `None` means that the tenant's keys or plan
    /// have changed: what was remembered is forgotten, and the request has to start over.
    pub(super) async fn admit_once(
        &self,
        session: Session,
        now: Timestamp,
    ) -> Result<Option<Passage>, Refusal> {
        let id = session.principal.tenant();
        let expected = &session.known.tenant;
        let bucket = Bucket::of(&expected.allowance);
        let mut branch = Branch::fitting(expected.meter.tat, now);
        for _ in 0..MAX_WRITES {
            let found =
                match self.store.tenants().admit(id, expected.epoch, &expected.allowance, branch, now).await?
                {
                    Attempt::Admitted(tenant) => {
                        self.cache.learn_tenant(id, &tenant, now);
                        let limited =
                            session.principal.key_id().map_or(0, |key| self.cache.take_limited(key));
                        return Ok(Some(Passage {
                            standing: tenant.standing(now),
                            principal: session.principal,
                            limited,
                        }));
                    }
                    Attempt::Failed(found) => found,
                };
            let Some(found) = found else {
                self.forget(&session);
                return Err(Error::AuthInvalid(AuthFailure::Unknown).into());
            };
            self.cache.learn_tenant(id, &found, now);
            if found.epoch != expected.epoch {
                if let Some(key) = session.principal.key_id() {
                    self.cache.forget_key(key);
                }
                return Ok(None);
            }
            match Verdict::of(&found.meter, &expected.allowance, now) {
                Verdict::Retry(fitting) => branch = fitting,
                Verdict::WrongClock => {
                    let horizon = bucket.horizon(now);
                    tracing::warn!(tenant = %id, tat = found.meter.tat, horizon, "a wrong clock has filled the bucket far ahead; repaired");
                    self.store.tenants().repair(id, found.meter.tat, horizon).await?;
                    branch = Branch::InUse;
                }
                Verdict::Refused(limit) => {
                    let (error, wait) = match limit {
                        Limit::Quota => {
                            (Error::QuotaExhausted(Quota::Requests(expected.allowance.per_month)), LONG)
                        }
                        Limit::Rate(retry_after) => (Error::RateLimited { retry_after }, retry_after),
                    };
                    self.cache.learn_refusal(id, wait, now);
                    let standing = Some(found.standing(now));
                    return Err(Refusal { error, principal: Some(session.principal), standing });
                }
            }
        }
        Err(Error::Unavailable("an admission lost against others too often".into()).into())
    }

    /// Reads the tenant for its standing. `None` as in [`admit_once`](Self::admit_once).
    pub(super) async fn read_standing(
        &self,
        session: Session,
        now: Timestamp,
    ) -> Result<Option<Passage>, Refusal> {
        let id = session.principal.tenant();
        let Some(tenant) = self.store.tenants().get(id).await? else {
            self.forget(&session);
            return Err(Error::AuthInvalid(AuthFailure::Unknown).into());
        };
        self.cache.learn_tenant(id, &tenant, now);
        if tenant.epoch != session.known.tenant.epoch {
            return Ok(None);
        }
        Ok(Some(Passage { standing: tenant.standing(now), principal: session.principal, limited: 0 }))
    }

    fn forget(&self, session: &Session) {
        self.cache.forget_tenant(session.principal.tenant());
        if let Some(key) = session.principal.key_id() {
            self.cache.forget_key(key);
        }
    }
}
