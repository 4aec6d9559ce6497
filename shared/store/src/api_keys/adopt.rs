//! Keys that an earlier attempt of the request created, and whose secret was never returned to anyone.

use hb_domain::credential::StoredCredential;
use hb_domain::error::AuthFailure;
use hb_domain::key_summary::KeySummary;
use hb_domain::pepper::KeyHash;
use hb_domain::{Error, Result};

use super::keys::Keys;
use super::secret::{Part, record_taken_over};
use crate::backoff::Backoff;
use crate::transaction::ConditionFailed;

impl Keys<'_> {
    /// Gives the key that an earlier attempt of this request created the secret that this attempt returns. The key has to
    /// be as it was created. Whether the caller may create it is decided by the stored scopes and expiry, not by those of
    /// this attempt.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when the key was rotated or revoked since; what [`Principal::may_create`] returns;
    /// [`Error::AuthInvalid`] when the caller's own key was revoked or rotated meanwhile; the database's.
    ///
    /// [`Principal::may_create`]: hb_domain::Principal::may_create
    pub(super) async fn adopt(&self, key: &KeySummary, secret: &KeyHash) -> Result<KeySummary> {
        let (stored, credential) = self.created_before(key).await?;
        self.principal.may_create(credential.scopes, credential.expires_at)?;
        let changed = |how: &str| {
            let id = &stored.id;
            Error::Duplicate(format!(
                "The key was created by an earlier attempt of this request and has been {how} since: {id}"
            ))
        };
        if stored.revoked_at.is_some() || credential.revoked_at.is_some() {
            return Err(changed("revoked"));
        }
        if credential.rotation.is_some() || credential.previous.is_some() {
            return Err(changed("rotated"));
        }
        let credential = self
            .set_secret(&key.id, &credential.secret, secret, "")
            .condition(
                "tenant = :tenant AND secretHash = :seen AND attribute_not_exists(rotation) AND attribute_not_exists(revokedAt)",
            );
        let record = self.idempotency.map(|locked| locked.applied_again(self.tenant));
        let transaction = self.secret_transaction(&key.id, credential, record);
        match transaction.run(self.store, &mut Backoff::transaction()).await? {
            Ok(_) => {
                self.store.tenants().raise_epoch(self.tenant).await?;
                Ok(stored)
            }
            // The next attempt of the request finds how.
            Err(ConditionFailed { part: Part::Credential, .. }) => {
                Err(Error::Unavailable("a key was changed while it was adopted".into()))
            }
            Err(ConditionFailed { part: Part::IdempotencyRecord, .. }) => Err(record_taken_over()),
            Err(ConditionFailed { part: Part::CallerIsLive, .. }) => {
                Err(Error::AuthInvalid(AuthFailure::Unknown))
            }
        }
    }

    /// Both items of the key, provided that this request created them.
    async fn created_before(&self, key: &KeySummary) -> Result<(KeySummary, StoredCredential)> {
        let taken = || Error::Unavailable(format!("the key id {} is taken", key.id));
        let stored = match self.get(&key.id).await {
            Err(Error::NotFound) => return Err(taken()),
            other => other?,
        };
        let credential = self.store.credentials().get(&key.id).await?.ok_or_else(taken)?;
        // An expiry that the request does not name is that of the caller's key, which a rotation with a grace period may
        // have changed between two attempts. The stored one is kept.
        let first_written = KeySummary {
            created_at: key.created_at,
            expires_at: stored.expires_at,
            revoked_at: stored.revoked_at,
            ..key.clone()
        };
        let items_agree = (&credential.tenant, credential.scopes, credential.expires_at)
            == (self.tenant, stored.scopes, stored.expires_at);
        if stored == first_written && items_agree { Ok((stored, credential)) } else { Err(taken()) }
    }
}
