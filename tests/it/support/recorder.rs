//! Instances of the function that records events, and what they have recorded.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use hb_domain::event::EventId;
use hb_domain::{Clock, TenantId};
use hb_http::stream::{Batch, BatchResponse, Consumption};
use hb_local::{functions, streams};
use hb_store::Table;
use serde_json::{Value, json};

use super::world::tapped;
use super::{Tap, World};

/// One instance of the function that records events.
pub struct Recorder {
    /// Its calls.
    pub tap: Tap,
    /// Its own clock, initially with the world's time.
    pub clock: Clock,
    consumption: Consumption,
}

/// An event of a feed, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The position in the feed.
    pub position: u64,
    /// The event's id.
    pub id: String,
    /// `memory.created`
    pub kind: String,
    /// The memory or key that it is about; empty for a search.
    pub subject: String,
    /// The memory's version.
    pub version: String,
    /// The request that caused it.
    pub request_id: Option<String>,
    /// Why the memory is gone; empty for other events.
    pub reason: String,
    /// The changed fields.
    pub fields: Vec<String>,
    /// Every attribute with its value.
    pub item: String,
}

impl Recorder {
    /// Delivers these records as one batch.
    pub async fn consume(&self, records: &[Value]) -> BatchResponse {
        let mut consumers = functions::consumers();
        let (_, consumer) = consumers.find(|(name, _)| *name == "event-recorder").expect("the consumer");
        let batch: Batch = serde_json::from_value(json!({ "Records": records })).expect("a batch");
        (consumer.handle)(&self.consumption, &batch, self.clock.now()).await
    }
}

impl World {
    /// Another instance of the function that records events.
    pub fn recorder(&self) -> Recorder {
        let (tap, aws) = tapped(&self.aws);
        let clock = Clock::fixed(self.clock.now());
        let consumption = self.consumption(&aws, &clock);
        Recorder { tap, clock, consumption }
    }

    /// The records of a table's stream, the oldest first.
    pub fn records(&self, table: Table) -> Vec<Value> {
        let (mut records, mut position) = (Vec::new(), 0);
        loop {
            let (more, end) = self.records_after(table, position);
            if more.is_empty() {
                return records;
            }
            records.extend(more);
            position = end;
        }
    }

    /// At most 1,000 records of a table's stream after a position, and the position after them.
    pub fn records_after(&self, table: Table, position: i64) -> (Vec<Value>, i64) {
        streams::records_after(&self.database.database(), table, position).expect("the stream")
    }

    /// Turns the recording of events on for a tenant, from the world's time on, with an empty feed.
    pub async fn listen(&self, tenant: &TenantId) {
        let number = |number: i64| AttributeValue::N(number.to_string());
        let put = self.raw().put_item().table_name("Webhooks").item("tenant", text(tenant.as_str()));
        let put = put.item("sk", text("feed")).item("position", number(0)).item("endpoints", number(1));
        let put = put.item("generation", number(0)).item("since", number(self.clock.now().millis()));
        put.send().await.expect("the database");
    }

    /// Puts the row of a search with so many results, as a request of the tenant does, and returns the id of its event.
    pub async fn put_pending(&self, tenant: &TenantId, results: u64) -> String {
        let now = self.clock.now();
        let id = EventId::derive("search", &format!("{results}"), 0).to_string();
        let number = |number: i64| AttributeValue::N(number.to_string());
        let put = self.raw().put_item().table_name("PendingEvents").item("tenant", text(tenant.as_str()));
        let put = put.item("id", text(&id)).item("type", text("search.performed"));
        let put =
            put.item("at", number(now.millis())).item("results", AttributeValue::N(results.to_string()));
        let put = put.item("requestId", text("req_00000000000000000000"));
        let put = put.item("ttl", number(now.plus(Duration::from_secs(3 * 86_400)).seconds()));
        put.send().await.expect("the database");
        id
    }

    /// The events of a tenant after a position, in the order of the feed.
    pub async fn recorded_after(&self, tenant: &TenantId, position: u64) -> Vec<Recorded> {
        let mut recorded = Vec::new();
        let mut from = None;
        loop {
            let query = self.raw().query().table_name("Events").consistent_read(true);
            let query = query.key_condition_expression("tenant = :tenant AND sk BETWEEN :from AND :to");
            let query = query.expression_attribute_values(":tenant", text(tenant.as_str()));
            let query =
                query.expression_attribute_values(":from", text(&format!("event#{:016}", position + 1)));
            let query = query.expression_attribute_values(":to", text("event#9999999999999999"));
            let page = query.set_exclusive_start_key(from).send().await.expect("the database");
            recorded.extend(page.items().iter().map(decode));
            from = page.last_evaluated_key;
            if from.is_none() {
                return recorded;
            }
        }
    }

    /// All events of a tenant, in the order of the feed.
    pub async fn recorded(&self, tenant: &TenantId) -> Vec<Recorded> {
        self.recorded_after(tenant, 0).await
    }

    fn raw(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb())
    }
}

fn decode(item: &HashMap<String, AttributeValue>) -> Recorded {
    let value = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let fields = item.get("changedFields").and_then(|fields| fields.as_l().ok()).into_iter().flatten();
    let sort_key = value("sk").expect("a sort key");
    Recorded {
        position: sort_key.strip_prefix("event#").and_then(|digits| digits.parse().ok()).expect("a position"),
        id: value("eventId").expect("an id"),
        kind: value("type").expect("a type"),
        subject: value("memory").or_else(|| value("key")).unwrap_or_default(),
        version: value("version").unwrap_or_default(),
        request_id: value("requestId"),
        reason: value("reason").unwrap_or_default(),
        fields: fields.map(|field| field.as_s().expect("text").clone()).collect(),
        item: format!("{:?}", item.iter().collect::<BTreeMap<_, _>>()),
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
