//! `GET /api/v1/webhooks/{id}/deliveries`

use hb_domain::delivery::{Attempt, DeliveryLogQuery, DeliveryStatus};
use hb_domain::event::{EventId, EventType};
use hb_domain::{Timestamp, WebhookId};
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::endpoint;

/// One attempt to deliver an event, or a delivery that waits for its first.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "DeliveryAttempt"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptView {
    /// When the attempt began; while `pending`, when the delivery was queued.
    at: Timestamp,
    /// The number of the attempt, from 1. 0: there was none yet.
    attempt: u64,
    /// The type of the event.
    event: EventType,
    /// The id of the event.
    event_id: EventId,
    /// How long the attempt took, in milliseconds. `null`: there was none yet.
    latency: Option<u64>,
    /// The earliest time of the next attempt. `null`: there is none, or none before the endpoint is active again.
    next_attempt_at: Option<Timestamp>,
    /// The first KiB of the response's body, or what prevented a response. `null`: there is nothing.
    response: Option<String>,
    /// `pending`: it waits for its first attempt. `succeeded`. `failed`: another attempt follows. `exhausted`: the
    /// last attempt failed. `discarded`: it was given up, since the endpoint does not subscribe to the event any
    /// more, or the event is older than 30 days.
    status: DeliveryStatus,
    /// The status of the response. `null`: there was none.
    status_code: Option<u16>,
}

/// A page of the attempts of the last 30 days.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryLog {
    /// The attempts, the newest first, and after them the deliveries that wait for their first.
    deliveries: Vec<AttemptView>,
    /// The `cursor` of the next page. `null` at the end. A page may be empty before the end.
    next_cursor: Option<String>,
}

pub(crate) async fn list(call: Call) -> HandlerResult {
    let id = call.path_id(WebhookId::parse)?;
    let query = DeliveryLogQuery::parse(call.query(), call.principal().tenant(), &id)?;
    endpoint::find(&call).await?;
    let page = call.deliveries().log(&id, &query).await?;
    Reply::ok(&DeliveryLog {
        deliveries: page.attempts.into_iter().map(AttemptView::of).collect(),
        next_cursor: page.next.map(|position| query.cursor(&position)),
    })
}

impl AttemptView {
    fn of(attempt: Attempt) -> Self {
        let Attempt {
            event_id,
            event_type,
            number,
            status,
            status_code,
            latency,
            response,
            at,
            next_attempt_at,
        } = attempt;
        Self {
            at,
            attempt: number,
            event: event_type,
            event_id,
            latency,
            next_attempt_at,
            response,
            status,
            status_code,
        }
    }
}
