//! The item of a delivery that waits: encoding and decoding.

use hb_domain::delivery::{EndpointId, RETENTION};
use hb_domain::event::{Event, EventId};
use hb_domain::{Error, Result, TenantId, Timestamp, WebhookId};
use serde_json::Value;

use crate::feed::row;
use crate::item::{Attributes, Row, millis, number, of_json, text, ttl};
use crate::tables::Table;

/// The key of a delivery that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryKey {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// When the next attempt is due, in whole milliseconds.
    pub due_at: Timestamp,
    /// The event.
    pub event_id: EventId,
}

/// A delivery that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuedDelivery {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// When the next attempt is due, in whole milliseconds.
    pub due_at: Timestamp,
    /// The event.
    pub event: Event,
    /// How many attempts were made.
    pub attempts: u64,
    /// When the event was appended to the feed, or sent again by a request.
    pub queued_at: Timestamp,
}

impl DeliveryKey {
    /// The sort key. Those of an endpoint have the order of due times.
    pub(crate) fn sort_key(&self) -> String {
        format!("{}#{:013}#{}", self.endpoint.id, self.due_at.millis().max(0), self.event_id)
    }

    /// The key in a stream record, `{"tenant": {"S": "acme"}, "sk": {"S": "…"}}`.
    ///
    /// # Errors
    /// [`Error::Internal`] with the name of the attribute that is missing or invalid.
    pub fn of_json(keys: &Value) -> Result<Self> {
        let item = of_json(keys).ok_or_else(|| Error::Internal("the keys are no item".into()))?;
        Self::decode(&item)
    }

    /// The key of the item.
    pub(crate) fn attributes(&self) -> Attributes {
        Attributes::from([
            ("tenant".into(), text(&self.endpoint.tenant)),
            ("sk".into(), text(self.sort_key())),
        ])
    }

    /// The key in the attributes of an item.
    pub(crate) fn decode(item: &Attributes) -> Result<Self> {
        let row = Row::new(Table::Deliveries, item);
        let tenant = row.parsed("tenant", TenantId::parse)?;
        row.parsed("sk", |sort_key| Self::parse(tenant, sort_key))
    }

    fn parse(tenant: TenantId, sort_key: &str) -> Option<Self> {
        let mut parts = sort_key.split('#');
        let key = Self {
            endpoint: EndpointId { tenant, id: WebhookId::parse(parts.next()?)? },
            due_at: Timestamp::from_millis(parts.next()?.parse().ok()?),
            event_id: EventId::parse(parts.next()?)?,
        };
        (key.sort_key() == sort_key).then_some(key)
    }
}

impl QueuedDelivery {
    /// A delivery whose first attempt is due at `now`.
    pub fn new(endpoint: EndpointId, event: Event, now: Timestamp) -> Self {
        let now = now.to_millis();
        Self { endpoint, due_at: now, event, attempts: 0, queued_at: now }
    }

    /// The key of the item.
    pub fn key(&self) -> DeliveryKey {
        DeliveryKey { endpoint: self.endpoint.clone(), due_at: self.due_at, event_id: self.event.id.clone() }
    }

    /// The item.
    pub(crate) fn encode(&self) -> Attributes {
        let mut item = row::encode_without_position(&self.endpoint.tenant, &self.event);
        item.extend(self.key().attributes());
        item.insert("attempts".into(), number(self.attempts));
        item.insert("queuedAt".into(), millis(self.queued_at));
        item.insert("ttl".into(), ttl(self.queued_at.plus(RETENTION)));
        item
    }

    /// The delivery of an item.
    pub(crate) fn decode(item: &Attributes) -> Result<Self> {
        let row = Row::new(Table::Deliveries, item);
        let DeliveryKey { endpoint, due_at, event_id } = DeliveryKey::decode(item)?;
        Ok(Self {
            endpoint,
            due_at,
            event: row::decode_as(row, event_id)?,
            attempts: row.count("attempts")?,
            queued_at: row.moment("queuedAt")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hb_domain::event::Occurrence;

    use super::*;

    #[test]
    fn a_delivery_is_decoded_as_it_was_encoded_and_keys_have_the_order_of_due_times() {
        let at = Timestamp::from_millis(1_795_521_600_000);
        let endpoint = EndpointId {
            tenant: TenantId::parse("acme").expect("a tenant"),
            id: WebhookId::parse("whk_0123456789abcdef").expect("an id"),
        };
        let event = Event {
            id: EventId::derive("t", "1", 0),
            at,
            request_id: None,
            occurrence: Occurrence::Search { results: 3 },
        };
        let delivery = QueuedDelivery { endpoint, due_at: at, event, attempts: 2, queued_at: at };
        let decoded = QueuedDelivery::decode(&delivery.encode()).expect("a delivery");
        assert_eq!(decoded, delivery);
        let later = QueuedDelivery { due_at: at.plus(Duration::from_millis(1)), ..delivery.clone() };
        assert!(delivery.key().sort_key() < later.key().sort_key());
        for name in ["sk", "tenant", "type", "at", "queuedAt"] {
            let mut item = delivery.encode();
            item.remove(name);
            assert!(QueuedDelivery::decode(&item).is_err(), "{name}");
        }
    }
}
