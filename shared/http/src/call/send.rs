//! Sending an event to an endpoint beside its deliveries.

use hb_domain::delivery::Sample;
use hb_domain::{Error, Result};
use hb_sender::{Message, Outcome};
use hb_store::VersionedWebhook;

use super::Call;

impl Call {
    /// Sends a sample to an endpoint of the caller's tenant once, signed as a delivery is.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the key of the secrets cannot be read; [`Error::Internal`] when the current secret cannot be
    /// decrypted. What the receiver answers is no error.
    pub async fn send_sample(&self, endpoint: &VersionedWebhook, sample: &Sample) -> Result<Outcome> {
        let (tenant, now) = (self.context.tenant(), self.received_at());
        let keys = &self.webhook_keys;
        let secrets = keys.signing_secrets(&self.store, now, &self.entropy, tenant, endpoint).await?;
        let payload = serde_json::to_vec(&sample.payload(tenant))
            .map_err(|error| Error::Internal(format!("payload: {error}")))?;
        let (id, at) = (sample.id().as_str(), self.clock.now());
        let message = Message { id, at, body: payload.into(), secrets: &secrets };
        Ok(self.sender.send(&endpoint.webhook.url, &message).await)
    }
}
