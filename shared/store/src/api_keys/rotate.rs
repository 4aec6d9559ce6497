//! New secrets for keys.

use std::time::Duration;

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use hb_domain::credential::StoredCredential;
use hb_domain::error::AuthFailure;
use hb_domain::pepper::KeyHash;
use hb_domain::{Error, KeyId, Result};

use super::credential_key;
use super::keys::Keys;
use crate::idempotency::LockedRecord;
use crate::item::{bytes, millis, text};
use crate::tables::Table;
use crate::transaction::{Cancelled, TRIES, built, pause, transact};

/// A new secret for a key.
#[derive(Clone, Copy, Debug)]
pub struct Rotation<'a> {
    /// The key.
    pub id: &'a KeyId,
    /// What is kept of the new secret.
    pub secret: &'a KeyHash,
    /// How long the old one works on.
    pub grace: Duration,
    /// Names this rotation. One that is carried on replaces the secret that it has made before, and
    /// leaves the grace of the one before that alone.
    pub name: &'a str,
}

impl Keys<'_> {
    /// Gives a key a new secret. A secret that an earlier rotation replaced stops working. When this
    /// returns, no instance accepts the old secret beyond its grace.
    ///
    /// A caller that rotates its own key has to hold its present secret to the end, and one that rotates
    /// another key has to be a live key still: who was locked out while the request was under way
    /// gets nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the key has been revoked or removed meanwhile, [`Error::AuthInvalid`] when
    /// the caller's has, [`Error::Duplicate`] when a request before this one under the same claim has rotated the key
    /// and somebody has rotated it again since, [`Error::Unavailable`] when another rotation was faster; the database's, and then
    /// the old secret is the key's again.
    pub async fn rotate(&self, rotation: Rotation<'_>) -> Result<()> {
        let before = self.store.credentials().get(rotation.id).await?;
        let before = before.filter(|found| found.tenant == *self.tenant).ok_or(Error::NotFound)?;
        let resumed = before.rotation.as_deref() == Some(rotation.name);
        if !resumed && self.idempotency.is_some_and(|locked| locked.record.applied) {
            let id = rotation.id;
            return Err(Error::Duplicate(format!(
                "The key was rotated by an earlier attempt of this request and has been rotated again since: {id}"
            )));
        }
        if let Some((id, presented)) = self.caller
            && id == rotation.id
            && before.secret != *presented
            && !resumed
        {
            return Err(Error::AuthInvalid(AuthFailure::Unknown));
        }
        let (secret, grace) = (rotation.secret, rotation.grace);
        let previous = if resumed {
            ""
        } else if grace.is_zero() {
            " REMOVE previousSecretHash, previousPepperVersion, replacedAt, previousUntil"
        } else {
            ", previousSecretHash = :seen, previousPepperVersion = :seenPepper, replacedAt = :now, previousUntil = :until"
        };
        let mut update = self
            .update_secret(rotation.id, &before.secret, secret)
            .update_expression(format!(
                "SET secretHash = :code, pepperVersion = :pepper, rotation = :rotation{previous}"
            ))
            .expression_attribute_values(":rotation", text(rotation.name));
        if previous.contains(":now") {
            update = update
                .expression_attribute_values(":seenPepper", text(&before.secret.pepper.0))
                .expression_attribute_values(":now", millis(self.context.effective_at()))
                .expression_attribute_values(":until", millis(self.context.effective_at().plus(grace)));
        }
        let mark = self.idempotency.map(|locked| match resumed {
            true => locked.applied_again(self.store, self.tenant),
            false => locked.applied(self.store, self.tenant),
        });
        self.write_secret(rotation.id, update, secret, mark.transpose()?).await?;
        match self.store.tenants().raise_epoch(self.tenant).await {
            Ok(_) => Ok(()),
            Err(error) => {
                // What an earlier attempt has applied stays so.
                let idempotency = self.idempotency.filter(|_| !resumed);
                self.take_back(&before, secret, idempotency).await;
                Err(error)
            }
        }
    }

    /// Gives the key its old secret back: nobody has been told the new one.
    async fn take_back(
        &self,
        before: &StoredCredential,
        secret: &KeyHash,
        idempotency: Option<&LockedRecord>,
    ) {
        let (mut set, mut removed) = (String::new(), Vec::new());
        match &before.previous {
            None => removed.extend(["previousSecretHash", "previousPepperVersion", "replacedAt", "previousUntil"]),
            Some(_) => set.push_str(
                ", previousSecretHash = :old, previousPepperVersion = :oldPepper, replacedAt = :at, previousUntil = :until",
            ),
        }
        // A repetition must not take this rotation for done.
        match &before.rotation {
            None => removed.push("rotation"),
            Some(_) => set.push_str(", rotation = :rotation"),
        }
        let removed =
            if removed.is_empty() { String::new() } else { format!(" REMOVE {}", removed.join(", ")) };
        let mut update = self
            .update_secret(&before.id, secret, &before.secret)
            .update_expression(format!("SET secretHash = :code, pepperVersion = :pepper{set}{removed}"));
        if let Some(rotation) = &before.rotation {
            update = update.expression_attribute_values(":rotation", text(rotation));
        }
        if let Some(previous) = &before.previous {
            update = update
                .expression_attribute_values(":old", bytes(&previous.secret.mac))
                .expression_attribute_values(":oldPepper", text(&previous.secret.pepper.0))
                .expression_attribute_values(":at", millis(previous.replaced_at))
                .expression_attribute_values(":until", millis(previous.works_until));
        }
        let taken_back = async {
            let mark = idempotency.map(|locked| locked.taken_back(self.store, self.tenant)).transpose()?;
            self.write_secret(&before.id, update, &before.secret, mark).await
        };
        if let Err(error) = taken_back.await {
            tracing::error!(key = %before.id, %error, "a rotation has failed half-way: nobody holds the key's secret");
        }
    }

    /// An update of the credential row on the condition that its secret is `seen`: of two rotations at once
    /// one wins.
    fn update_secret(&self, id: &KeyId, seen: &KeyHash, secret: &KeyHash) -> UpdateBuilder {
        Update::builder()
            .table_name(self.store.table(Table::ApiKeys))
            .set_key(Some(credential_key(id)))
            .condition_expression(
                "tenant = :tenant AND attribute_not_exists(revokedAt) AND secretHash = :seen",
            )
            .expression_attribute_values(":tenant", text(self.tenant))
            .expression_attribute_values(":seen", bytes(&seen.mac))
            .expression_attribute_values(":code", bytes(&secret.mac))
            .expression_attribute_values(":pepper", text(&secret.pepper.0))
    }

    /// Writes it, together with the claim's mark when there is one, and with the condition that the caller's own key
    /// is live when that is another.
    async fn write_secret(
        &self,
        id: &KeyId,
        update: UpdateBuilder,
        secret: &KeyHash,
        mark: Option<TransactWriteItem>,
    ) -> Result<()> {
        let mut parts = vec![TransactWriteItem::builder().update(built(update.build())?).build()];
        let index_of_mark = mark.is_some().then_some(parts.len());
        parts.extend(mark);
        parts.extend(self.caller_is_live(id)?);
        for attempt in 0..TRIES {
            match transact(self.store, parts.clone()).await? {
                Ok(()) => return Ok(()),
                Err(Cancelled::Conflict) => pause(attempt, id.as_str()).await,
                Err(Cancelled::Condition(0)) => {
                    // An attempt before, whose answer was lost, may have written this very secret.
                    let found = self.store.credentials().get(id).await?;
                    let found =
                        found.filter(|found| found.tenant == *self.tenant && found.revoked_at.is_none());
                    return match found {
                        Some(found) if found.secret == *secret => Ok(()),
                        Some(_) => Err(Error::Unavailable("another rotation of the key was faster".into())),
                        None => Err(Error::NotFound),
                    };
                }
                Err(Cancelled::Condition(index)) if Some(index) == index_of_mark => {
                    return Err(Error::Unavailable(
                        "another request took over the idempotency record".into(),
                    ));
                }
                Err(Cancelled::Condition(_)) => {
                    return Err(Error::AuthInvalid(AuthFailure::Unknown));
                }
            }
        }
        Err(Error::Unavailable("rotating a key lost against others too often".into()))
    }
}
