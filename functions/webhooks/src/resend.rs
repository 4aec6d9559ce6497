//! `POST /api/v1/webhooks/{id}/deliveries/{eventId}/resend`

use hb_domain::Timestamp;
use hb_domain::delivery::DeliveryStatus;
use hb_domain::event::{EventId, EventType};
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::empty_body::EmptyBody;
use crate::endpoint;

/// An event that is sent again.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "ResentEvent"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resent {
    /// The type of the event.
    event: EventType,
    /// The id of the event, the same as before.
    event_id: EventId,
    /// The earliest time of the attempt.
    next_attempt_at: Timestamp,
    /// Always `pending`: it waits for the attempt.
    status: DeliveryStatus,
}

pub(crate) async fn resend(call: Call) -> HandlerResult {
    call.no_query()?;
    EmptyBody::check(&call)?;
    let event_id = call.path_id_named("eventId", EventId::parse)?;
    let found = endpoint::find_active(&call).await?;
    let queued = Box::pin(call.deliveries().resend(&found.webhook, &event_id)).await?;
    Reply::ok(&Resent {
        event: queued.event.occurrence.event_type(),
        event_id: queued.event.id,
        next_attempt_at: queued.due_at,
        status: DeliveryStatus::Pending,
    })
}
