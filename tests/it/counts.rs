//! Storage quota: never more memories than the plan allows, and after any failure never a count that is too low.

mod limits;

use std::time::{Duration, Instant};

use hb_domain::plan::Allowance;
use hb_store::StorageUsage;
use hb_tests::world::{Account, moment, plenty};
use hb_tests::{Client, Driven, Fault, World};
use http::Method;
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";

async fn amount(world: &World, account: &Account) -> StorageUsage {
    world.store.with(&world.operator(&account.tenant)).storage().get().await.expect("the count")
}

/// The stored memories and bytes, measured by an export.
async fn truth(client: &Client) -> StorageUsage {
    let (mut amount, mut path) = (StorageUsage::default(), "/api/v1/memories/export".to_owned());
    loop {
        let page = client.get(&path).await;
        amount = amount
            + StorageUsage { memories: page.text.lines().count() as u64, bytes: page.text.len() as u64 };
        match page.header("link").strip_prefix('<').and_then(|link| link.split('>').next()) {
            Some(next) => path = next.to_owned(),
            None => return amount,
        }
    }
}

async fn fill(client: &Client, count: usize) {
    let bodies = vec![json!({"content": "one of many", "type": "task"}); 100];
    for part in 0..count.div_ceil(100) {
        let size = (count - part * 100).min(100);
        let created = client.post("/api/v1/memories/bulk", json!({"memories": bodies[..size]})).await;
        assert_eq!(created.data()["created"], size);
    }
}

#[tokio::test]
async fn the_byte_count_follows_every_change() {
    let (world, _instance, client) = World::with_a_client().await;
    let account = Account {
        tenant: hb_domain::TenantId::parse("acme").expect("a tenant"),
        id: hb_domain::KeyId::parse("key_000000000000").expect("an id"),
        key: String::new(),
    };
    let created = client.post(MEMORIES, json!({"content": "tea", "type": "task"})).await;
    let path = created.header("location").to_owned();
    fill(&client, 3).await;
    let patches = [
        json!({"content": "tea".repeat(500), "tags": ["a", "b"]}),
        json!({"importance": 0.75}),
        json!({"content": "t", "metadata": {"a": [1, 2.5, null]}}),
        json!({"userId": "maya"}),
        json!({"userId": null, "tags": []}),
    ];
    for patch in patches {
        client.send(Method::PATCH, &path, Some(patch.clone())).await.expect(200, "");
        assert_eq!(amount(&world, &account).await, truth(&client).await, "{patch}");
    }
    client.send(Method::DELETE, &path, None).await.expect(200, "");
    assert_eq!(amount(&world, &account).await, truth(&client).await);
}

#[tokio::test]
async fn an_expired_memory_releases_its_quota_once_however_often_the_event_is_delivered() {
    let world = World::new().await;
    let account = world.account_with("acme", Allowance { memories: Some(3), ..plenty() }).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let brief = json!({"content": "brief", "type": "working", "expiresAt": "2026-11-24T12:01:00Z"});
    for body in [&brief, &brief, &json!({"content": "lasting", "type": "task"})] {
        client.post(MEMORIES, body.clone()).await.expect(201, "");
    }
    let end = moment("2026-11-24T12:01:00Z");
    instance.clock.set(end);
    assert_eq!(truth(&client).await.memories, 1, "invisible at once");
    client.post(MEMORIES, json!({"content": "x", "type": "task"})).await.expect(402, "INSUFFICIENT_QUOTA");
    assert_eq!(world.expiry().await, 0, "their time is not over for the table");

    world.clock.set(end.plus(Duration::from_secs(1)));
    assert_eq!(world.expiry().await, 2);
    for _ in 0..3 {
        assert_eq!(amount(&world, &account).await, truth(&client).await);
        world.deliver_again().await;
        assert_eq!(world.expiry().await, 0);
    }
    for status in [201, 201, 402] {
        assert_eq!(client.post(MEMORIES, json!({"content": "x", "type": "task"})).await.status, status);
    }
    // The stream also contains deletions by requests, which must not release quota again.
    let list = client.get(MEMORIES).await;
    let id = list.data()["memories"][0]["id"].as_str().expect("an id");
    client.send(Method::DELETE, &format!("{MEMORIES}/{id}"), None).await.expect(200, "");
    world.expiry().await;
    assert_eq!(amount(&world, &account).await, truth(&client).await);
}

#[tokio::test]
async fn a_late_removal_subtracts_nothing_from_a_recreated_tenant() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let ends = moment("2026-11-24T12:01:00Z");
    client.post(MEMORIES, json!({"content": "old", "type": "task", "expiresAt": ends})).await.expect(201, "");
    // The tenant is erased, so its count is gone, and created again with a new count before the old memory is removed.
    world.delete_count(&account.tenant).await;
    instance.clock.set(moment("2026-11-24T12:00:30Z"));
    client.post(MEMORIES, json!({"content": "new", "type": "task"})).await.expect(201, "");
    world.clock.set(ends.plus(Duration::from_secs(1)));
    assert_eq!(world.expiry().await, 1);
    assert_eq!(amount(&world, &account).await.memories, 1);
}

#[tokio::test]
async fn a_crash_between_reservation_and_write_counts_one_too_many_until_a_recount() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (dying, other) = (world.instance().await, world.instance().await);
    let client = other.client.with(&account.key);
    fill(&client, 3).await;
    let doomed = dying.client.with(&account.key);
    let mut request =
        Driven::start(
            &dying,
            async move { doomed.post(MEMORIES, json!({"content": "x", "type": "task"})).await },
        );
    // The usage of the key and the storage count are items of one table. The next call puts the memory.
    while request.peek().await.as_deref() != Some("DynamoDB PutItem Memories") {
        request.step().await.expect("a call");
    }
    let (kept, there) = (amount(&world, &account).await, truth(&client).await);
    assert_eq!((kept.memories, there.memories), (4, 3));
    let operator = world.operator(&account.tenant);
    let (was, is) = world
        .store
        .with(&operator)
        .memories()
        .recount(Duration::ZERO, &world.clock)
        .await
        .expect("a recount");
    assert_eq!((was, is), (kept, there));
    assert_eq!(amount(&world, &account).await, there);
    let list = client.get(MEMORIES).await;
    assert_eq!(list.data()["pagination"]["total"], 3);
}

/// Tests a deletion whose quota is released at each point of a recount, and a removal that the stream has not
/// delivered yet: neither is subtracted twice.
#[tokio::test]
async fn a_recount_beside_removals_never_counts_too_few() {
    // The recount reads the count, waits, reads it again, counts, waits, and corrects.
    for point in 1..4 {
        a_recount_beside_a_removal(point).await;
    }
}

/// The deletion's quota is released after `point` calls of the recount.
async fn a_recount_beside_a_removal(point: usize) {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (slow, other) = (world.instance().await, world.instance().await);
    let client = other.client.with(&account.key);
    fill(&client, 3).await;
    let ends = moment("2026-11-24T12:01:00Z");
    client
        .post(MEMORIES, json!({"content": "brief", "type": "task", "expiresAt": ends}))
        .await
        .expect(201, "");
    let list = client.get(MEMORIES).await;
    // All memories have the same time, because the clock is fixed, so their order is random.
    let lasting =
        list.data()["memories"].as_array().expect("memories").iter().find(|m| m["expiresAt"].is_null());
    let path = format!("{MEMORIES}/{}", lasting.expect("a memory")["id"].as_str().expect("an id"));
    assert_eq!(slow.client.with(&account.key).get(MEMORIES).await.status, 200);
    let deleter = slow.client.with(&account.key);
    let mut deleting = Driven::start(&slow, async move { deleter.send(Method::DELETE, &path, None).await });
    let operator = world.operator(&account.tenant);
    let memories = world.store.with(&operator).memories();
    // The memory is deleted. Its quota is released while the recount waits for requests in progress.
    deleting.step_past("DynamoDB DeleteItem Memories").await;
    let (store, tap) = world.tapped_store();
    let mut held = tap.hold();
    let tapped = store.with(&operator).memories();
    let settled = Duration::from_millis(30);
    let recount = tapped.recount(settled, &world.clock);
    // The calls of the recount, each with the time since the previous one was passed.
    let mut calls = Vec::new();
    let giving_back = async {
        let (mut deleting, mut passed) = (Some(deleting), Instant::now());
        while let Some(call) = held.recv().await {
            calls.push((call.name.clone(), passed.elapsed()));
            passed = Instant::now();
            call.pass().await;
            if calls.len() == point
                && let Some(deleting) = deleting.take()
            {
                deleting.finish().await.expect(200, "");
            }
        }
    };
    tokio::select! {
        recount = recount => drop(recount.expect("a recount")),
        () = giving_back => unreachable!("calls are held until the recount has ended"),
    }
    assert_eq!(amount(&world, &account).await.memories, 3, "after {point} calls");
    let [.., (_, _), again, (count, _), correct] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(count, "DynamoDB Query Memories");
    assert!(again.1 >= settled && correct.1 >= settled, "requests in progress get time to end: {calls:?}");

    world.clock.set(ends.plus(Duration::from_secs(1)));
    other.clock.set(world.clock.now());
    assert_eq!(world.sweep().await, 1, "removed, but not delivered by the stream yet");
    memories.recount(Duration::ZERO, &world.clock).await.expect("a recount");
    assert_eq!(amount(&world, &account).await.memories, 2);
    world.deliver_again().await;
    assert_eq!(amount(&world, &account).await.memories, 2, "it was counted out already");
}

#[tokio::test]
async fn an_event_that_cannot_be_processed_is_delivered_again() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let ends = moment("2026-11-24T12:01:00Z");
    for _ in 0..3 {
        client
            .post(MEMORIES, json!({"content": "brief", "type": "task", "expiresAt": ends}))
            .await
            .expect(201, "");
    }
    world.clock.set(ends.plus(Duration::from_secs(1)));
    assert_eq!(world.sweep().await, 3);
    for fault in Fault::ALL {
        world.stream_tap.fail("DynamoDB TransactWriteItems", fault, true);
        assert!(world.try_deliver().await.is_err(), "{fault:?}");
        world.stream_tap.mend();
    }
    world.try_deliver().await.expect("a delivery");
    assert_eq!(
        amount(&world, &account).await,
        StorageUsage::default(),
        "once each, whatever was lost on the way"
    );
}

#[tokio::test]
async fn a_write_whose_response_was_lost_is_not_repeated_over_later_changes() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (slow, other) = (world.instance().await, world.instance().await);
    assert_eq!(slow.client.with(&account.key).get(MEMORIES).await.status, 200);
    slow.tap.fail("DynamoDB PutItem Memories", Fault::TimedOut, false);
    let creator = slow.client.with(&account.key);
    let mut creating =
        Driven::start(
            &slow,
            async move { creator.post(MEMORIES, json!({"content": "x", "type": "task"})).await },
        );
    creating.step_past("DynamoDB PutItem Memories").await;
    // The memory is written. Another request finds and deletes it before the first one verifies its write.
    let client = other.client.with(&account.key);
    let list = client.get(MEMORIES).await;
    let path = format!("{MEMORIES}/{}", list.data()["memories"][0]["id"].as_str().expect("an id"));
    client.send(Method::DELETE, &path, None).await.expect(200, "");
    creating.finish().await.expect(503, "SERVICE_UNAVAILABLE");
    client.get(&path).await.expect(404, "RESOURCE_NOT_FOUND");
    assert!(amount(&world, &account).await.memories <= 1);
}

#[tokio::test]
async fn a_recount_beside_writes_gives_up_rather_than_count_too_few() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    fill(&client, 20).await;
    let operator = world.operator(&account.tenant);
    let (store, tap) = world.tapped_store();
    let memories = store.with(&operator).memories();
    // One write before each call of the recount.
    let mut held = tap.hold();
    let writing = async {
        while let Some(call) = held.recv().await {
            client.post(MEMORIES, json!({"content": "x", "type": "task"})).await.expect(201, "");
            call.pass().await;
        }
    };
    tokio::select! {
        recount = memories.recount(Duration::ZERO, &world.clock) => {
            assert!(matches!(recount, Err(hb_domain::Error::Unavailable(_))), "{recount:?}");
        }
        () = writing => unreachable!("writes go on"),
    }
}

#[tokio::test]
async fn a_change_of_day_and_month_during_a_request_changes_no_count() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    instance.clock.set(moment("2026-11-30T23:59:59.900Z"));
    assert_eq!(client.get(MEMORIES).await.status, 200);
    assert_eq!(client.get("/api/v1/api-keys").await.status, 200);
    let (sender, body) = (client.clone(), json!({"content": "x", "type": "task"}));
    let mut request = Driven::start(&instance, async move { sender.post(MEMORIES, body).await });
    request.step_past("DynamoDB UpdateItem Tenants").await;
    instance.clock.set(moment("2026-12-01T00:00:01Z"));
    let created = request.finish().await;
    created.expect(201, "");
    assert_eq!(created.data()["createdAt"], "2026-11-30T23:59:59.900Z");

    let usage = client.get(&format!("/api/v1/api-keys/usage?keyId={}&days=2", account.id)).await;
    let days: Vec<(&Value, u64)> = usage.data()["daily"]
        .as_array()
        .expect("days")
        .iter()
        .map(|day| (&day["date"], day["requests"].as_u64().expect("a number")))
        .collect();
    assert_eq!(days[0], (&json!("2026-11-30"), 3));
    let tenant = world.store.tenants().get(&account.tenant).await.expect("the database").expect("the tenant");
    assert_eq!(tenant.meter.used(moment("2026-11-30T00:00:00Z").month()), 3);
    assert_eq!(tenant.meter.used(moment("2026-12-01T00:00:00Z").month()), 1);
}
