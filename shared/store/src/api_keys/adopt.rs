//! Keys that an earlier attempt of a request has created, and whose secret nobody was told.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use hb_domain::credential::StoredCredential;
use hb_domain::error::AuthFailure;
use hb_domain::key_summary::KeySummary;
use hb_domain::pepper::KeyHash;
use hb_domain::{Error, Result};

use super::credential_key;
use super::keys::Keys;
use crate::item::{bytes, text};
use crate::tables::Table;
use crate::transaction::{Cancelled, TRIES, built, pause, transact};

impl Keys<'_> {
    /// Gives the key that this very request has created before, when it was resumed or its answer was lost, the secret
    /// that is about to be told: nobody has been told the one it has. The key has to be as it was first written, and
    /// what it can do is judged by what is stored, not by what this attempt asks for.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when somebody has rotated or revoked the key since; what [`Principal::may_create`] says;
    /// [`Error::AuthInvalid`] when the caller's own key has ended meanwhile; the database's.
    ///
    /// [`Principal::may_create`]: hb_domain::Principal::may_create
    pub(super) async fn adopt(&self, key: &KeySummary, secret: &KeyHash) -> Result<KeySummary> {
        let (stored, credential) = self.written_before(key).await?;
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
        let update = Update::builder()
            .table_name(self.store.table(Table::ApiKeys))
            .set_key(Some(credential_key(&key.id)))
            .update_expression("SET secretHash = :code, pepperVersion = :pepper")
            .condition_expression(
                "tenant = :tenant AND secretHash = :seen AND attribute_not_exists(rotation) AND attribute_not_exists(revokedAt)",
            )
            .expression_attribute_values(":tenant", text(self.tenant))
            .expression_attribute_values(":seen", bytes(&credential.secret.mac))
            .expression_attribute_values(":code", bytes(&secret.mac))
            .expression_attribute_values(":pepper", text(&secret.pepper.0));
        let mut parts = vec![TransactWriteItem::builder().update(built(update.build())?).build()];
        let mark =
            self.idempotency.map(|locked| locked.applied_again(self.store, self.tenant)).transpose()?;
        let index_of_mark = mark.is_some().then_some(parts.len());
        parts.extend(mark);
        parts.extend(self.caller_is_live(&key.id)?);
        for attempt in 0..TRIES {
            match transact(self.store, parts.clone()).await? {
                Ok(()) => {
                    self.store.tenants().raise_epoch(self.tenant).await?;
                    return Ok(stored);
                }
                Err(Cancelled::Conflict) => pause(attempt, key.id.as_str()).await,
                Err(Cancelled::Condition(0)) => {
                    // Somebody has changed it since it was read; the next attempt finds what it is now.
                    return Err(Error::Unavailable("a key was changed while it was adopted".into()));
                }
                Err(Cancelled::Condition(index)) if Some(index) == index_of_mark => {
                    return Err(Error::Unavailable(
                        "another request took over the idempotency record".into(),
                    ));
                }
                Err(Cancelled::Condition(_)) => return Err(Error::AuthInvalid(AuthFailure::Unknown)),
            }
        }
        Err(Error::Unavailable("creating a key lost against others too often".into()))
    }

    /// Both rows of the key, provided that this request has written them.
    async fn written_before(&self, key: &KeySummary) -> Result<(KeySummary, StoredCredential)> {
        let taken = || Error::Unavailable(format!("{} is liveKeys", key.id));
        let stored = match self.get(&key.id).await {
            Err(Error::NotFound) => return Err(taken()),
            other => other?,
        };
        let credential = self.store.credentials().get(&key.id).await?.ok_or_else(taken)?;
        // An expiry that the request does not name is the caller's, which a rotation with a grace may have changed
        // between two attempts: the one that was first written holds.
        let first_written = KeySummary {
            created_at: key.created_at,
            expires_at: stored.expires_at,
            revoked_at: stored.revoked_at,
            ..key.clone()
        };
        let rows_agree = (&credential.tenant, credential.scopes, credential.expires_at)
            == (self.tenant, stored.scopes, stored.expires_at);
        if stored == first_written && rows_agree { Ok((stored, credential)) } else { Err(taken()) }
    }
}
