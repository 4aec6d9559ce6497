//! Deleting all data of an end user over many calls, while writes continue.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use hb_tests::world::plenty;
use hb_tests::{Client, Driven, Instance, World};
use http::Method;
use serde_json::{Value, json};

const DELETE: &str = "/api/v1/memories/bulk-delete";

fn memory(user: &str, size: usize) -> Value {
    json!({"content": "x".repeat(size), "type": "episodic", "userId": user, "agentId": "a1", "sessionId": format!("s-{user}")})
}

async fn fill(client: &Client, user: &str, count: usize, size: usize) {
    let mut left = count;
    while left > 0 {
        let part = left.min(100);
        let created =
            client.post("/api/v1/memories/bulk", json!({"memories": vec![memory(user, size); part]})).await;
        assert_eq!(created.data()["created"], part);
        left -= part;
    }
}

/// A deletion by this filter that has read its page and is about to delete.
pub(crate) async fn about_to_delete(instance: &Instance, client: &Client, filter: Value) -> Driven {
    let client = client.clone();
    let request = async move { client.post(DELETE, json!({ "filter": filter })).await };
    let mut erasing = Driven::start(instance, request);
    while erasing.peek().await.is_some_and(|call| !call.contains("DeleteItem")) {
        erasing.step().await;
    }
    erasing
}

/// Calls until nothing is left. Returns the number of deleted memories and of calls.
pub(crate) async fn erase(client: &Client, filter: Value) -> (u64, usize) {
    let (mut deleted, mut calls, mut cursor) = (0, 0, Value::Null);
    loop {
        let answer = client.post(DELETE, json!({"filter": filter, "cursor": cursor})).await;
        answer.expect(200, "");
        deleted += answer.data()["deleted"].as_u64().expect("a number");
        calls += 1;
        cursor = answer.data()["nextCursor"].clone();
        if cursor.is_null() {
            return (deleted, calls);
        }
        assert!(calls < 1_000, "an end");
    }
}

async fn of_user(client: &Client, user: &str) -> BTreeSet<String> {
    let (mut found, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = client.get(&format!("/api/v1/memories?limit=100&userId={user}{cursor}")).await;
        let memories = page.data()["memories"].as_array().expect("memories").clone();
        found.extend(memories.iter().map(|memory| memory["id"].as_str().expect("an id").to_owned()));
        match page.data()["pagination"]["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn all_data_of_one_user_is_deleted_over_many_calls_and_no_other() {
    let (world, _instance, client) = World::with_a_client().await;
    for user in ["maya", "ben"] {
        fill(&client, user, 1_200, 100).await;
    }
    let (deleted, calls) = erase(&client, json!({"userId": "maya"})).await;
    assert_eq!(deleted, 1_200);
    assert!(calls > 2, "{calls} calls: an answer comes long before the gateway's 30 s");
    assert_eq!((of_user(&client, "maya").await.len(), of_user(&client, "ben").await.len()), (0, 1_200));
    let tenant = hb_domain::TenantId::parse("acme").expect("a tenant");
    let counts = world.store.with(&world.operator(&tenant)).storage().get().await.expect("the count");
    assert_eq!(counts.memories, 1_200, "their quota is released");
    assert_eq!(erase(&client, json!({"userId": "maya"})).await.0, 0);
}

#[tokio::test]
async fn every_owner_in_the_filter_has_to_match() {
    let (_world, _instance, client) = World::with_a_client().await;
    for user in ["maya", "ben"] {
        fill(&client, user, 3, 10).await;
    }
    assert_eq!(erase(&client, json!({"userId": "maya", "sessionId": "s-ben"})).await.0, 0);
    assert_eq!(erase(&client, json!({"userId": "maya", "agentId": "a1", "sessionId": "s-maya"})).await.0, 3);
    assert_eq!(erase(&client, json!({"agentId": "a1"})).await.0, 3);
}

#[tokio::test]
async fn an_erasure_reads_a_bounded_part_per_call_and_continues_from_its_cursor() {
    let (_world, instance, client) = World::with_a_client().await;
    fill(&client, "ben", 700, 9_000).await;
    instance.clock.set(instance.clock.now().plus(std::time::Duration::from_secs(1)));
    fill(&client, "maya", 5, 10).await;
    instance.tap.take();
    let first = client.post(DELETE, json!({"filter": {"userId": "maya"}})).await;
    assert_eq!(first.data()["deleted"], 0, "they lie behind more than 5 MB of others");
    let units: f64 = instance.tap.take().iter().map(|call| call.read_units).sum();
    assert!(units <= 6.0 * 256.0, "{units} RCU");
    let cursor = first.data()["nextCursor"].clone();
    let other = client.post(DELETE, json!({"filter": {"userId": "ben"}, "cursor": cursor})).await;
    other.expect(400, "VALIDATION_ERROR");
    let second = client.post(DELETE, json!({"filter": {"userId": "maya"}, "cursor": cursor})).await;
    assert_eq!((&second.data()["deleted"], &second.data()["nextCursor"]), (&json!(5), &Value::Null));
}

/// Memories that were acknowledged before the deletion began are deleted, memories sent after its first response are
/// kept, regardless of the clocks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_go_on_while_a_user_is_erased() {
    let world = World::new().await;
    let owner = world.account_with("acme", plenty()).await;
    let instances = [world.instance().await, world.instance().await];
    // One writer's clock is a second behind the deleting instance, the other's a second ahead.
    let [behind, ahead] = [-1_000_000, 1_000_000]
        .map(|skew| hb_domain::Timestamp::from_micros(world.clock.now().micros() + skew));
    instances[0].clock.set(behind);
    instances[1].clock.set(ahead);
    let third = world.instance().await;
    let eraser = third.client.with(&owner.key);
    let writers = instances.each_ref().map(|instance| instance.client.with(&owner.key));
    fill(&writers[0], "maya", 400, 50).await;
    fill(&writers[1], "maya", 400, 50).await;
    let before = of_user(&eraser, "maya").await;

    // `asked`: the first call is about to be sent; `began`: its response has arrived.
    let [asked, began, ended] = [const { AtomicBool::new(false) }; 3];
    let (acknowledged_before, sent_after) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let (acknowledge, mut acknowledgements) = tokio::sync::mpsc::unbounded_channel();
    let write = |client: Client| {
        let acknowledge = acknowledge.clone();
        let (asked, began, ended) = (&asked, &began, &ended);
        let (acknowledged_before, sent_after) = (&acknowledged_before, &sent_after);
        async move {
            let mut late = 0;
            while !ended.load(Ordering::SeqCst) || late < 10 {
                let had_begun = began.load(Ordering::SeqCst);
                let created = client.post("/api/v1/memories", memory("maya", 20)).await;
                created.expect(201, "");
                let id = created.data()["id"].as_str().expect("an id").to_owned();
                if had_begun {
                    late += 1;
                    sent_after.lock().expect("a list").push(id);
                } else if !asked.load(Ordering::SeqCst) {
                    acknowledged_before.lock().expect("a list").push(id);
                }
                // The receiver is dropped when the deletion has started.
                let _ = acknowledge.send(());
            }
        }
    };
    let erasing = async {
        for _ in 0..20 {
            acknowledgements.recv().await.expect("the writers write until the erasure has ended");
        }
        let mut cursor = Value::Null;
        asked.store(true, Ordering::SeqCst);
        loop {
            let answer = eraser.post(DELETE, json!({"filter": {"userId": "maya"}, "cursor": cursor})).await;
            answer.expect(200, "");
            began.store(true, Ordering::SeqCst);
            cursor = answer.data()["nextCursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        ended.store(true, Ordering::SeqCst);
    };
    tokio::join!(erasing, join_all(writers.into_iter().map(write)));

    let left = of_user(&eraser, "maya").await;
    let acknowledged_before = acknowledged_before.into_inner().expect("a list");
    let mut gone = before.iter().chain(&acknowledged_before);
    assert!(gone.all(|id| !left.contains(id)), "what was acknowledged before is gone");
    assert!(acknowledged_before.len() >= 20, "writes happened before the erasure");
    let sent_after = sent_after.into_inner().expect("a list");
    assert!(sent_after.len() >= 20, "writes happened during the erasure");
    assert!(sent_after.iter().all(|id| left.contains(id)), "what was sent afterwards stays");
    let counts = world.store.with(&world.operator(&owner.tenant)).storage().get().await.expect("the count");
    assert_eq!(counts.memories, left.len() as u64);
}

#[tokio::test]
async fn a_memory_that_moves_to_another_owner_during_an_erasure_is_kept() {
    let (world, instance, client) = World::with_a_client().await;
    fill(&client, "maya", 1, 10).await;
    fill(&client, "ben", 1, 10).await;
    let id_of = async |user: &str| of_user(&client, user).await.into_iter().next().expect("a memory");
    let (hers, his) = (id_of("maya").await, id_of("ben").await);
    let erasing = about_to_delete(&instance, &client, json!({"userId": "maya"})).await;
    let second = world.instance().await;
    let key = world
        .key(&hb_domain::TenantId::parse("acme").expect("a tenant"), hb_domain::Scopes::all(), None)
        .await
        .1;
    let mover = second.client.with(&key);
    // Another change does not give the memory a new write sequence.
    let session = json!({"sessionId": "s-new"});
    mover.send(Method::PATCH, &format!("/api/v1/memories/{hers}"), Some(session)).await.expect(200, "");
    for (id, user) in [(&hers, "ben"), (&his, "maya")] {
        let moved = mover
            .send(Method::PATCH, &format!("/api/v1/memories/{id}"), Some(json!({ "userId": user })))
            .await;
        moved.expect(200, "");
    }
    let erased = erasing.finish().await;
    assert_eq!((&erased.data()["deleted"], &erased.data()["nextCursor"]), (&json!(0), &Value::Null));
    assert_eq!(of_user(&mover, "maya").await, BTreeSet::from([his]));
    assert_eq!(of_user(&mover, "ben").await, BTreeSet::from([hers]));
}

/// A memory whose session, but not its user, changes during the deletion is deleted.
#[tokio::test]
async fn a_memory_that_only_changes_its_session_during_an_erasure_is_deleted() {
    let (world, instance, client) = World::with_a_client().await;
    fill(&client, "maya", 1, 10).await;
    let id = of_user(&client, "maya").await.into_iter().next().expect("a memory");
    let erasing = about_to_delete(&instance, &client, json!({"userId": "maya"})).await;
    let second = world.instance().await;
    let tenant = hb_domain::TenantId::parse("acme").expect("a tenant");
    let mover = second.client.with(&world.key(&tenant, hb_domain::Scopes::all(), None).await.1);
    let patch = json!({"sessionId": "s-new", "content": "changed meanwhile"});
    mover.send(Method::PATCH, &format!("/api/v1/memories/{id}"), Some(patch)).await.expect(200, "");
    assert_eq!(erasing.finish().await.data()["deleted"], 1);
    assert!(of_user(&mover, "maya").await.is_empty());
}

/// Expired memories are deleted and not counted: they do not exist for callers any more.
#[tokio::test]
async fn an_expired_memory_is_deleted_and_not_counted() {
    let (world, instance, client) = World::with_a_client().await;
    for (seconds, key) in [(60, None), (60, Some("k")), (600, None)] {
        let body =
            json!({"content": "short", "type": "task", "userId": "maya", "ttlSeconds": seconds, "key": key});
        client.post("/api/v1/memories", body).await.expect(201, "");
    }
    instance.clock.set(instance.clock.now().plus(std::time::Duration::from_secs(61)));
    let erased = client.post("/api/v1/memories/bulk-delete", json!({"filter": {"userId": "maya"}})).await;
    assert_eq!(erased.data(), &json!({"deleted": 1, "nextCursor": null}));
    assert!(!world.everything().await.contains("short"));
}
