//! Sending events to endpoints: each one at least once, whatever the receiver or the database does.

mod basics;
mod endpoints;
mod erasures;
mod fairness;
mod faults;
mod leases;
mod logs;
mod probes;
mod receivers;
mod stops;
mod unreadable;

use std::time::Duration;

use hb_domain::webhook::UrlPolicy;
use hb_sender::{Limits, Sender};
use hb_tests::deliveries::Endpoint;
use hb_tests::world::{Account, plenty};
use hb_tests::{Client, Instance, World};
use serde_json::json;

/// A world with a tenant and an instance that accepts endpoints on this machine.
struct Stage {
    world: World,
    _instance: Instance,
    account: Account,
    client: Client,
}

impl Stage {
    async fn new() -> Self {
        let mut world = World::new().await;
        world.webhook_urls = UrlPolicy::Local;
        let account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        let client = instance.client.with(&account.key);
        Self { world, _instance: instance, account, client }
    }

    async fn endpoint(&self, url: &str) -> Endpoint {
        self.world.endpoint(&self.client, &self.account.tenant, url).await
    }

    /// Makes passes, each when the next endpoint is due, until nothing waits.
    async fn settle(&self) {
        for _ in 0..100 {
            let Some(first) = self.world.all_due_endpoints().await.into_iter().next() else {
                assert!(self.world.waiting().await.is_empty(), "a delivery waits that nobody looks at");
                return;
            };
            let at = first.split('#').next().and_then(|at| at.parse().ok()).expect("a time");
            let now = self.world.clock.now().max(hb_domain::Timestamp::from_millis(at));
            self.world.clock.set(now);
            self.world.pass_after(seconds(1)).await;
        }
        panic!("deliveries do not come to an end: {:?}", self.world.waiting().await);
    }

    /// Activates an endpoint, so that the schedule looks at it.
    async fn activate(&self, endpoint: &Endpoint) {
        let path = format!("/api/v1/webhooks/{}", endpoint.id);
        self.client.send(http::Method::PATCH, &path, Some(json!({"status": "active"}))).await.expect(200, "");
    }

    /// A sender with a time limit of 300 ms.
    fn impatient() -> Sender {
        let limits = Limits { total: Duration::from_millis(300), ..Limits::default() };
        Sender::with(UrlPolicy::Local, limits, hb_sender::system_lookup())
    }

    /// The records of the stream of these deliveries, each with any number.
    fn records_of(&self, deliveries: &[(u64, String)]) -> Vec<serde_json::Value> {
        let mut records = self.world.records(hb_store::Table::Deliveries);
        records.retain(|record| {
            let key = record["dynamodb"]["Keys"]["sk"]["S"].as_str().unwrap_or_default();
            deliveries.iter().any(|(_, id)| key.ends_with(id))
        });
        records
    }

    /// Delivers the records of the stream of these deliveries to a new instance.
    async fn stream_of(&self, deliveries: &[(u64, String)]) {
        let records = self.records_of(deliveries);
        assert!(!self.world.courier().consume(&records).await.has_failed());
    }

    /// The status of an endpoint, and its version.
    async fn status_of(&self, endpoint: &Endpoint) -> (String, String) {
        let answer = self.client.get(&format!("/api/v1/webhooks/{}", endpoint.id)).await;
        (answer.data()["status"].as_str().expect("a status").to_owned(), answer.header("etag").to_owned())
    }

    /// The events of types that begin so, as a reader of the feed sees them once they are recorded.
    async fn events(&self, kind: &str) -> Vec<String> {
        let records = self.world.records(hb_store::Table::PendingEvents);
        if !records.is_empty() {
            assert!(!self.world.recorder().consume(&records).await.has_failed());
        }
        let page = self.client.get("/api/v1/events?limit=100").await;
        let events = page.data()["events"].as_array().expect("events").clone();
        let text = |event: &serde_json::Value| {
            let reason = event["data"]["reason"].as_str().unwrap_or_default().to_owned();
            format!(
                "{} {} {reason}",
                event["event"].as_str().unwrap_or_default(),
                event["data"]["id"].as_str().unwrap_or_default()
            )
        };
        events.iter().map(text).filter(|text| text.starts_with(kind)).collect()
    }

    /// Delivers all records of the stream of deliveries to a new instance.
    async fn stream(&self) {
        let records = self.world.records(hb_store::Table::Deliveries);
        assert!(!self.world.courier().consume(&records).await.has_failed());
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
}
