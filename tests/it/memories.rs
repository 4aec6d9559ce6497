//! Memories over HTTP: create, read, change and delete, and the limit of the plan.

use futures_util::future::join_all;
use hb_domain::plan::{Allowance, Plan};
use hb_tests::world::{moment, plenty};
use hb_tests::{Answer, Client, World};
use http::Method;
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";

async fn patch(client: &Client, path: &str, body: Value) -> Answer {
    client.send(Method::PATCH, path, Some(body)).await
}

fn full() -> Value {
    json!({
        "content": "tea, no sugar", "type": "semantic", "importance": 0.25, "tags": ["tea", "taste"],
        "metadata": {"source": "chat", "nested": {"a": 1, "b": 2}}, "userId": "u", "agentId": "a",
        "sessionId": "s", "expiresAt": "2027-01-31T00:00:00.000Z",
    })
}

#[tokio::test]
async fn a_memory_is_created_read_changed_and_deleted() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);

    let created =
        client.post("/api/v1/memories", json!({"content": "tea, no sugar", "type": "semantic"})).await;
    assert_eq!(created.status, 201);
    let path = created.header("location").to_owned();
    let read = client.get(&path).await;
    assert_eq!(read.data(), created.data());
    assert_eq!(read.header("etag"), created.header("etag"));

    let changed = patch(&client, &path, json!({"importance": 0.9})).await;
    assert_eq!(changed.data()["importance"], 0.9);
    let deleted = client.send(Method::DELETE, &path, None).await;
    assert_eq!(*deleted.data(), json!({"id": created.data()["id"], "deleted": true}));
    for method in [Method::GET, Method::DELETE] {
        client.send(method, &path, None).await.expect(404, "RESOURCE_NOT_FOUND");
    }
    patch(&client, &path, json!({"importance": 1})).await.expect(404, "RESOURCE_NOT_FOUND");
    assert_eq!(client.get(MEMORIES).await.data()["pagination"]["total"], 0);
}

#[tokio::test]
async fn a_memory_is_what_was_sent_with_defaults_id_and_times() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let bare = client.post(MEMORIES, json!({"content": "x", "type": "task"})).await;
    let id = bare.data()["id"].as_str().expect("an id");
    assert!(hb_domain::MemoryId::parse(id).is_some(), "{id}");
    assert_eq!(bare.header("location"), format!("{MEMORIES}/{id}"));
    let time = "2026-11-24T12:00:00.000Z";
    let expected = json!({
        "id": id, "content": "x", "type": "task", "importance": 0.5, "tags": [], "metadata": {}, "createdAt": time, "updatedAt": time,
    });
    assert_eq!(*bare.data(), expected);

    let mut expected = full();
    let whole = client.post(MEMORIES, full()).await;
    for name in ["id", "createdAt", "updatedAt"] {
        expected[name] = whole.data()[name].clone();
    }
    assert_eq!(*whole.data(), expected);
    assert_eq!(*client.get(whole.header("location")).await.data(), expected);
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_nothing_else() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let created = client.post(MEMORIES, full()).await;
    let path = created.header("location");
    instance.clock.set(moment("2026-11-24T12:00:07.089Z"));
    let mut expected = created.data().clone();
    expected["updatedAt"] = json!("2026-11-24T12:00:07.089Z");
    for (name, change, result) in [
        ("content", json!("coffee"), Some(json!("coffee"))),
        ("type", json!("decision"), Some(json!("decision"))),
        ("importance", json!(1), Some(json!(1.0))),
        ("tags", json!(["new", "new"]), Some(json!(["new"]))),
        ("tags", json!([]), Some(json!([]))),
        (
            "metadata",
            json!({"source": null, "nested": {"a": null, "c": [null]}, "new": true}),
            Some(json!({"nested": {"b": 2, "c": [null]}, "new": true})),
        ),
        ("metadata", json!({}), Some(json!({"nested": {"b": 2, "c": [null]}, "new": true}))),
        ("userId", json!("other"), Some(json!("other"))),
        ("userId", Value::Null, None),
        ("agentId", Value::Null, None),
        ("sessionId", Value::Null, None),
        ("expiresAt", json!(1_893_456_000), Some(json!("2030-01-01T00:00:00.000Z"))),
        ("expiresAt", Value::Null, None),
    ] {
        let patched = patch(&client, path, json!({name: change})).await;
        match result {
            Some(value) => expected[name] = value,
            None => drop(expected.as_object_mut().expect("an object").remove(name)),
        }
        assert_eq!(*patched.data(), expected, "{name}");
        assert_eq!(*client.get(path).await.data(), expected, "{name}");
    }
}

#[tokio::test]
async fn null_removes_only_optional_fields() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let created = client.post(MEMORIES, full()).await;
    let path = created.header("location");
    for name in ["content", "type", "importance", "tags", "metadata"] {
        let refused = patch(&client, path, json!({name: null, "userId": null})).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), [name]);
    }
    assert_eq!(client.get(path).await.data(), created.data());
}

#[tokio::test]
async fn concurrent_patches_of_different_fields_all_survive() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instances = [world.instance().await, world.instance().await];
    let clients = instances.each_ref().map(|instance| instance.client.with(&account.key));
    let created = clients[0].post(MEMORIES, full()).await;
    let path = created.header("location");
    let mut changes = vec![
        json!({"content": "changed"}),
        json!({"type": "event"}),
        json!({"importance": 0.75}),
        json!({"tags": ["changed"]}),
        json!({"userId": "changed"}),
        json!({"agentId": null}),
        json!({"sessionId": "changed"}),
        json!({"expiresAt": null}),
    ];
    changes.extend((0..24).map(|number| json!({"metadata": {format!("key {number}"): number}})));
    assert_eq!(changes.len(), 32);
    let patches = changes
        .iter()
        .zip(clients.iter().cycle())
        .map(|(change, client)| patch(client, path, change.clone()));
    for answer in join_all(patches).await {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let mut metadata = full()["metadata"].clone();
    for number in 0..24 {
        metadata[format!("key {number}")] = json!(number);
    }
    let read = clients[0].get(path).await;
    let data = read.data();
    let found = json!({
        "content": data["content"], "type": data["type"], "importance": data["importance"], "tags": data["tags"], "userId": data["userId"],
        "agentId": data["agentId"], "sessionId": data["sessionId"], "expiresAt": data["expiresAt"], "metadata": data["metadata"],
    });
    let expected = json!({
        "content": "changed", "type": "event", "importance": 0.75, "tags": ["changed"], "userId": "changed", "agentId": null,
        "sessionId": "changed", "expiresAt": null, "metadata": metadata,
    });
    assert_eq!(found, expected);
}

#[tokio::test]
async fn no_more_memories_are_stored_than_the_plan_allows() {
    let world = World::new().await;
    let account = world.account_with("acme", Allowance { memories: Some(3), ..plenty() }).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    client.post(MEMORIES, json!({"content": "no type"})).await.expect(400, "VALIDATION_ERROR");
    let answers = join_all((0..10).map(|_| client.post(MEMORIES, full()))).await;
    let (kept, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((kept.len(), refused.len()), (3, 7));
    for answer in refused {
        answer.expect(402, "INSUFFICIENT_QUOTA");
        assert!(answer.message().contains("3 memories"), "{}", answer.text);
        assert!(answer.headers.contains_key("x-ratelimit-remaining"));
    }
    assert_eq!(client.get(MEMORIES).await.data()["pagination"]["total"], 3);

    assert_eq!(patch(&client, kept[0].header("location"), json!({"importance": 1})).await.status, 200);
    for _ in 0..2 {
        client.send(Method::DELETE, kept[0].header("location"), None).await;
    }
    assert_eq!(client.post(MEMORIES, full()).await.status, 201, "a deleted memory releases its quota");
    client.post(MEMORIES, full()).await.expect(402, "INSUFFICIENT_QUOTA");
}
