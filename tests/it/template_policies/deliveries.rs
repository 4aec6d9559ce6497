//! Deliveries that come to every end, for the function that sends events.

use std::collections::BTreeSet;
use std::time::Duration;

use hb_domain::webhook::UrlPolicy;
use hb_store::Table;
use hb_tests::deliveries::Courier;
use hb_tests::feed::About;
use hb_tests::receiver::{Received, Reply};
use hb_tests::world::plenty;
use hb_tests::{Receiver, World};
use http::Method;
use serde_json::json;

/// What the function needs for endpoints that work, that fail, that work again, that are gone and that were deleted, and for a
/// recovery.
pub(super) async fn permissions() -> BTreeSet<String> {
    let mut world = World::new().await;
    world.webhook_urls = UrlPolicy::Local;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let receiver = Receiver::start(by_path).await;
    let mut used = BTreeSet::new();
    // It is in the feed before there is an endpoint, so that recoveries queue it.
    world.append(&account.tenant, 1, About::Search(1)).await;
    let mut endpoints = Vec::new();
    for name in ["works", "fails", "gone", "deleted"] {
        let url = format!("{}/{name}", receiver.url);
        endpoints.push(world.endpoint(&client, &account.tenant, &url).await);
    }
    client.post("/api/v1/memories", json!({"content": "tea", "type": "task"})).await.expect(201, "");
    client.post("/api/v1/api-keys", json!({"name": "another"})).await.expect(201, "");
    for table in [Table::Memories, Table::ApiKeys] {
        assert!(!world.recorder().consume(&world.records(table)).await.has_failed());
    }
    let stream = world.courier();
    assert!(!stream.consume(&world.records(Table::Deliveries)).await.has_failed());
    used.extend(taken(&stream));
    let deleted = format!("/api/v1/webhooks/{}", endpoints[3].id);
    client.send(Method::DELETE, &deleted, None).await.expect(200, "");
    // First a deletion and the recoveries, then the probe of what has failed, which is acknowledged.
    for _ in 0..2 {
        world.clock.set(world.clock.now().plus(Duration::from_secs(120)));
        let pass = world.courier();
        assert!(!pass.pass().await.has_failed);
        used.extend(taken(&pass));
        receiver.answer(|_| Reply::Status(204));
    }
    used
}

fn by_path(received: &Received) -> Reply {
    Reply::Status(match received.path.as_str() {
        "/works" => 204,
        "/gone" => 410,
        _ => 500,
    })
}

fn taken(courier: &Courier) -> Vec<String> {
    courier.tap.take().into_iter().flat_map(|call| call.permissions).collect()
}
