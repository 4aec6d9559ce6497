//! Replacing a memory by PUT, and its metadata by a PATCH with `metadataMode`.

use std::time::Duration;

use futures_util::future::join_all;
use hb_tests::world::{moment, plenty};
use hb_tests::{Answer, Client, Driven, Instance, World};
use http::Method;
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";
const MISSING: &str = "/api/v1/memories/mem_0123456789abcdefghijkl";

async fn put(client: &Client, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let headers = [&[("content-type", "application/json")], headers].concat();
    client.send_raw(Method::PUT, path, &headers, body.to_string()).await
}

fn full() -> Value {
    json!({
        "content": "tea, no sugar", "type": "semantic", "importance": 0.9, "tags": ["a", "b"], "metadata": {"a": 1},
        "userId": "u", "agentId": "a", "sessionId": "s", "namespace": ["n"], "expiresAt": "2027-01-01T00:00:00Z",
        "searchable": false,
    })
}

fn bare() -> Value {
    json!({"content": "coffee", "type": "task"})
}

fn move_on(instance: &Instance, seconds: u64) {
    instance.clock.set(instance.clock.now().plus(Duration::from_secs(seconds)));
}

#[tokio::test]
async fn a_replacement_sets_what_a_creator_may_set_and_keeps_id_and_creation_alone() {
    let (_world, instance, client) = World::with_a_client().await;
    let created = client.post(MEMORIES, full()).await;
    let (path, before) = (created.header("location").to_owned(), created.data().clone());
    move_on(&instance, 1);
    let replaced = put(&client, &path, &[], &bare()).await;
    replaced.expect(200, "");
    let expected = json!({
        "content": "coffee", "type": "task", "importance": 0.5, "tags": [], "metadata": {},
        "id": before["id"], "createdAt": before["createdAt"], "updatedAt": "2026-11-24T12:00:01.000Z",
    });
    assert_eq!(*replaced.data(), expected);
    let read = client.get(&path).await;
    assert_eq!((read.data(), read.header("etag")), (&expected, replaced.header("etag")));
    let back = put(&client, &path, &[], &full()).await;
    let mut whole = full();
    for name in ["id", "createdAt", "updatedAt"] {
        whole[name] = back.data()[name].clone();
    }
    whole["expiresAt"] = json!("2027-01-01T00:00:00.000Z");
    assert_eq!(*back.data(), whole);
    assert_eq!(client.get(&path).await.data(), &whole);
}

#[tokio::test]
async fn equal_content_is_a_new_version_with_a_new_time() {
    let (_world, instance, client) = World::with_a_client().await;
    let created = client.post(MEMORIES, bare()).await;
    let path = created.header("location");
    let at_once = put(&client, path, &[], &bare()).await;
    assert_ne!(at_once.header("etag"), created.header("etag"), "in the same millisecond");
    move_on(&instance, 1);
    let replaced = put(&client, path, &[], &bare()).await;
    assert_ne!(replaced.header("etag"), created.header("etag"));
    assert_eq!(replaced.data()["updatedAt"], "2026-11-24T12:00:01.000Z");
    // The clock of another instance may be behind.
    instance.clock.set(moment("2026-11-24T11:00:00Z"));
    let behind = put(&client, path, &[], &bare()).await;
    assert_eq!(behind.data()["updatedAt"], "2026-11-24T12:00:01.000Z", "it never decreases");
}

#[tokio::test]
async fn a_replacement_is_refused_where_there_is_none_or_another_version() {
    let (_world, instance, client) = World::with_a_client().await;
    let created = client.post(MEMORIES, bare()).await;
    let (path, tag) = (created.header("location").to_owned(), created.header("etag").to_owned());
    for missing in [MISSING, "/api/v1/memories/x"] {
        for headers in [&[][..], &[("if-match", tag.as_str())], &[("if-none-match", "*")]] {
            put(&client, missing, headers, &bare()).await.expect(404, "RESOURCE_NOT_FOUND");
        }
    }
    for headers in [("if-match", "\"other\""), ("if-match", "W/\"x\""), ("if-none-match", "*")] {
        put(&client, &path, &[headers], &full()).await.expect(412, "PRECONDITION_FAILED");
    }
    assert_eq!(client.get(&path).await.data()["content"], "coffee");
    let list = format!("\"other\", {tag}");
    put(&client, &path, &[("if-match", &list)], &full()).await.expect(200, "");
    put(&client, &path, &[("if-match", &tag)], &full()).await.expect(412, "PRECONDITION_FAILED");
    put(&client, &path, &[("if-match", "*")], &bare()).await.expect(200, "");
    let brief = json!({"content": "brief", "type": "task", "ttlSeconds": 60});
    put(&client, &path, &[], &brief).await.expect(200, "");
    move_on(&instance, 61);
    put(&client, &path, &[], &bare()).await.expect(404, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn all_invalid_fields_are_named() {
    let (_world, _instance, client) = World::with_a_client().await;
    let path = client.post(MEMORIES, full()).await.header("location").to_owned();
    let bad = json!({"type": "dream", "importance": 2, "colour": 1, "namespace": []});
    let refused = put(&client, &path, &[], &bad).await;
    refused.expect(400, "VALIDATION_ERROR");
    assert_eq!(refused.fields(), ["colour", "content", "importance", "namespace", "type"]);
    put(&client, &format!("{path}?sort=createdAt"), &[], &bare()).await.expect(400, "VALIDATION_ERROR");
    let merge_patch = [("content-type", "application/merge-patch+json")];
    let answer = client.send_raw(Method::PUT, &path, &merge_patch, bare().to_string()).await;
    answer.expect(415, "UNSUPPORTED_MEDIA_TYPE");
    assert_eq!(client.get(&path).await.data()["content"], "tea, no sugar");
}

#[tokio::test]
async fn of_replacements_on_one_version_exactly_one_is_made_and_the_storage_is_counted() {
    let (world, _instance, client) = World::with_a_client().await;
    let created = client.post(MEMORIES, bare()).await;
    let (path, tag) = (created.header("location").to_owned(), created.header("etag").to_owned());
    let attempts = (0..8).map(|number| {
        let (client, path, tag) = (client.clone(), path.clone(), tag.clone());
        let body = json!({"content": "x".repeat(100 * number + 1), "type": "task"});
        async move { put(&client, &path, &[("if-match", &tag)], &body).await.status.as_u16() }
    });
    let mut statuses = join_all(attempts).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
    let unconditional = (0..8).map(|number| {
        let (client, path) = (client.clone(), path.clone());
        let body = json!({"content": "y".repeat(10 * number + 1), "type": "task"});
        async move { put(&client, &path, &[], &body).await.status.as_u16() }
    });
    assert_eq!(join_all(unconditional).await, [200; 8]);
    let tenant = hb_domain::TenantId::parse("acme").expect("a tenant");
    let counted = world.store.with(&world.operator(&tenant)).storage().get().await.expect("the count");
    let line = client.get("/api/v1/memories/export").await.text;
    assert_eq!((counted.memories, counted.bytes as usize), (1, line.len()));
}

/// A replacement is a write of its own: what an erasure found before may be gone, what is written after it began stays.
#[tokio::test]
async fn an_erasure_that_began_before_leaves_what_replaced_a_memory_of_the_same_owner() {
    let (world, instance, client) = World::with_a_client().await;
    let of_maya = json!({"content": "old", "type": "task", "userId": "maya"});
    let path = client.post(MEMORIES, of_maya.clone()).await.header("location").to_owned();
    client.post(MEMORIES, of_maya.clone()).await.expect(201, "");
    let request = {
        let client = client.clone();
        async move { client.post("/api/v1/memories/bulk-delete", json!({"filter": {"userId": "maya"}})).await }
    };
    let mut erasing = Driven::start(&instance, request);
    while erasing.peek().await.is_some_and(|call| call != "DynamoDB Query Memories") {
        erasing.step().await;
    }
    let second = world.instance().await;
    let other = second.client.with(client.credential().expect("a credential"));
    put(&other, &path, &[], &of_maya).await.expect(200, "");
    let erased = erasing.finish().await;
    assert_eq!((&erased.data()["deleted"], &erased.data()["nextCursor"]), (&json!(1), &Value::Null));
    other.get(&path).await.expect(200, "");
    // A patch is no write of its own.
    let later = other.post("/api/v1/memories/bulk-delete", json!({"filter": {"userId": "maya"}})).await;
    assert_eq!(later.data()["deleted"], 1);
}

#[tokio::test]
async fn a_repetition_under_an_idempotency_key_replays_and_a_resumed_one_overwrites_nobody() {
    let world = World::new().await;
    let owner = world.account_with("acme", plenty()).await;
    let (dying, other) = (world.instance().await, world.instance().await);
    let client = other.client.with(&owner.key);
    let path = client.post(MEMORIES, full()).await.header("location").to_owned();
    let keyed = [("idempotency-key", "k")];
    let first = put(&client, &path, &keyed, &bare()).await;
    first.expect(200, "");
    put(&client, &path, &[], &full()).await.expect(200, "");
    let again = put(&client, &path, &keyed, &bare()).await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &first.text));
    put(&client, &path, &keyed, &full()).await.expect(422, "IDEMPOTENCY_CONFLICT");
    assert_eq!(client.get(&path).await.data()["content"], "tea, no sugar");

    // It crashes after its write, and somebody else writes before it is resumed.
    assert_eq!(dying.client.with(&owner.key).get(MEMORIES).await.status, 200);
    let held = {
        let (client, path) = (dying.client.with(&owner.key), path.clone());
        let request = async move { put(&client, &path, &[("idempotency-key", "l")], &bare()).await };
        let mut request = Driven::start(&dying, request);
        request.step_past("DynamoDB TransactWriteItems").await;
        request
    };
    client.send(Method::PATCH, &path, Some(json!({"content": "theirs"}))).await.expect(200, "");
    move_on(&other, 36);
    let resumed = put(&client, &path, &[("idempotency-key", "l")], &bare()).await;
    resumed.expect(200, "");
    assert_eq!(client.get(&path).await.data()["content"], "theirs");
    drop(held);
}

#[tokio::test]
async fn a_patch_replaces_metadata_as_a_whole_and_writes_nulls_inside_it() {
    let (_world, _instance, client) = World::with_a_client().await;
    let path = client.post(MEMORIES, full()).await.header("location").to_owned();
    let patch = async |body: Value| client.send(Method::PATCH, &path, Some(body)).await;
    let nulls = json!({"b": null, "c": {"d": null, "e": [null]}});
    let replaced = patch(json!({"metadata": nulls, "metadataMode": "replace"})).await;
    assert_eq!(replaced.data()["metadata"], nulls);
    assert_eq!(client.get(&path).await.data()["metadata"], nulls);
    let same = patch(json!({"metadata": nulls, "metadataMode": "replace"})).await;
    assert_eq!(same.header("etag"), replaced.header("etag"), "nothing changes");
    let merged = patch(json!({"metadata": {"c": {"d": 1, "e": null}}, "metadataMode": "merge"})).await;
    assert_eq!(merged.data()["metadata"], json!({"b": null, "c": {"d": 1}}));
    assert_eq!(patch(json!({"metadata": {}, "metadataMode": "replace"})).await.data()["metadata"], json!({}));

    // What it replaces does not count against the bounds.
    let most = json!({"m": "x".repeat(16_000)});
    for name in ["m", "n"] {
        let body = json!({"metadata": {name: most["m"]}, "metadataMode": "replace"});
        patch(body).await.expect(200, "");
    }
    for (body, field) in [
        (json!({"metadata": {"m": most["m"]}}), "metadata"),
        (json!({"metadata": {"m": "x".repeat(17_000)}, "metadataMode": "replace"}), "metadata"),
        (json!({"metadata": {"m": vec![1; 1_001]}, "metadataMode": "replace"}), "metadata"),
        (json!({"metadataMode": "replace"}), "metadataMode"),
        (json!({"metadataMode": "merge", "content": "x"}), "metadataMode"),
        (json!({"metadata": {}, "metadataMode": "overwrite"}), "metadataMode"),
        (json!({"metadata": {}, "metadataMode": null}), "metadataMode"),
        (json!({"metadata": null, "metadataMode": "replace"}), "metadata"),
    ] {
        let refused = patch(body.clone()).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), [field], "{:.80}", body.to_string());
    }
    assert_eq!(client.get(&path).await.data()["metadata"], json!({"n": most["m"]}));
}
