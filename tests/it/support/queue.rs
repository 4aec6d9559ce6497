//! Endpoints that get events, and what is queued for them.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use hb_domain::{TenantId, Timestamp, WebhookId};

use super::World;

/// A delivery that waits, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Queued {
    /// The endpoint.
    pub endpoint: String,
    /// The event.
    pub event: String,
    /// When it is due, in milliseconds.
    pub due: i64,
    /// The number of attempts.
    pub attempts: String,
}

/// The id of the endpoint of a number.
pub fn endpoint_id(number: u8) -> WebhookId {
    WebhookId::parse(&format!("whk_{number:016}")).expect("an id")
}

impl World {
    /// Writes the item of an endpoint that is created now, for a tenant with a head. It has no URL's item, and the head does not count it.
    pub async fn subscribe(&self, tenant: &TenantId, number: u8, events: &[&str], status: &str) -> WebhookId {
        self.subscribe_at(tenant, number, events, status, self.clock.now()).await
    }

    /// As [`subscribe`](Self::subscribe), for an endpoint that was created at another time.
    pub async fn subscribe_at(
        &self,
        tenant: &TenantId,
        number: u8,
        events: &[&str],
        status: &str,
        created_at: Timestamp,
    ) -> WebhookId {
        let id = endpoint_id(number);
        let events = events.iter().map(|pattern| text(pattern)).collect();
        let put = self.client().put_item().table_name("Webhooks");
        let put = put.item("tenant", text(tenant.as_str())).item("sk", text(id.as_str()));
        let put = put.item("name", text("test")).item("url", text("https://example.com/"));
        let put = put.item("events", AttributeValue::L(events)).item("status", text(status));
        let put = put.item("createdAt", integer(created_at.micros()));
        let put = put.item("updatedAt", integer(created_at.millis())).item("version", text("v"));
        let put = put.item("secret", AttributeValue::B(Blob::new([1]))).item("keyVersion", text("k"));
        put.send().await.expect("the database");
        id
    }

    /// The deliveries of a tenant that wait, in their order.
    pub async fn queued(&self, tenant: &TenantId) -> Vec<Queued> {
        let (mut queued, mut from) = (Vec::new(), None);
        loop {
            let query = self.client().query().table_name("Deliveries").consistent_read(true);
            let query = query.key_condition_expression("tenant = :tenant");
            let query = query.expression_attribute_values(":tenant", text(tenant.as_str()));
            let page = query.set_exclusive_start_key(from).send().await.expect("the database");
            for item in page.items() {
                let parts: Vec<&str> = item["sk"].as_s().expect("a key").split('#').collect();
                queued.push(Queued {
                    endpoint: parts[0].to_owned(),
                    event: parts[2].to_owned(),
                    due: parts[1].parse().expect("a time"),
                    attempts: item["attempts"].as_n().expect("a number").clone(),
                });
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return queued;
            }
        }
    }

    /// Checks that exactly these events are queued once for an endpoint, and that the schedule will look at each of them.
    pub async fn assert_queued(
        &self,
        tenant: &TenantId,
        endpoint: &WebhookId,
        events: &[String],
        context: &str,
    ) {
        let queued = self.queued(tenant).await;
        let queued: Vec<&Queued> =
            queued.iter().filter(|queued| queued.endpoint == endpoint.as_str()).collect();
        let ids: BTreeSet<&str> = queued.iter().map(|queued| queued.event.as_str()).collect();
        assert_eq!(ids, events.iter().map(String::as_str).collect(), "{context}: {endpoint}");
        assert_eq!(queued.len(), events.len(), "{context}: {endpoint}: nothing twice");
        let looks = self.due_endpoints(tenant).await;
        let last = looks.iter().filter(|(id, _)| id == endpoint.as_str()).map(|(_, at)| *at).max();
        for queued in queued {
            assert!(last.is_some_and(|last| last >= queued.due), "{context}: nobody looks at {queued:?}");
        }
    }

    /// The due endpoints of a tenant, each with its time in milliseconds.
    pub async fn due_endpoints(&self, tenant: &TenantId) -> Vec<(String, i64)> {
        let mut due = Vec::new();
        for shard in 0..16 {
            let query = self.client().query().table_name("DueEndpoints").consistent_read(true);
            let query = query.key_condition_expression("#shard = :shard");
            let query = query.expression_attribute_names("#shard", "shard");
            let query = query.expression_attribute_values(":shard", text(&format!("{shard:02}")));
            for item in query.send().await.expect("the database").items() {
                let parts: Vec<&str> = item["sk"].as_s().expect("a key").split('#').collect();
                if parts[1] == tenant.as_str() {
                    due.push((parts[2].to_owned(), parts[0].parse().expect("a time")));
                }
            }
        }
        due.sort();
        due
    }

    fn client(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb())
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn integer(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
