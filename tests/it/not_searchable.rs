//! Memories with `searchable: false`: searches neither find them nor are influenced by them.

use std::time::Duration;

use hb_tests::world::plenty;
use hb_tests::{Client, Fault, World};
use http::Method;
use serde_json::{Value, json};

use crate::reindex::reindex;

const MEMORIES: &str = "/api/v1/memories";
const SEARCH: &str = "/api/v1/memories/search";
const QUERIES: [&str; 4] = ["cat", "the tea of the dog", "harbour", "kitten car vehicle"];

/// Results of all queries with their scores, and whether they are partial.
async fn results(client: &Client) -> Vec<Value> {
    let mut all = Vec::new();
    for query in QUERIES {
        for user in [Value::Null, json!("maya")] {
            let mut body = json!({"query": query, "explain": true});
            if !user.is_null() {
                body["userId"] = user;
            }
            let answer = client.post(SEARCH, body).await;
            answer.expect(200, "");
            let mut results = answer.data()["results"].clone();
            // Ids and times differ between tenants.
            for result in results.as_array_mut().expect("results") {
                for name in ["id", "createdAt", "updatedAt"] {
                    result.as_object_mut().expect("a result").remove(name);
                }
            }
            all.push(json!([results, answer.data()["partial"]]));
        }
    }
    all
}

fn said(content: &str) -> Value {
    json!({"content": content, "type": "episodic", "userId": "maya", "sessionId": "s", "tags": ["pet"]})
}

fn hidden(content: &str) -> Value {
    let mut body = said(content);
    body["searchable"] = json!(false);
    body
}

#[tokio::test]
async fn searches_are_as_if_the_memory_did_not_exist_on_warm_and_cold_instances() {
    let world = World::new().await;
    let (with, without) =
        (world.account_with("acme", plenty()).await, world.account_with("globex", plenty()).await);
    let (warm, other) = (world.instance().await, world.instance().await);
    let (client, plain) = (warm.client.with(&with.key), warm.client.with(&without.key));
    let mut hidden_paths = Vec::new();
    for (number, (content, is_hidden)) in [
        ("The cat sleeps beside the tea", false),
        ("A cat, another cat and the harbour", true),
        ("The dog drinks tea", false),
        ("Cat cat cat", true),
        ("We saw the harbour", false),
        ("My kitten rides in the car", true),
    ]
    .into_iter()
    .enumerate()
    {
        let now = world.clock.now().plus(Duration::from_secs(number as u64 + 1));
        [&warm, &other].into_iter().for_each(|instance| instance.clock.set(now));
        if is_hidden {
            let created = client.post(MEMORIES, hidden(content)).await;
            assert_eq!(created.data()["searchable"], false);
            hidden_paths.push(created.header("location").to_owned());
        } else {
            client.post(MEMORIES, said(content)).await.expect(201, "");
            plain.post(MEMORIES, said(content)).await.expect(201, "");
        }
        assert_eq!(results(&client).await, results(&plain).await, "synced");
    }
    assert_eq!(results(&other.client.with(&with.key)).await, results(&plain).await, "rebuilt");

    // Hidden and shown again, on a warm index.
    let expected = results(&plain).await;
    for path in &hidden_paths {
        client.send(Method::PATCH, path, Some(json!({"searchable": true}))).await.expect(200, "");
        assert!(client.get(path).await.data().get("searchable").is_none(), "true is not shown");
        assert_ne!(results(&client).await, expected, "it counts");
        let found = client.post(SEARCH, json!({"query": "kitten cat"})).await;
        assert!(found.text.contains(path.rsplit('/').next().expect("an id")), "{}", found.text);
        client.send(Method::PATCH, path, Some(json!({"searchable": false}))).await.expect(200, "");
        for instance in [&warm, &other] {
            assert_eq!(results(&instance.client.with(&with.key)).await, expected);
        }
    }
    let cold = world.instance().await;
    assert_eq!(results(&cold.client.with(&with.key)).await, expected);
}

#[tokio::test]
async fn every_other_way_to_read_still_shows_it() {
    let (_world, _instance, client) = World::with_a_client().await;
    let created = client.post(MEMORIES, hidden("hidden")).await;
    let (path, id) = (created.header("location"), &created.data()["id"]);
    assert_eq!(client.get(path).await.data()["searchable"], false);
    let list = client.get(&format!("{MEMORIES}?userId=maya&tags=pet")).await;
    assert_eq!(
        (&list.data()["memories"][0]["id"], &list.data()["memories"][0]["searchable"]),
        (id, &json!(false))
    );
    let batch = client.post("/api/v1/memories/batch-get", json!({"ids": [id]})).await;
    assert_eq!(batch.data()["memories"][0]["searchable"], false);
    let export = client.get("/api/v1/memories/export").await;
    assert!(export.text.contains(r#""searchable":false"#));
    let list = client.get(MEMORIES).await;
    assert_eq!(list.data()["pagination"]["total"], 1);
    // An erasure deletes it, too.
    let erased = client.post("/api/v1/memories/bulk-delete", json!({"filter": {"userId": "maya"}})).await;
    assert_eq!(erased.data()["deleted"], 1);
    let headers = [("content-type", "application/x-ndjson")];
    client
        .send_raw(Method::POST, "/api/v1/memories/import", &headers, export.text.clone())
        .await
        .expect(200, "");
    assert_eq!(client.get("/api/v1/memories/export").await.text, export.text);
    assert_eq!(client.post(SEARCH, json!({"query": "hidden"})).await.data()["results"], json!([]));
}

#[tokio::test]
async fn a_reindex_takes_it_as_current() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let created = client.post(MEMORIES, hidden("a hidden cat")).await;
    client.post(MEMORIES, said("a cat")).await.expect(201, "");
    let (outcomes, examined) = reindex(&world, &world.store, &account).await;
    assert_eq!((outcomes.len(), examined), (0, 2));
    assert_eq!(client.get(created.header("location")).await.header("etag"), created.header("etag"));
}

/// A cached index that cannot be brought up to date says how many memories it has.
#[tokio::test]
async fn a_partial_result_does_not_count_it() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let search = async || client.post(SEARCH, json!({"query": "cat"})).await;
    for body in [hidden("a hidden cat"), said("a cat"), hidden("another hidden cat")] {
        client.post(MEMORIES, body).await.expect(201, "");
    }
    assert_eq!(search().await.data().get("partial"), None);
    // After a backdated import all memories are read again, unless that fails: then the old entries are searched.
    let mut line = hidden("a hidden cat of long ago");
    line["createdAt"] = json!("2020-01-01T00:00:00Z");
    let headers = [("content-type", "application/x-ndjson")];
    let import = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, line.to_string()).await;
    assert_eq!(import.data()["imported"], 1);
    instance.tap.fail("DynamoDB Query Memories", Fault::Throttled, true);
    assert_eq!(search().await.data()["partial"]["searched"], 1);
    assert!(instance.tap.mend());
    assert_eq!(search().await.data().get("partial"), None);
}

#[tokio::test]
async fn the_field_is_true_or_false() {
    let (_world, _instance, client) = World::with_a_client().await;
    let path = client.post(MEMORIES, hidden("hidden")).await.header("location").to_owned();
    for searchable in [json!("false"), json!(0), json!([])] {
        let body = json!({"content": "x", "type": "task", "searchable": searchable});
        for answer in [
            client.post(MEMORIES, body.clone()).await,
            client.send(Method::PUT, &path, Some(body)).await,
            client.send(Method::PATCH, &path, Some(json!({ "searchable": searchable }))).await,
        ] {
            answer.expect(400, "VALIDATION_ERROR");
            assert_eq!(answer.fields(), ["searchable"]);
        }
    }
}
