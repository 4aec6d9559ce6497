//! `POST /api/v1/webhooks/{id}/test`

use hb_domain::Error;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::empty_body::EmptyBody;
use crate::endpoint;

/// What became of a sample event.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "WebhookTestResult"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestResult {
    /// Whether the receiver answered with a status from 200 to 299.
    delivered: bool,
    /// What prevented a complete response. `null` after one.
    error: Option<String>,
    /// How long the attempt took, in milliseconds.
    latency: u64,
    /// The status of the response. `null` without one.
    status_code: Option<u16>,
}

pub(crate) async fn test(mut call: Call) -> HandlerResult {
    call.no_query()?;
    EmptyBody::check(&call)?;
    let found = endpoint::find(&call).await?;
    let event_type = found.webhook.events.first_type();
    let event_type = event_type.ok_or_else(|| Error::Internal("a webhook without events".into()))?;
    let sample = call.new_sample(event_type);
    let outcome = Box::pin(call.send_sample(&found, &sample)).await?;
    Reply::ok(&TestResult {
        delivered: outcome.is_acknowledged(),
        latency: u64::try_from(outcome.latency.as_millis()).unwrap_or(u64::MAX),
        status_code: outcome.status_code,
        error: outcome.failure,
    })
}
