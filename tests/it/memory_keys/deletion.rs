//! Every way in which a memory goes takes its row along, and its key can be used again.

use std::time::Duration;

use hb_tests::World;
use hb_tests::world::moment;
use http::Method;
use serde_json::json;

use super::{MEMORIES, by_key, put, rows, tea};

#[tokio::test]
async fn deletions_take_the_row_along() {
    let (world, _instance, client) = World::with_a_client().await;
    let path = by_key(&[("key", "k"), ("userId", "maya")]);
    for way in ["id", "key", "ids", "filter"] {
        let created = put(&client, &path, &[], &tea(way)).await;
        created.expect(201, "");
        assert_eq!(rows::rows(&world, "acme").await.len(), 1);
        let id = created.data()["id"].clone();
        let deleted = match way {
            "id" => client.send(Method::DELETE, created.header("location"), None).await,
            "key" => client.send(Method::DELETE, &path, None).await,
            "ids" => client.post("/api/v1/memories/bulk-delete", json!({"ids": [id, "mem_x"]})).await,
            _ => client.post("/api/v1/memories/bulk-delete", json!({"filter": {"userId": "maya"}})).await,
        };
        deleted.expect(200, "");
        assert!(deleted.data()["deleted"] == 1 || deleted.data()["deleted"] == true, "{}", deleted.text);
        assert_eq!(rows::rows(&world, "acme").await.len(), 0, "{way}");
        client.get(&path).await.expect(404, "RESOURCE_NOT_FOUND");
    }
    assert_eq!(client.get(MEMORIES).await.data()["pagination"]["total"], 0, "storage is released once");
}

#[tokio::test]
async fn a_patch_moves_the_row_or_is_refused() {
    let (world, _instance, client) = World::with_a_client().await;
    let created = client.post(MEMORIES, json!({"content": "x", "type": "task", "key": "k"})).await;
    let other = client.post(MEMORIES, json!({"content": "y", "type": "task", "key": "l"})).await;
    let path = created.header("location");
    let patch = async |body| client.send(Method::PATCH, path, Some(body)).await;
    for (body, query) in [
        (json!({"userId": "maya"}), &[("key", "k"), ("userId", "maya")][..]),
        (json!({"namespace": ["a"]}), &[("key", "k"), ("userId", "maya"), ("namespace", "a")]),
        (json!({"agentId": "b", "userId": null}), &[("key", "k"), ("agentId", "b"), ("namespace", "a")]),
        (json!({"namespace": null, "agentId": null, "key": "m"}), &[("key", "m")]),
        (json!({"sessionId": "s", "importance": 1}), &[("key", "m")]),
    ] {
        patch(body).await.expect(200, "");
        assert_eq!(client.get(&by_key(query)).await.data()["id"], created.data()["id"]);
        rows::check(&world, "acme").await;
    }
    client.get(&by_key(&[("key", "k")])).await.expect(404, "RESOURCE_NOT_FOUND");
    patch(json!({"key": "l"})).await.expect(409, "DUPLICATE_RESOURCE");
    rows::check(&world, "acme").await;
    patch(json!({"key": null})).await.expect(200, "");
    assert_eq!(rows::rows(&world, "acme").await.len(), 1);
    client.send(Method::DELETE, other.header("location"), None).await.expect(200, "");
    patch(json!({"key": "l"})).await.expect(200, "");
    assert_eq!(client.get(&by_key(&[("key", "l")])).await.data()["id"], created.data()["id"]);
    rows::check(&world, "acme").await;
}

#[tokio::test]
async fn the_key_of_an_expired_memory_is_free_before_and_after_it_is_removed() {
    let (world, instance, client) = World::with_a_client().await;
    let mut brief = tea("brief");
    brief["expiresAt"] = json!("2026-11-24T12:01:00.000Z");
    let (path, other) = (by_key(&[("key", "k"), ("namespace", "a")]), by_key(&[("key", "l")]));
    let first = put(&client, &path, &[], &brief).await;
    put(&client, &other, &[], &brief).await.expect(201, "");
    instance.clock.set(moment("2026-11-24T12:01:00.000Z"));
    client.get(&path).await.expect(404, "RESOURCE_NOT_FOUND");
    client.send(Method::DELETE, &path, None).await.expect(404, "RESOURCE_NOT_FOUND");
    let second = put(&client, &path, &[], &tea("lasting")).await;
    second.expect(201, "");
    assert_ne!(second.data()["id"], first.data()["id"]);
    assert_eq!(client.get(MEMORIES).await.data()["pagination"]["total"], 2, "the expired one is deleted");

    // A removal by TTL deletes the row of the other key, and leaves the row that another memory has taken over.
    world.clock.set(moment("2026-11-24T12:02:00.000Z"));
    assert_eq!(world.sweep().await, 1);
    assert_eq!(rows::rows(&world, "acme").await.len(), 2);
    world.expiry().await;
    world.deliver_again().await;
    assert_eq!(rows::rows(&world, "acme").await.len(), 1);
    assert_eq!(client.get(&path).await.data()["id"], second.data()["id"]);
    rows::check(&world, "acme").await;
    put(&client, &other, &[], &tea("again")).await.expect(201, "");
}

/// The row of a removed memory may be taken over before the removal is delivered.
#[tokio::test]
async fn a_removal_that_is_delivered_late_leaves_the_row_of_the_next_memory() {
    let (world, instance, client) = World::with_a_client().await;
    let mut brief = tea("brief");
    brief["expiresAt"] = json!("2026-11-24T12:01:00.000Z");
    let path = by_key(&[("key", "k")]);
    put(&client, &path, &[], &brief).await.expect(201, "");
    let later = moment("2026-11-24T12:02:00.000Z");
    world.clock.set(later);
    instance.clock.set(later);
    assert_eq!(world.sweep().await, 1);
    let next = put(&client, &path, &[], &tea("lasting")).await;
    next.expect(201, "");
    world.expiry().await;
    assert_eq!(client.get(&path).await.data()["id"], next.data()["id"]);
    rows::check(&world, "acme").await;
    instance.clock.set(later.plus(Duration::from_secs(5)));
    put(&client, &path, &[], &tea("replaced")).await.expect(200, "");
}

#[tokio::test]
async fn an_erasure_that_began_before_a_put_leaves_the_memory() {
    let (world, instance, client) = World::with_a_client().await;
    let filter = json!({"filter": {"userId": "maya"}});
    let path = by_key(&[("key", "k"), ("userId", "maya")]);
    // The first call deletes 500 memories, and the cursor continues with the others as of its beginning.
    let many: Vec<_> = (0..100).map(|_| json!({"content": "x", "type": "task", "userId": "maya"})).collect();
    for _ in 0..5 {
        client.post("/api/v1/memories/bulk", json!({ "memories": many })).await.expect(200, "");
    }
    instance.clock.set(instance.clock.now().plus(Duration::from_secs(1)));
    let before = put(&client, &path, &[], &tea("before")).await;
    before.expect(201, "");
    let left = by_key(&[("key", "left"), ("userId", "maya")]);
    put(&client, &left, &[], &tea("left")).await.expect(201, "");
    let first = client.post("/api/v1/memories/bulk-delete", filter.clone()).await;
    let cursor = first.data()["nextCursor"].as_str().expect("a cursor").to_owned();
    put(&client, &path, &[], &tea("after")).await.expect(200, "");
    let rest = json!({"filter": {"userId": "maya"}, "cursor": cursor});
    client.post("/api/v1/memories/bulk-delete", rest).await.expect(200, "");
    let found = client.get(&path).await;
    assert_eq!((&found.data()["id"], &found.data()["content"]), (&before.data()["id"], &json!("after")));
    client.get(&left).await.expect(404, "RESOURCE_NOT_FOUND");
    rows::check(&world, "acme").await;
}
