//! `DELETE /api/v1/webhooks/{id}`

use hb_domain::WebhookId;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

/// A webhook endpoint that was deleted.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "DeletedWebhook"))]
pub(crate) struct Deleted {
    /// Always `true`.
    deleted: bool,
    /// The id of the endpoint.
    id: WebhookId,
}

pub(crate) async fn delete(call: Call) -> HandlerResult {
    call.no_query()?;
    let id = call.path_id(WebhookId::parse)?;
    Box::pin(call.webhooks().delete(&id, call.expected_versions().as_deref())).await?;
    Reply::ok(&Deleted { deleted: true, id })
}
