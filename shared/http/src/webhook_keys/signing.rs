//! The secrets that sign what is sent to an endpoint.

use hb_domain::webhook::WebhookSecret;
use hb_domain::{Result, TenantId, Timestamp};
use hb_store::{Store, VersionedWebhook};

use super::WebhookKeyCache;
use crate::Entropy;

impl WebhookKeyCache {
    /// The secrets that sign what is sent to an endpoint at `now`, the current one first. A previous one that cannot be opened is logged
    /// and left out. Those under the previous key of the deployment are [encrypted anew](Self::try_reencrypt), so that the next rotation
    /// leaves none behind.
    ///
    /// # Errors
    /// As [`open`](Self::open), about the current secret.
    pub async fn signing_secrets(
        &self,
        store: &Store,
        now: Timestamp,
        entropy: &Entropy,
        tenant: &TenantId,
        endpoint: &VersionedWebhook,
    ) -> Result<Vec<WebhookSecret>> {
        let (owner, mut secrets) = ((tenant, &endpoint.webhook.id), Vec::new());
        for (index, sealed) in endpoint.secrets_at(now).enumerate() {
            match self.open(store, now, owner, sealed).await {
                Ok(secret) => secrets.push(secret),
                Err(error) if index == 0 => return Err(error),
                Err(error) => {
                    let webhook = &endpoint.webhook.id;
                    tracing::error!(%tenant, %webhook, %error, "the previous secret of an endpoint does not sign");
                }
            }
        }
        self.try_reencrypt(store, now, entropy, tenant, endpoint).await;
        Ok(secrets)
    }
}
