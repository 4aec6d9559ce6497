//! The item of an attempt in the log: encoding and decoding.

use hb_domain::delivery::{Attempt, DeliveryStatus, EndpointId, RETENTION};
use hb_domain::event::{EventId, EventType};
use hb_domain::{Result, Timestamp};

use crate::item::{Attributes, Row, millis, number, text, ttl};
use crate::tables::Table;

/// The sort key. Those of an endpoint have the order of time.
pub(crate) fn sort_key(endpoint: &EndpointId, attempt: &Attempt) -> String {
    let Attempt { event_id, number, at, .. } = attempt;
    sort_key_of(endpoint, *at, event_id, *number)
}

/// The sort key of the attempt of this number, which began at `at`.
pub(crate) fn sort_key_of(endpoint: &EndpointId, at: Timestamp, event_id: &EventId, number: u64) -> String {
    format!("{}#{:013}#{event_id}#{number:02}", endpoint.id, at.millis().max(0))
}

/// The item of `attempt`.
pub(crate) fn encode(endpoint: &EndpointId, attempt: &Attempt) -> Attributes {
    let mut item = Attributes::from([
        ("tenant".into(), text(&endpoint.tenant)),
        ("sk".into(), text(sort_key(endpoint, attempt))),
        ("eventId".into(), text(&attempt.event_id)),
        ("type".into(), text(attempt.event_type)),
        ("attempt".into(), number(attempt.number)),
        ("status".into(), text(attempt.status)),
        ("at".into(), millis(attempt.at)),
        ("ttl".into(), ttl(attempt.at.plus(RETENTION))),
    ]);
    if let Some(code) = attempt.status_code {
        item.insert("statusCode".into(), number(code));
    }
    if let Some(latency) = attempt.latency {
        item.insert("latency".into(), number(latency));
    }
    if let Some(response) = &attempt.response {
        item.insert("response".into(), text(response));
    }
    if let Some(next) = attempt.next_attempt_at {
        item.insert("nextAttemptAt".into(), millis(next));
    }
    item
}

/// The attempt of an item.
pub(crate) fn decode(item: &Attributes) -> Result<Attempt> {
    let row = Row::new(Table::DeliveryAttempts, item);
    let code = row.optional_integer("statusCode")?.map(u16::try_from).transpose();
    let latency = row.optional_integer("latency")?.map(u64::try_from).transpose();
    Ok(Attempt {
        event_id: row.parsed("eventId", EventId::parse)?,
        event_type: row.parsed("type", EventType::parse)?,
        number: row.count("attempt")?,
        status: row.parsed("status", DeliveryStatus::parse)?,
        status_code: code.map_err(|_| row.corrupt("statusCode"))?,
        latency: latency.map_err(|_| row.corrupt("latency"))?,
        response: row.optional_text("response")?.map(str::to_owned),
        at: Timestamp::from_millis(row.integer("at")?),
        next_attempt_at: row.optional_moment("nextAttemptAt")?,
    })
}

#[cfg(test)]
mod tests {
    use hb_domain::{TenantId, WebhookId};

    use super::*;

    #[test]
    fn an_attempt_is_decoded_as_it_was_encoded() {
        let at = Timestamp::from_millis(1_795_521_600_000);
        let endpoint = EndpointId {
            tenant: TenantId::parse("acme").expect("a tenant"),
            id: WebhookId::parse("whk_0123456789abcdef").expect("an id"),
        };
        let attempt = Attempt {
            event_id: EventId::derive("t", "1", 0),
            event_type: EventType::MemoryCreated,
            number: 3,
            status: DeliveryStatus::Failed,
            status_code: Some(503),
            latency: Some(12),
            response: Some("busy".into()),
            at,
            next_attempt_at: Some(at),
        };
        assert_eq!(decode(&encode(&endpoint, &attempt)).expect("an attempt"), attempt);
        let waiting = Attempt {
            status: DeliveryStatus::Pending,
            number: 0,
            status_code: None,
            latency: None,
            response: None,
            ..attempt
        };
        assert_eq!(decode(&encode(&endpoint, &waiting)).expect("an attempt"), waiting);
    }
}
