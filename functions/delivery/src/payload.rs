//! What is sent: the event as it is listed, and the secrets that sign it.

use bytes::Bytes;
use hb_domain::delivery::EndpointId;
use hb_domain::event::Event;
use hb_domain::feed::{Payload, Subject};
use hb_domain::webhook::WebhookSecret;
use hb_domain::{Error, Result, Timestamp};
use hb_http::stream::Consumption;
use hb_store::VersionedWebhook;

/// The body: the event with what it is about, as that is now.
pub(crate) fn body(
    endpoint: &EndpointId,
    event: &Event,
    subject: Option<&Subject>,
    now: Timestamp,
) -> Result<Bytes> {
    let payload = Payload::of(&endpoint.tenant, event, subject, now);
    let body = serde_json::to_vec(&payload);
    body.map(Bytes::from).map_err(|error| Error::Internal(format!("an event is no JSON: {error}")))
}

/// The secrets that sign what is sent now.
pub(crate) async fn secrets(
    consumption: &Consumption,
    endpoint: &EndpointId,
    webhook: &VersionedWebhook,
) -> Result<Vec<WebhookSecret>> {
    let Consumption { store, webhook_keys, entropy, clock, .. } = consumption;
    webhook_keys.signing_secrets(store, clock.now(), entropy, &endpoint.tenant, webhook).await
}
