//! The usage of a key by scope: which scopes are exercised in the months of a report.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{BoxFuture, join_all};
use hb_domain::plan::Allowance;
use hb_tests::world::{moment, plenty};
use hb_tests::{Answer, World};
use serde_json::{Value, json};

use super::{KEYS, MEMORIES, Scene};

const CREATE: &str = "/api/v1/memories";
const WEBHOOKS: &str = "/api/v1/webhooks";
const USAGE: &str = "DynamoDB UpdateItem Usage";

/// The counts by scope in the report of `days` days, requested with another key so that the request is not counted.
async fn scopes(scene: &Scene, id: &str, days: u16) -> Value {
    scene.owner.get(&format!("{KEYS}/usage?keyId={id}&days={days}")).await.data()["scopes"].clone()
}

/// The report of a key that has all scopes. No route needs `read:intelligence` yet.
fn all(read: u64, write: u64, webhooks: u64) -> Value {
    json!([
        {"scope": "read:memories", "requests": read},
        {"scope": "write:memories", "requests": write},
        {"scope": "read:intelligence", "requests": 0},
        {"scope": "write:webhooks", "requests": webhooks},
    ])
}

/// The report of a key that has all scopes, whose requests were not all counted by scope.
fn unknown() -> Value {
    let mut scopes = all(0, 0, 0);
    scopes.as_array_mut().expect("scopes").iter_mut().for_each(|scope| scope["requests"] = Value::Null);
    scopes
}

fn database(world: &World) -> Client {
    Client::from_conf(world.aws.dynamodb())
}

/// Sets the attributes of the item of a key and month.
async fn store(world: &World, tenant: &str, id: &str, month: &str, counters: &[(String, u64)]) {
    let update = database(world).update_item().table_name("Usage");
    let mut update = update
        .key("tenant", AttributeValue::S(tenant.to_owned()))
        .key("sk", AttributeValue::S(format!("{id}#{month}")));
    let mut assignments = Vec::new();
    for (name, count) in counters {
        assignments.push(format!("{name} = :{name}"));
        update = update.expression_attribute_values(format!(":{name}"), AttributeValue::N(count.to_string()));
    }
    update.update_expression(format!("SET {}", assignments.join(", "))).send().await.expect("the database");
}

/// A counter of the item of a key and month, 0 if it is absent.
async fn stored(world: &World, tenant: &str, id: &str, month: &str, counter: &str) -> String {
    let read = database(world).get_item().table_name("Usage").consistent_read(true);
    let read = read.key("tenant", AttributeValue::S(tenant.to_owned()));
    let item = read.key("sk", AttributeValue::S(format!("{id}#{month}"))).send().await.expect("the database");
    let value =
        item.item().expect("the month").get(counter).map(|value| value.as_n().expect("a number").clone());
    value.unwrap_or_else(|| "0".to_owned())
}

#[tokio::test]
async fn of_40_concurrent_requests_each_is_counted_for_the_scope_that_its_route_needs() {
    let scene = Scene::new().await;
    let key = scene.named("worker").await;
    assert_eq!(scopes(&scene, &key.id, 30).await, all(0, 0, 0), "never used");
    let other = scene.world.instance().await;
    let clients = [scene.instance.client.with(&key.plain), other.client.with(&key.plain)];
    let requests = (0..40).map(|n| -> BoxFuture<'_, Answer> {
        let client = &clients[n % 2];
        match n % 10 {
            0..4 => Box::pin(client.get(MEMORIES)),
            4..7 => Box::pin(client.post(CREATE, json!({"content": "tea", "type": "task"}))),
            7 => Box::pin(client.get(WEBHOOKS)),
            // Refused by the handler, after it was counted.
            8 => Box::pin(client.post(CREATE, json!({}))),
            _ => Box::pin(client.get(KEYS)),
        }
    });
    let answers = join_all(requests).await;
    assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 36);
    let usage = scene.owner.get(&format!("{KEYS}/usage?keyId={}&days=1", key.id)).await;
    assert_eq!((&usage.data()["total"], &usage.data()["errors"]), (&json!(40), &json!(4)));
    assert_eq!(usage.data()["scopes"], all(16, 16, 4), "a route that needs no scope counts for none");
    assert_eq!(stored(&scene.world, "acme", &key.id, "2026-11", "s0").await, "4");
}

#[tokio::test]
async fn a_request_that_is_not_admitted_counts_for_no_scope() {
    let allowance = Allowance { per_month: 10_000, per_minute: 60, burst: 3, memories: None };
    let scene = Scene::at("2026-11-24T12:00:00Z", allowance).await;
    let key = scene.named("worker").await;
    scene.set_clock("2026-11-24T12:00:30Z");
    for _ in 0..3 {
        assert_eq!(scene.try_key(&key.plain).await.status, 200);
    }
    for _ in 0..4 {
        scene.try_key(&key.plain).await.expect(429, "RATE_LIMIT_EXCEEDED");
    }
    // Refusals are recorded with the next admitted request.
    scene.set_clock("2026-11-24T12:01:30Z");
    let new = json!({"content": "tea", "type": "task"});
    scene.instance.client.with(&key.plain).post(CREATE, new).await.expect(201, "");
    let usage = scene.owner.get(&format!("{KEYS}/usage?keyId={}&days=1", key.id)).await;
    assert_eq!(usage.data()["limited"], 4);
    assert_eq!(usage.data()["scopes"], all(3, 1, 0));

    scene.set_clock("2026-11-24T12:02:30Z");
    let rotated = scene.rotate(&key.id, 0).await;
    scene.try_key(&key.plain).await.expect(401, "AUTH_INVALID");
    assert_eq!(scopes(&scene, &rotated.id, 1).await, all(3, 1, 0));
}

#[tokio::test]
async fn a_scope_that_the_key_lacks_is_counted_and_not_listed() {
    let scene = Scene::new().await;
    let body = json!({"name": "webhooks", "scopes": ["write:webhooks", "read:memories"]});
    let key = scene.create(body).await;
    let client = scene.instance.client.with(&key.plain);
    let new = json!({"content": "tea", "type": "task"});
    for _ in 0..2 {
        client.post(CREATE, new.clone()).await.expect(403, "INSUFFICIENT_SCOPE");
    }
    assert_eq!(client.get(WEBHOOKS).await.status, 200);
    let expected =
        json!([{"scope": "read:memories", "requests": 0}, {"scope": "write:webhooks", "requests": 1}]);
    assert_eq!(scopes(&scene, &key.id, 1).await, expected);
    assert_eq!(stored(&scene.world, "acme", &key.id, "2026-11", "swm").await, "2");
}

#[tokio::test]
async fn a_month_with_requests_that_were_not_counted_by_scope_is_unknown() {
    let scene = Scene::at("2026-11-30T12:00:00Z", plenty()).await;
    let key = scene.named("worker").await;
    let counters =
        [("r03", 2), ("r04", 1), ("e04", 1), ("l04", 9)].map(|(name, count)| (name.to_owned(), count));
    store(&scene.world, "acme", &key.id, "2026-11", &counters).await;
    assert_eq!(scopes(&scene, &key.id, 1).await, unknown(), "the month counts, not the day");

    // After an upgrade in the middle of the month.
    for _ in 0..4 {
        assert_eq!(scene.try_key(&key.plain).await.status, 200);
    }
    assert_eq!(scopes(&scene, &key.id, 30).await, unknown());
    scene.set_clock("2026-12-01T12:00:00Z");
    assert_eq!(scene.try_key(&key.plain).await.status, 200);
    assert_eq!(scopes(&scene, &key.id, 1).await, all(1, 0, 0), "the next month is complete");
    assert_eq!(scopes(&scene, &key.id, 2).await, unknown());

    store(&scene.world, "acme", &key.id, "2026-11", &[("s0".to_owned(), 3)]).await;
    assert_eq!(scopes(&scene, &key.id, 2).await, all(5, 0, 0), "all 7 requests of November are counted");
}

#[tokio::test]
async fn the_counts_are_those_of_the_months_that_the_days_touch() {
    let scene = Scene::at("2026-10-31T23:59:59.999Z", plenty()).await;
    let key = scene.named("worker").await;
    let client = scene.instance.client.with(&key.plain);
    assert_eq!(client.get(WEBHOOKS).await.status, 200);
    for (now, requests) in
        [("2026-11-01T00:00:00Z", 1), ("2026-11-30T23:59:59.999Z", 2), ("2026-12-01T00:00:00Z", 4)]
    {
        scene.set_clock(now);
        for _ in 0..requests {
            assert_eq!(client.get(MEMORIES).await.status, 200);
        }
    }
    for (days, expected) in [(1, all(4, 0, 0)), (2, all(7, 0, 0)), (31, all(7, 0, 0)), (32, all(7, 0, 1))] {
        assert_eq!(scopes(&scene, &key.id, days).await, expected, "{days} days");
    }
}

#[tokio::test]
async fn counting_costs_one_write_unit_at_the_end_of_the_longest_month_of_the_busiest_key() {
    let world = World::new().await;
    world.clock.set(moment("2026-12-31T23:59:59.999Z"));
    let tenant = "t".repeat(128);
    let account = world.account_with(&tenant, plenty()).await;
    // What 1,000 writes a second come to, the limit of an item: 8 digits a day and 10 a month.
    let day = (1..=31).flat_map(|day| ["r", "e", "l"].map(|kind| (format!("{kind}{day:02}"), 86_399_999)));
    let month = ["srm", "swm", "sri", "sww", "s0"].map(|name| (name.to_owned(), 2_678_399_999));
    let counters: Vec<_> = day.chain(month).collect();
    store(&world, &tenant, account.id.as_str(), "2026-12", &counters).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    assert_eq!(client.get(MEMORIES).await.status, 200);
    client.get("/api/v1/memories/mem_0").await.expect(404, "RESOURCE_NOT_FOUND");
    let calls = instance.tap.take();
    let units: Vec<f64> =
        calls.iter().filter(|call| call.name == USAGE).map(|call| call.write_units).collect();
    assert_eq!(units, [1.0, 1.0, 1.0], "two admitted requests and an error");
}
