//! Instances of the function that sends events, and the tables that they use.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_dynamodb::types::AttributeValue;
use hb_domain::event::EventId;
use hb_domain::{Clock, TenantId, Timestamp};
use hb_http::stream::{Batch, BatchResponse, Consumption, PassSummary};
use hb_local::functions;
use hb_sender::Sender;
use hb_store::Table;
use serde_json::{Value, json};

use super::world::tapped;
use super::{Client, Tap, World};

/// An item of a table.
pub type Item = HashMap<String, AttributeValue>;

/// One instance of the function that sends events.
pub struct Courier {
    /// Its calls.
    pub tap: Tap,
    /// Its own clock, initially with the world's time.
    pub clock: Clock,
    consumption: Consumption,
}

/// An endpoint of a test.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: String,
}

impl Courier {
    /// Delivers these records as one batch.
    pub async fn consume(&self, records: &[Value]) -> BatchResponse {
        let batch: Batch = serde_json::from_value(json!({ "Records": records })).expect("a batch");
        (consumer().handle)(&self.consumption, &batch, self.clock.now()).await
    }

    /// Makes a pass of the schedule.
    pub async fn pass(&self) -> PassSummary {
        (consumer().schedule.expect("a schedule"))(&self.consumption).await
    }

    /// The same instance with another sender.
    #[must_use]
    pub fn with_sender(mut self, sender: Sender) -> Self {
        self.consumption.sender = sender;
        self
    }
}

fn consumer() -> hb_http::stream::Consumer {
    let found = functions::consumers().find(|(name, _)| *name == "delivery");
    found.expect("the consumer").1
}

impl World {
    /// Another instance of the function that sends events.
    pub fn courier(&self) -> Courier {
        let (tap, aws) = tapped(&self.aws);
        let clock = Clock::fixed(self.clock.now());
        let consumption = self.consumption(&aws, &clock);
        Courier { tap, clock, consumption }
    }

    /// Moves the world's clock and makes passes of a fresh instance until nothing is due any more.
    pub async fn pass_after(&self, time: Duration) -> PassSummary {
        self.clock.set(self.clock.now().plus(time));
        let summary = self.courier().pass().await;
        assert!(!summary.has_failed, "{summary:?}");
        summary
    }

    /// Creates an endpoint with a request of `client`.
    pub async fn endpoint(&self, client: &Client, tenant: &TenantId, url: &str) -> Endpoint {
        let body = json!({"name": "test", "url": url, "events": ["*"]});
        let created = client.post("/api/v1/webhooks", body).await;
        assert_eq!(created.status, 201, "{}", created.text);
        Endpoint { tenant: tenant.clone(), id: created.data()["id"].as_str().expect("an id").to_owned() }
    }

    /// Queues the event of a search with so many results, which is due now, as the recorder does. Returns the event's id.
    pub async fn queue(&self, endpoint: &Endpoint, results: u64) -> String {
        let now = self.clock.now();
        self.put_due(endpoint, now.plus(Duration::from_secs(60))).await;
        let id = EventId::derive("search", &format!("{}{results}", endpoint.tenant), 0).to_string();
        let put = self.db().put_item().table_name("Deliveries");
        let put = put.item("tenant", text(endpoint.tenant.as_str()));
        let put = put.item("sk", text(&format!("{}#{:013}#{id}", endpoint.id, now.millis())));
        let put = put.item("type", text("search.performed")).item("results", number(results));
        let put = put.item("at", number(now.millis())).item("queuedAt", number(now.millis()));
        let put = put.item("attempts", number(0));
        let put = put.item("ttl", number(now.plus(Duration::from_secs(30 * 86_400)).seconds()));
        put.send().await.expect("the database");
        id
    }

    /// Queues so many events, and returns their ids.
    pub async fn queue_many(&self, endpoint: &Endpoint, count: u64) -> Vec<String> {
        let mut ids = Vec::new();
        for results in 0..count {
            ids.push(self.queue(endpoint, results).await);
        }
        ids
    }

    /// Has the schedule look at an endpoint.
    pub async fn put_due(&self, endpoint: &Endpoint, at: Timestamp) {
        let id = hb_domain::WebhookId::parse(&endpoint.id).expect("an id");
        let endpoint = hb_domain::delivery::EndpointId { tenant: endpoint.tenant.clone(), id };
        let context = hb_store::StreamContext::new(self.clock.now());
        let due = hb_store::DueEndpoint::new(endpoint, at);
        self.store.delivery_queue(&context).put_due_endpoint(&due).await.expect("the database");
    }

    /// The deliveries that wait, of all tenants, in their order.
    pub async fn waiting(&self) -> Vec<Item> {
        self.items(Table::Deliveries).await
    }

    /// The log of attempts, of all tenants, in its order.
    pub async fn attempts(&self) -> Vec<Item> {
        self.items(Table::DeliveryAttempts).await
    }

    /// The log of attempts in short: the event's id, the number and the status.
    pub async fn attempt_lines(&self) -> Vec<String> {
        let lines = self.attempts().await.into_iter();
        let line =
            |item: Item| format!("{} {} {}", of(&item, "eventId"), of(&item, "attempt"), of(&item, "status"));
        lines.map(line).collect()
    }

    /// When the schedule looks at which endpoint.
    pub async fn all_due_endpoints(&self) -> Vec<String> {
        self.items(Table::DueEndpoints).await.iter().map(|item| of(item, "sk")).collect()
    }

    /// The items of the table of endpoints whose sort keys have this beginning.
    pub async fn webhook_items(&self, kind: &str) -> Vec<Item> {
        let mut items = self.items(Table::Webhooks).await;
        items.retain(|item| of(item, "sk").starts_with(kind));
        items
    }

    /// Every item of a table, in the order of the keys.
    #[expect(clippy::disallowed_methods, reason = "a test looks at everything there is")]
    pub async fn items(&self, table: Table) -> Vec<Item> {
        let (mut items, mut from) = (Vec::new(), None);
        loop {
            let scan = self.db().scan().table_name(table.definition().resource).consistent_read(true);
            let page = scan.set_exclusive_start_key(from).send().await.expect("the database");
            items.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        items.sort_by_key(|item| (of(item, "tenant"), of(item, "sk")));
        items
    }

    fn db(&self) -> DynamoDb {
        DynamoDb::from_conf(self.aws.dynamodb())
    }
}

/// An attribute of an item as text; empty if there is none.
pub fn of(item: &Item, name: &str) -> String {
    match item.get(name) {
        Some(AttributeValue::S(value) | AttributeValue::N(value)) => value.clone(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

/// An item as text, in the order of its attributes.
pub fn readable(item: &Item) -> BTreeMap<String, String> {
    item.keys().map(|name| (name.clone(), of(item, name))).collect()
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
