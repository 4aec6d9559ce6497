//! From a presented credential to a principal.
//!
//! A token vouches for itself; only its tenant has to be known, and comes into being with its first session.
//! A key that this instance knows, read under the epoch that it knows of the tenant, costs nothing.
//! Otherwise the order of reads matters: the epoch has to be held *before* the credential is read, so
//! that a revocation in between either shows in the credential or moves the epoch. The tenant is not
//! known before the credential has been read once, so the full path is credential (only its tenant
//! is believed) → tenant → credential again.

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

/// An authenticated caller, and the tenant as this instance knows it.
#[derive(Debug)]
pub(super) struct Authenticated {
    pub(super) principal: Principal,
    pub(super) known: KnownTenant,
}

impl Authenticated {
    /// The refusal of this caller, with its standing.
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
            Credential::Key(key) => self.authenticate_key(key, now).await,
            Credential::Token(token) => {
                let verified = self.tokens.verify(&self.store, token, now).await?;
                let known = match self.cache.tenant(&verified.tenant, now) {
                    Some(known) => known,
                    None => self.load_or_provision(&verified, now).await?,
                };
                Ok(Authenticated { principal: verified.principal(), known })
            }
        }
    }

    /// Reads the tenant of a token, and makes it when its first session comes: on the free plan, and once however
    /// many come at a time.
    async fn load_or_provision(&self, verified: &Verified, now: Timestamp) -> Result<KnownTenant> {
        let (tenants, id) = (self.store.tenants(), &verified.tenant);
        let mut found = tenants.get(id).await?;
        if found.is_none() {
            if !verified.may_provision_tenant() {
                return Err(UNKNOWN);
            }
            if tenants.create(id, &Tenant::new(Plan::Free, now)).await? {
                tracing::info!(tenant = %id, "a tenant came with its first session");
            }
            found = tenants.get(id).await?;
        }
        let tenant =
            found.ok_or_else(|| Error::Unavailable("a tenant was removed while it was made".into()))?;
        self.cache.learn_tenant(id, &tenant, now);
        Ok(self.known(id, tenant, now))
    }

    async fn authenticate_key(&self, key: &ApiKey, now: Timestamp) -> Result<Authenticated> {
        if let Some(authenticated) = self.remembered(key, now).await? {
            return Ok(authenticated);
        }
        let id = key.id();
        let before = self.cache.tick();
        let credential = self.store.credentials().get(&id).await?.ok_or(UNKNOWN)?;
        let held = self.cache.tenant(&credential.tenant, now).filter(|known| known.epoch_learnt < before);
        let (credential, known) = match held {
            Some(known) => (credential, known),
            None => {
                let Some(tenant) = self.store.tenants().get(&credential.tenant).await? else {
                    self.cache.forget_tenant(&credential.tenant, i64::MAX);
                    return Err(UNKNOWN);
                };
                self.cache.learn_tenant(&credential.tenant, &tenant, now);
                let again = self.store.credentials().get(&id).await?.ok_or(UNKNOWN)?;
                if again.tenant != credential.tenant {
                    return Err(UNKNOWN);
                }
                // What was learnt may have been overtaken by another request; a later epoch than
                // this one is no harm to take up, but it was not held before the credential was read.
                (again, self.known(&credential.tenant, tenant, now))
            }
        };
        let credential = Arc::new(credential);
        self.cache.learn_key(&credential, known.tenant.epoch, now);
        let principal = self.verify(&credential, key, now).await?;
        Ok(Authenticated { principal, known })
    }

    /// The caller, when the instance knows its key and its tenant under one epoch. A key that does
    /// not hold before what is remembered is looked up: it may have been rotated since.
    async fn remembered(&self, key: &ApiKey, now: Timestamp) -> Result<Option<Authenticated>> {
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

    /// `tenant` as a known one, with what else the instance remembers of it when the epoch is the same.
    fn known(&self, id: &hb_domain::TenantId, tenant: Tenant, now: Timestamp) -> KnownTenant {
        match self.cache.tenant(id, now) {
            Some(known) if known.tenant.epoch == tenant.epoch => known,
            _ => KnownTenant::just_read(tenant, now),
        }
    }

    async fn verify(&self, credential: &StoredCredential, key: &ApiKey, now: Timestamp) -> Result<Principal> {
        let peppers = self.peppers.get(&self.store, now).await?;
        let mut verdict = credential.verify(key, &peppers, now);
        if let Err(CredentialError::UnknownPepper(version)) = &verdict
            && let Some(peppers) = self.peppers.reload(&self.store, &peppers, version, now).await?
        {
            verdict = credential.verify(key, &peppers, now);
        }
        verdict.map_err(|refused| {
            Error::AuthInvalid(match refused {
                CredentialError::Unknown | CredentialError::UnknownPepper(_) => AuthFailure::Unknown,
                CredentialError::Revoked => AuthFailure::Revoked,
                CredentialError::Expired => AuthFailure::Expired,
            })
        })
    }

    /// Refuses a caller whose tenant is suspended, or was refused by a limit a moment ago.
    pub(super) fn refuse_from_memory(
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
