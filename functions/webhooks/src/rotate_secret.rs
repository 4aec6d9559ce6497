//! `POST /api/v1/webhooks/{id}/rotate-secret`

use hb_domain::precondition::Preconditions;
use hb_domain::webhook::{RotateSecret, WebhookSecret};
use hb_domain::{Timestamp, WebhookId};
use hb_http::{Call, HandlerResult, Reply, VersionedWebhook, WebhookRotation};
use serde::Serialize;

/// The new secret of a webhook endpoint.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "RotatedWebhookSecret"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct RotatedSecret {
    /// The id of the endpoint.
    id: WebhookId,
    /// Until when the previous secret signs beside the new one. `null`: it does not.
    previous_secret_expires_at: Option<Timestamp>,
    /// The new secret, `whsec_` included. Store it now. `null` in a response that is repeated for its
    /// `Idempotency-Key`.
    secret: Option<String>,
}

pub(crate) async fn rotate(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let RotateSecret { grace, secret: given } = RotateSecret::parse(call.body()?)?;
    let id = call.path_id(WebhookId::parse)?;
    let conditions = Preconditions { if_none_match: None, ..call.preconditions() };
    let version = call.new_version();
    let (secret, sealed) = call.new_webhook_secret(&id, given).await?;
    let rotation = WebhookRotation { id: &id, secret: sealed, grace, version: &version };
    let rotated = Box::pin(call.webhooks().rotate(rotation, &conditions)).await?;
    Reply::ok(&RotatedSecret::of(&rotated, &secret))?.of_version(version).with_secret("secret")
}

impl RotatedSecret {
    #[expect(clippy::disallowed_methods, reason = "the response to the rotation contains the secret")]
    fn of(rotated: &VersionedWebhook, secret: &WebhookSecret) -> Self {
        Self {
            id: rotated.webhook.id.clone(),
            previous_secret_expires_at: rotated.previous.as_ref().map(|previous| previous.until),
            secret: Some(secret.expose().to_owned()),
        }
    }
}
