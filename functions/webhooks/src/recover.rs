//! `POST /api/v1/webhooks/{id}/recover`

use hb_domain::delivery::{DeliveryStatus, RecoveryRequest};
use hb_domain::{Timestamp, WebhookId};
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::endpoint;

/// A recovery that has begun: the deliveries are queued after the response.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "WebhookRecovery"))]
pub(crate) struct Recovery {
    /// The id of the endpoint.
    id: WebhookId,
    /// From when on events are sent again.
    since: Timestamp,
    /// Always `pending`.
    status: DeliveryStatus,
}

pub(crate) async fn recover(call: Call) -> HandlerResult {
    call.no_query()?;
    let RecoveryRequest { since } = RecoveryRequest::parse(call.body()?, call.effective_at())?;
    let id = endpoint::find_active(&call).await?.webhook.id;
    Box::pin(call.deliveries().recover(&id, since)).await?;
    Reply::ok(&Recovery { id, since, status: DeliveryStatus::Pending })
}
