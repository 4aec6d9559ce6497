//! Rotating keys: new secrets.

use std::time::Duration;

use hb_domain::credential::StoredCredential;
use hb_domain::error::AuthFailure;
use hb_domain::pepper::KeyHash;
use hb_domain::{Error, KeyId, Result};

use super::keys::Keys;
use crate::idempotency::LockedRecord;
use crate::item::{bytes, millis, text};

/// A new secret for a key.
#[derive(Clone, Copy, Debug)]
pub struct Rotation<'a> {
    /// The key.
    pub id: &'a KeyId,
    /// The hash of the new secret.
    pub secret: &'a KeyHash,
    /// How long the previous secret still works.
    pub grace: Duration,
    /// The name of this rotation. A later attempt of it replaces the secret that the earlier attempt set, and keeps the
    /// grace period of the secret before that.
    pub name: &'a str,
}

impl Keys<'_> {
    /// Gives a key a new secret. A secret that an earlier rotation replaced stops working. When this returns, no instance
    /// accepts the previous secret beyond its grace period.
    ///
    /// A caller that rotates its own key must still hold its current secret when the rotation is written, and a caller that
    /// rotates another key must still have a live key: a caller that was locked out meanwhile gets no secret.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the key was revoked or removed meanwhile; [`Error::AuthInvalid`] when the caller's key was
    /// revoked or rotated meanwhile; [`Error::Duplicate`] when an earlier attempt of the request rotated the key and it was
    /// rotated again since; [`Error::Unavailable`] when another rotation was faster; the database's, and then the key has
    /// its previous secret again.
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
        let keeps_previous = !resumed && !grace.is_zero();
        let previous = if keeps_previous {
            ", previousSecretHash = :seen, previousPepperVersion = :seenPepper, replacedAt = :now, previousUntil = :until"
        } else if resumed {
            ""
        } else {
            " REMOVE previousSecretHash, previousPepperVersion, replacedAt, previousUntil"
        };
        let mut credential = self
            .set_secret(rotation.id, &before.secret, secret, &format!(", rotation = :rotation{previous}"))
            .value(":rotation", text(rotation.name));
        if keeps_previous {
            credential = credential
                .value(":seenPepper", text(&before.secret.pepper.0))
                .value(":now", millis(self.context.effective_at()))
                .value(":until", millis(self.context.effective_at().plus(grace)));
        }
        let record = self.idempotency.map(|locked| match resumed {
            true => locked.applied_again(self.tenant),
            false => locked.applied(self.tenant),
        });
        self.write_secret(rotation.id, credential, record).await?;
        match self.store.tenants().raise_epoch(self.tenant).await {
            Ok(_) => Ok(()),
            Err(error) => {
                // What an earlier attempt has applied stays applied.
                let idempotency = self.idempotency.filter(|_| !resumed);
                self.restore(&before, secret, idempotency).await;
                Err(error)
            }
        }
    }

    /// Gives the key its previous secret again. The new one was not returned to anyone.
    async fn restore(&self, before: &StoredCredential, secret: &KeyHash, idempotency: Option<&LockedRecord>) {
        let (mut set, mut removed) = (String::new(), Vec::new());
        match &before.previous {
            None => removed.extend(["previousSecretHash", "previousPepperVersion", "replacedAt", "previousUntil"]),
            Some(_) => set.push_str(
                ", previousSecretHash = :old, previousPepperVersion = :oldPepper, replacedAt = :at, previousUntil = :until",
            ),
        }
        // A later attempt must not take this rotation for applied.
        match &before.rotation {
            None => removed.push("rotation"),
            Some(_) => set.push_str(", rotation = :rotation"),
        }
        if !removed.is_empty() {
            set.push_str(&format!(" REMOVE {}", removed.join(", ")));
        }
        let mut credential = self.set_secret(&before.id, secret, &before.secret, &set);
        if let Some(rotation) = &before.rotation {
            credential = credential.value(":rotation", text(rotation));
        }
        if let Some(previous) = &before.previous {
            credential = credential
                .value(":old", bytes(&previous.secret.mac))
                .value(":oldPepper", text(&previous.secret.pepper.0))
                .value(":at", millis(previous.replaced_at))
                .value(":until", millis(previous.works_until));
        }
        let record = idempotency.map(|locked| locked.not_applied(self.tenant));
        if let Err(error) = self.write_secret(&before.id, credential, record).await {
            tracing::error!(key = %before.id, %error, "a failed rotation could not be undone: the key's secret is unknown");
        }
    }
}
