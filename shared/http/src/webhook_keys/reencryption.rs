//! Encrypting secrets anew, under the current version of the key: after the next rotation the previous one does not exist any
//! more.

use aws_lc_rs::aead::NONCE_LEN;
use hb_domain::webhook::SealedSecret;
use hb_domain::{Result, TenantId, Timestamp, WebhookId};
use hb_store::{Store, VersionedWebhook};
use rand::RngExt;

use super::{WebhookKeyCache, WebhookKeys};
use crate::Entropy;
use crate::secret_cache::Versions;

/// The version of the key under which a secret is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAge {
    /// The current one.
    Current,
    /// The previous one: the next rotation makes the secret unreadable.
    Previous,
    /// One that does not exist any more: the secret is unreadable.
    Unknown,
}

impl WebhookKeys {
    /// The version of the key under which a secret is encrypted.
    pub fn age(&self, sealed: &SealedSecret) -> KeyAge {
        if sealed.key_version == self.current.version {
            KeyAge::Current
        } else if self.has(&sealed.key_version) {
            KeyAge::Previous
        } else {
            KeyAge::Unknown
        }
    }

    /// Encrypts the secret of an endpoint anew if it is under the previous version of the key. A nonce is used once.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`seal`](Self::seal).
    fn reseal(
        &self,
        (tenant, id): (&TenantId, &WebhookId),
        sealed: &SealedSecret,
        nonce: [u8; NONCE_LEN],
    ) -> Result<Option<SealedSecret>> {
        match self.age(sealed) {
            KeyAge::Previous => self.seal(tenant, id, &self.open(tenant, id, sealed)?, nonce).map(Some),
            KeyAge::Current | KeyAge::Unknown => Ok(None),
        }
    }
}

impl WebhookKeyCache {
    /// Encrypts the secrets that sign for an endpoint at `now` anew, those under the previous version of the key, and returns how
    /// many there were. The endpoint's version stays as it is. A secret that was rotated meanwhile, or an endpoint that was
    /// deleted, is left alone.
    ///
    /// # Errors
    /// As [`open`](Self::open); the database's.
    pub async fn reencrypt(
        &self,
        store: &Store,
        now: Timestamp,
        entropy: &Entropy,
        tenant: &TenantId,
        endpoint: &VersionedWebhook,
    ) -> Result<u64> {
        let keys = self.get(store, now).await?;
        let (id, mut replaced) = (&endpoint.webhook.id, 0);
        for (slot, found) in endpoint.slots_at(now) {
            let Some(sealed) = keys.reseal((tenant, id), found, entropy.rng().random())? else { continue };
            let is_replaced = store.sealed_secrets().replace((tenant, id), slot, found, &sealed).await?;
            replaced += u64::from(is_replaced);
        }
        Ok(replaced)
    }

    /// As [`reencrypt`](Self::reencrypt), for who has used the secrets: a failure is logged, and the next use tries again.
    pub async fn try_reencrypt(
        &self,
        store: &Store,
        now: Timestamp,
        entropy: &Entropy,
        tenant: &TenantId,
        endpoint: &VersionedWebhook,
    ) {
        if let Err(error) = self.reencrypt(store, now, entropy, tenant, endpoint).await {
            let webhook = &endpoint.webhook.id;
            tracing::warn!(%tenant, %webhook, %error, "the secret of a webhook was not encrypted anew");
        }
    }
}
