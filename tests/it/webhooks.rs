//! Webhook endpoints over HTTP: create, read, change and delete them; who may, and when events are recorded.

mod authorization;
mod damage;
mod deliveries;
mod endpoints;
mod erased;
mod idempotency;
mod limits;
mod recording;
mod recording_faults;
mod recover;
mod reencryption;
mod resend;
mod rotation;
mod secrets;
mod since;
mod test_route;
mod urls;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use hb_tests::world::{Account, plenty};
use hb_tests::{Answer, Client, Instance, World};
use serde_json::{Value, json};

const WEBHOOKS: &str = "/api/v1/webhooks";

/// One tenant in its own world, and one instance.
struct Scene {
    world: World,
    account: Account,
    instance: Instance,
    /// With the account's key, which has all scopes.
    owner: Client,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        let owner = instance.client.with(&account.key);
        Self { world, account, instance, owner }
    }

    /// Creates the endpoint of a number as the owner.
    async fn create(&self, number: usize) -> Answer {
        let answer = self.owner.post(WEBHOOKS, numbered(number)).await;
        answer.expect(201, "");
        answer
    }

    /// Whether the tenant's flag is raised.
    async fn is_recording(&self) -> bool {
        let tenant = self.world.store.tenants().get(&self.account.tenant).await.expect("the database");
        tenant.expect("the tenant").recording.is_on
    }

    /// The number of endpoints, by the head of the feed.
    async fn counted(&self) -> u64 {
        let head = self.world.feed_head(&self.account.tenant).await;
        head.map_or(0, |head| head.endpoints)
    }

    /// The items of the tenant in the table, by their sort keys.
    async fn items(&self) -> HashMap<String, HashMap<String, AttributeValue>> {
        let client = aws_sdk_dynamodb::Client::from_conf(self.world.aws.dynamodb());
        let tenant = AttributeValue::S(self.account.tenant.to_string());
        let query = client.query().table_name("Webhooks").key_condition_expression("tenant = :tenant");
        let query = query.expression_attribute_values(":tenant", tenant).consistent_read(true);
        let items = query.send().await.expect("the database").items.unwrap_or_default();
        items.into_iter().map(|item| (item["sk"].as_s().expect("a key").clone(), item)).collect()
    }

    /// Checks that the items agree: a URL's item for each endpoint, and their number in the head.
    async fn assert_consistent(&self) {
        let items = self.items().await;
        let mut ids: Vec<&str> =
            items.keys().map(String::as_str).filter(|key| key.starts_with("whk_")).collect();
        let urls = items.iter().filter(|(key, _)| key.starts_with("url#"));
        let mut holders: Vec<&str> =
            urls.map(|(_, item)| item["id"].as_s().expect("an id").as_str()).collect();
        holders.sort();
        ids.sort();
        assert_eq!(holders, ids);
        assert_eq!(self.counted().await, ids.len() as u64);
    }
}

/// The body of an endpoint of its own URL.
fn numbered(number: usize) -> Value {
    json!({"name": format!("hook {number}"), "url": format!("https://example.com/{number}"), "events": ["memory.*"]})
}

fn id_of(answer: &Answer) -> String {
    answer.data()["id"].as_str().expect("an id").to_owned()
}

/// The path of the endpoint in an answer.
fn path_of(answer: &Answer) -> String {
    format!("{WEBHOOKS}/{}", id_of(answer))
}
