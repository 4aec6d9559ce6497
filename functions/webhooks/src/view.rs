//! Endpoints in responses. Fields are in alphabetical order.

use hb_domain::webhook::{EventPatterns, Webhook, WebhookSecret, WebhookStatus, WebhookUrl};
use hb_domain::{Timestamp, WebhookId};
use serde::Serialize;

/// A webhook endpoint. Its secret is not shown again.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "Webhook"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookView {
    /// When the endpoint was created.
    created_at: Timestamp,
    /// The types of events that are sent to it, or patterns of types.
    events: EventPatterns,
    /// The id of the endpoint.
    id: WebhookId,
    /// The name for people.
    name: String,
    /// `active`: events are sent to it. `inactive`: they are recorded, and not sent.
    status: WebhookStatus,
    /// When the endpoint was last changed.
    updated_at: Timestamp,
    /// The address that events are sent to, in its normal form.
    url: WebhookUrl,
}

/// A new webhook endpoint, with its secret.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "WebhookWithSecret"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewWebhookView {
    /// When the endpoint was created.
    created_at: Timestamp,
    /// The types of events that are sent to it, or patterns of types.
    events: EventPatterns,
    /// The id of the endpoint.
    id: WebhookId,
    /// The name for people.
    name: String,
    /// The secret that deliveries are signed with. Store it now. `null` in a response that is repeated for its
    /// `Idempotency-Key`.
    secret: Option<String>,
    /// `active`: events are sent to it. `inactive`: they are recorded, and not sent.
    status: WebhookStatus,
    /// When the endpoint was last changed.
    updated_at: Timestamp,
    /// The address that events are sent to, in its normal form.
    url: WebhookUrl,
}

impl WebhookView {
    pub(crate) fn of(webhook: Webhook) -> Self {
        let Webhook { id, name, url, events, status, created_at, updated_at } = webhook;
        Self { created_at, events, id, name, status, updated_at, url }
    }
}

impl NewWebhookView {
    #[expect(clippy::disallowed_methods, reason = "the response to the creation contains the secret")]
    pub(crate) fn of(webhook: Webhook, secret: &WebhookSecret) -> Self {
        let Webhook { id, name, url, events, status, created_at, updated_at } = webhook;
        let secret = Some(secret.expose().to_owned());
        Self { created_at, events, id, name, secret, status, updated_at, url }
    }
}
