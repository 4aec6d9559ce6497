//! `GET /api/v1/events`

use hb_domain::feed::{EventTypes, FeedQuery, Payload};
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

/// A page of events.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventList<'a> {
    /// The events, the oldest first.
    events: Vec<Payload<'a>>,
    /// Whether more events may follow at once.
    has_more: bool,
    /// The `cursor` of the next page, also at the end of the feed: keep it, and ask again later. It is valid for 30
    /// days.
    next_cursor: String,
}

pub(crate) async fn list(call: Call) -> HandlerResult {
    let (principal, now) = (call.principal(), call.received_at());
    let query = FeedQuery::parse(call.query(), principal.tenant(), now)?;
    let types = EventTypes::readable(query.types, principal)?;
    let page = call.store().feed().page(&query, types).await?;
    let payloads = page
        .events
        .iter()
        .map(|(event, subject)| Payload::of(principal.tenant(), event, subject.as_ref(), now));
    Reply::ok(&EventList {
        events: payloads.collect(),
        has_more: page.has_more,
        next_cursor: query.cursor(page.next),
    })
}
