//! Authentication: from a presented credential to a principal.
//!
//! A token is verified by its signature; only its tenant is read, which is created with its first session.
//! A cached key, read under the cached epoch of its tenant, costs no read, and neither does a key that was just refused.
//! Otherwise the order of reads matters: the epoch has to be read *before* the credential, so that a revocation in
//! between either shows in the credential or changes the epoch. The tenant is unknown before the credential has been
//! read once, so the full path is credential (only its tenant is used) → tenant → credential again.

use std::sync::Arc;

use hb_domain::credential::{CredentialError, StoredCredential};
use hb_domain::error::{AuthFailure, Quota};
use hb_domain::meter::Bucket;
use hb_domain::plan::Plan;
use hb_domain::tenant::Tenant;
use hb_domain::{ApiKey, Error, Principal, Result, Timestamp};

use super::cache::KnownTenant;
use super::{Credential, Guard, Refusal};
use crate::token::Verified;

/// An authenticated caller, and its tenant as this instance has cached it.
#[derive(Debug)]
pub(super) struct Authenticated {
    pub(super) principal: Principal,
    pub(super) known: KnownTenant,
}

impl Authenticated {
    /// The refusal of this caller, with its rate-limit status.
    pub(super) fn refused(self, error: Error, now: Timestamp) -> Refusal {
        let rate_limit = self.known.tenant.rate_limit_status(now);
        Refusal { error, principal: Some(self.principal), rate_limit: Some(rate_limit) }
    }
}

const UNKNOWN: Error = Error::AuthInvalid(AuthFailure::Unknown);

impl Guard {
    pub(super) async fn authenticate(
        &self,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<Authenticated> {
        match credential {
            Credential::Key(key) => match self.cached(key, now).await? {
                Some(authenticated) => Ok(authenticated),
                None => self.unless_refused(key.digest(), now, self.look_up(key, now)).await,
            },
            Credential::Token(token) => {
                let verified = self.tokens.verify(&self.store, token, now).await?;
                let known = match self.cache.tenant(&verified.tenant, now) {
                    Some(known) => known,
                    None => {
                        let reading = self.load_or_provision(&verified, now);
                        self.unless_refused(token.digest(), now, reading).await?
                    }
                };
                Ok(Authenticated { principal: verified.principal(), known })
            }
        }
    }

    /// The result of `reading`, which reads the database for a credential, unless this instance has refused the
    /// credential recently. A refusal of `reading` is kept, as of `now`, when it began.
    async fn unless_refused<T>(
        &self,
        digest: [u8; 32],
        now: Timestamp,
        reading: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        if let Some(failure) = self.refused.get(&digest, now) {
            return Err(Error::AuthInvalid(failure));
        }
        let outcome = reading.await;
        if let Err(Error::AuthInvalid(failure)) = &outcome {
            self.refused.store(digest, *failure, now);
        }
        outcome
    }

    /// The tenant of a session, which its first session creates.
    pub(crate) async fn provide_tenant(&self, verified: &Verified, now: Timestamp) -> Result<Tenant> {
        Ok(self.load_or_provision(verified, now).await?.tenant)
    }

    /// Reads the tenant of a token. The first session of a tenant creates it, on the free plan; of several concurrent
    /// sessions one does.
    async fn load_or_provision(&self, verified: &Verified, now: Timestamp) -> Result<KnownTenant> {
        let (tenants, id) = (self.store.tenants(), &verified.tenant);
        let mut found = tenants.get(id).await?;
        if found.is_none() {
            if !verified.may_provision_tenant() {
                return Err(UNKNOWN);
            }
            if tenants.create(id, &Tenant::new(Plan::Free, now)).await? {
                tracing::info!(tenant = %id, "a tenant was created for its first session");
            }
            found = tenants.get(id).await?;
        }
        let tenant =
            found.ok_or_else(|| Error::Unavailable("a tenant was deleted while it was created".into()))?;
        self.cache.store_tenant(id, &tenant, now);
        Ok(self.known(id, tenant, now))
    }

    /// Reads a key that is not cached. It is cached only when its secret is right: otherwise anyone who knows ids of
    /// keys could evict the keys of others.
    async fn look_up(&self, key: &ApiKey, now: Timestamp) -> Result<Authenticated> {
        let id = key.id();
        let before = self.cache.next_tick();
        let credential = self.store.credentials().get(&id).await?.ok_or(UNKNOWN)?;
        let cached =
            self.cache.tenant(&credential.tenant, now).filter(|known| known.epoch_cached_at < before);
        let (credential, known) = match cached {
            Some(known) => (credential, known),
            None => {
                let Some(tenant) = self.store.tenants().get(&credential.tenant).await? else {
                    self.cache.evict_tenant(&credential.tenant, i64::MAX);
                    return Err(UNKNOWN);
                };
                self.cache.store_tenant(&credential.tenant, &tenant, now);
                let again = self.store.credentials().get(&id).await?.ok_or(UNKNOWN)?;
                if again.tenant != credential.tenant {
                    return Err(UNKNOWN);
                }
                // Another request may have cached a later epoch meanwhile. That does no harm, but the epoch that
                // counts here is the one that was read before the credential.
                (again, self.known(&credential.tenant, tenant, now))
            }
        };
        let credential = Arc::new(credential);
        let principal = self.verify(&credential, key, now).await?;
        self.cache.store_key(&credential, known.tenant.epoch, now);
        Ok(Authenticated { principal, known })
    }

    /// The caller, when its key and its tenant are cached under one epoch. A key that does not match the cached
    /// credential is looked up, because it may have been rotated since.
    async fn cached(&self, key: &ApiKey, now: Timestamp) -> Result<Option<Authenticated>> {
        let Some(known_key) = self.cache.key(&key.id(), now) else { return Ok(None) };
        let Some(known) = self.cache.tenant(&known_key.credential.tenant, now) else { return Ok(None) };
        if known_key.epoch != known.tenant.epoch {
            return Ok(None);
        }
        match self.verify(&known_key.credential, key, now).await {
            Ok(principal) => Ok(Some(Authenticated { principal, known })),
            Err(Error::AuthInvalid(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// The cached state of `tenant` when the epoch is the same, and otherwise the state as just read.
    fn known(&self, id: &hb_domain::TenantId, tenant: Tenant, now: Timestamp) -> KnownTenant {
        match self.cache.tenant(id, now) {
            Some(known) if known.tenant.epoch == tenant.epoch => known,
            _ => KnownTenant::just_read(tenant, now),
        }
    }

    async fn verify(&self, credential: &StoredCredential, key: &ApiKey, now: Timestamp) -> Result<Principal> {
        let peppers = self.peppers.get(&self.store, now).await?;
        let mut verified = credential.verify(key, &peppers, now);
        if let Err(CredentialError::UnknownPepper(version)) = &verified
            && let Some(peppers) = self.peppers.reload(&self.store, &peppers, version, now).await?
        {
            verified = credential.verify(key, &peppers, now);
        }
        verified.map_err(|error| {
            Error::AuthInvalid(match error {
                CredentialError::Unknown | CredentialError::UnknownPepper(_) => AuthFailure::Unknown,
                CredentialError::Revoked => AuthFailure::Revoked,
                CredentialError::Expired => AuthFailure::Expired,
            })
        })
    }

    /// Refuses a caller from the cache when its tenant is suspended or a limit has just refused it.
    pub(super) fn check_cached_refusal(
        &self,
        authenticated: &Authenticated,
        now: Timestamp,
    ) -> std::result::Result<(), Refusal> {
        let tenant = &authenticated.known.tenant;
        let error = if tenant.suspended {
            Error::Suspended
        } else if !authenticated.known.is_refused(now) {
            return Ok(());
        } else if tenant.meter.used(now.month()) >= tenant.allowance.per_month {
            Error::QuotaExhausted(Quota::Requests(tenant.allowance.per_month))
        } else {
            let retry_after = Bucket::of(&tenant.allowance).wait(tenant.meter.tat, now);
            if retry_after.is_zero() {
                return Ok(());
            }
            Error::RateLimited { retry_after }
        };
        Err(Refusal {
            error,
            principal: Some(authenticated.principal.clone()),
            rate_limit: Some(tenant.rate_limit_status(now)),
        })
    }
}
