//! The encrypted secrets of endpoints, which are encrypted anew after a rotation of the key.

use hb_domain::webhook::SealedSecret;
use hb_domain::{Result, TenantId, Timestamp, WebhookId};

use super::item::{self, VersionedWebhook};
use crate::Store;
use crate::backoff::Backoff;
use crate::item::{bytes, text};
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::write::Write;

/// The secrets of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSlot {
    /// The current one.
    Current,
    /// The one before the last rotation.
    Previous,
}

impl SecretSlot {
    /// The attributes of the secret and of its key's version.
    const fn attributes(self) -> (&'static str, &'static str) {
        match self {
            Self::Current => ("secret", "keyVersion"),
            Self::Previous => ("previousSecret", "previousKeyVersion"),
        }
    }
}

impl VersionedWebhook {
    /// The secrets that sign at `now`, each with its place.
    pub fn slots_at(&self, now: Timestamp) -> impl Iterator<Item = (SecretSlot, &SealedSecret)> {
        [SecretSlot::Current, SecretSlot::Previous].into_iter().zip(self.secrets_at(now))
    }
}

/// The encrypted secrets of the endpoints of all tenants.
#[derive(Clone, Copy, Debug)]
pub struct SealedSecrets<'a> {
    store: &'a Store,
}

impl<'a> SealedSecrets<'a> {
    pub(crate) const fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Replaces the encrypted secret `found` of an endpoint by `sealed`, the same secret under another version of the key. The
    /// endpoint's version stays as it is. Returns `false` if the secret was rotated or encrypted anew meanwhile, or if the endpoint
    /// was deleted; then nothing is changed.
    ///
    /// # Errors
    /// The database's.
    pub async fn replace(
        &self,
        (tenant, id): (&TenantId, &WebhookId),
        slot: SecretSlot,
        found: &SealedSecret,
        sealed: &SealedSecret,
    ) -> Result<bool> {
        let (secret, version) = slot.attributes();
        let update = Write::update(
            Table::Webhooks,
            item::key(tenant, id),
            "SET #secret = :secret, #version = :version",
        )
        .condition("#secret = :found")
        .name("#secret", secret)
        .name("#version", version)
        .value(":secret", bytes(&sealed.sealed))
        .value(":version", text(&sealed.key_version))
        .value(":found", bytes(&found.sealed))
        .identified_by(secret, bytes(&sealed.sealed));
        let transaction = Transaction::new(slot, update);
        Ok(transaction.run(self.store, &mut Backoff::transaction()).await?.is_ok())
    }
}
