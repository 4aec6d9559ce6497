//! A memory with a key of the application's own: unique in its scope, created or replaced by one request.

mod conflicts;
mod deletion;
mod quota;
mod races;
mod resumed;
mod rows;

use hb_tests::{Answer, Client, World};
use http::Method;
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";

/// The address of the memory with a key in a scope.
fn by_key(parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{MEMORIES}/by-key?{query}")
}

fn tea(content: &str) -> Value {
    json!({"content": content, "type": "semantic"})
}

async fn put(client: &Client, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let headers = [&[("content-type", "application/json")], headers].concat();
    client.send_raw(Method::PUT, path, &headers, body.to_string()).await
}

#[tokio::test]
async fn a_put_creates_and_then_replaces_under_the_same_id() {
    let (_world, instance, client) = World::with_a_client().await;
    let path = by_key(&[("key", "tea"), ("namespace", "a/b"), ("userId", "maya")]);
    client.get(&path).await.expect(404, "RESOURCE_NOT_FOUND");
    let mut full = tea("no sugar");
    full["tags"] = json!(["x"]);
    full["key"] = json!("tea");
    let created = put(&client, &path, &[], &full).await;
    created.expect(201, "");
    let id = created.data()["id"].as_str().expect("an id");
    assert_eq!(created.header("location"), format!("{MEMORIES}/{id}"));
    assert_eq!((&created.data()["key"], &created.data()["namespace"]), (&json!("tea"), &json!(["a", "b"])));
    let read = client.get(&path).await;
    assert_eq!((read.data(), read.header("etag")), (created.data(), created.header("etag")));

    instance.clock.set(instance.clock.now().plus(std::time::Duration::from_secs(5)));
    let replaced = put(&client, &path, &[], &tea("one sugar")).await;
    replaced.expect(200, "");
    assert_eq!(replaced.header("location"), "");
    assert_eq!((&replaced.data()["id"], &replaced.data()["tags"]), (&created.data()["id"], &json!([])));
    assert_eq!(replaced.data()["createdAt"], created.data()["createdAt"]);
    assert_ne!(replaced.data()["updatedAt"], created.data()["updatedAt"]);
    let again = put(&client, &path, &[], &tea("one sugar")).await;
    assert_ne!(again.header("etag"), replaced.header("etag"), "a put always writes a version");
    assert_eq!(client.get(created.header("location")).await.data()["content"], "one sugar");

    let known = client.send_raw(Method::GET, &path, &[("if-none-match", again.header("etag"))], "").await;
    assert_eq!(known.status, 304);
    let gone = client.send(Method::DELETE, &path, None).await;
    gone.expect(200, "");
    assert_eq!(gone.data(), &json!({"deleted": true, "id": id}));
    client.send(Method::DELETE, &path, None).await.expect(404, "RESOURCE_NOT_FOUND");
    let anew = put(&client, &path, &[], &tea("again")).await;
    anew.expect(201, "");
    assert_ne!(anew.data()["id"], created.data()["id"]);
}

#[tokio::test]
async fn a_query_of_other_bytes_than_utf_8_is_refused() {
    let (_world, _instance, client) = World::with_a_client().await;
    for (query, field) in [
        ("key=%ff", "key"),
        ("key=tea&namespace=%e9", "namespace"),
        ("key=tea&userId=a%c3", "userId"),
        ("key=tea&%fe=1", "\u{fffd}"),
    ] {
        let refused = put(&client, &format!("{MEMORIES}/by-key?{query}"), &[], &tea("x")).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.json["errors"][0]["field"], field, "{}", refused.text);
    }
    put(&client, &by_key(&[("key", "\u{fffd}")]), &[], &tea("a character like others")).await.expect(201, "");
}

#[tokio::test]
async fn conditions_are_met_or_nothing_is_written() {
    let (_world, _instance, client) = World::with_a_client().await;
    let path = by_key(&[("key", "k")]);
    for condition in [("if-match", "\"x\""), ("if-match", "*")] {
        put(&client, &path, &[condition], &tea("a")).await.expect(412, "PRECONDITION_FAILED");
    }
    let first = put(&client, &path, &[("if-none-match", "*")], &tea("a")).await;
    first.expect(201, "");
    put(&client, &path, &[("if-none-match", "*")], &tea("b")).await.expect(412, "PRECONDITION_FAILED");
    put(&client, &path, &[("if-none-match", first.header("etag"))], &tea("b"))
        .await
        .expect(412, "PRECONDITION_FAILED");
    let second = put(&client, &path, &[("if-match", first.header("etag"))], &tea("b")).await;
    second.expect(200, "");
    put(&client, &path, &[("if-match", first.header("etag"))], &tea("c"))
        .await
        .expect(412, "PRECONDITION_FAILED");
    let stale = [("if-match", first.header("etag"))];
    client.send_raw(Method::DELETE, &path, &stale, "").await.expect(412, "PRECONDITION_FAILED");
    assert_eq!(client.get(&path).await.data()["content"], "b");
    let current = [("if-match", second.header("etag"))];
    client.send_raw(Method::DELETE, &path, &current, "").await.expect(200, "");
}

#[tokio::test]
async fn a_key_is_any_text_and_belongs_to_its_scope_alone() {
    let (_world, _instance, client) = World::with_a_client().await;
    let long = "é".repeat(256);
    let keys = [
        "/", "a/b", "?", "#", "%", "%2F", "..", "../x", "+", " ", "a b", "&=", "🦀", "~1", "\"", "\n", &long,
    ];
    for key in keys {
        put(&client, &by_key(&[("key", key)]), &[], &tea(&format!("<{key}>"))).await.expect(201, "");
    }
    let scopes: [&[(&str, &str)]; 6] = [
        &[("key", "/"), ("namespace", "n")],
        &[("key", "/"), ("namespace", "n/m")],
        &[("key", "/"), ("namespace", "n~1m")],
        &[("key", "/"), ("userId", "n")],
        &[("key", "/"), ("agentId", "n")],
        &[("key", "/"), ("userId", "n"), ("agentId", "n")],
    ];
    for scope in scopes {
        put(&client, &by_key(scope), &[], &tea(&format!("{scope:?}"))).await.expect(201, "");
    }
    for key in keys {
        let found = client.get(&by_key(&[("key", key)])).await;
        assert_eq!(
            (&found.data()["key"], &found.data()["content"]),
            (&json!(key), &json!(format!("<{key}>")))
        );
    }
    for scope in scopes {
        assert_eq!(client.get(&by_key(scope)).await.data()["content"], format!("{scope:?}"));
    }
}

#[tokio::test]
async fn all_faults_of_the_query_are_reported_by_name() {
    let (_world, _instance, client) = World::with_a_client().await;
    let long = "é".repeat(257);
    for (query, fields) in [
        (&[][..], &["key"][..]),
        (&[("key", "")], &["key"]),
        (&[("key", long.as_str())], &["key"]),
        (&[("key", "a\0")], &["key"]),
        (
            &[("key", "k"), ("namespace", "a//b"), ("userId", ""), ("sessionId", "s")],
            &["namespace", "sessionId", "userId"],
        ),
        (&[("key", "k"), ("key", "k")], &["key"]),
    ] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let body = (method == Method::PUT).then(|| tea("x"));
            let refused = client.send(method, &by_key(query), body).await;
            refused.expect(400, "VALIDATION_ERROR");
            assert_eq!(refused.fields(), fields, "{query:?}");
        }
    }
    let body = json!({"key": "l", "namespace": ["x"], "userId": "u", "agentId": "a", "content": "x"});
    let refused = put(&client, &by_key(&[("key", "k")]), &[], &body).await;
    assert_eq!(refused.fields(), ["agentId", "key", "namespace", "type", "userId"]);
    let long = json!({"content": "x", "type": "task", "key": long});
    assert_eq!(client.post(MEMORIES, long).await.fields(), ["key"]);
}

#[tokio::test]
async fn an_export_imports_keys_and_namespaces_byte_for_byte() {
    let (world, instance, client) = World::with_a_client().await;
    let deep = vec!["🦀/~".repeat(30); 10];
    for (key, namespace) in [("~1 \"\\\u{7f}", json!(["a/b", "~"])), ("k", json!(deep)), (" k ", json!(null))]
    {
        let body = json!({"content": "x", "type": "task", "key": key, "namespace": namespace, "userId": "u"});
        client.post(MEMORIES, body).await.expect(201, "");
    }
    let export = client.get("/api/v1/memories/export").await.text;
    assert_eq!(export.lines().count(), 3);
    let other = world.account_with("other", hb_tests::world::plenty()).await;
    let other = instance.client.with(&other.key);
    let lines = [("content-type", "application/x-ndjson")];
    let import = || other.send_raw(Method::POST, "/api/v1/memories/import", &lines, export.clone());
    assert_eq!(import().await.data()["imported"], 3);
    assert_eq!(other.get("/api/v1/memories/export").await.text, export);
    assert_eq!(import().await.data()["existing"], 3);
    rows::check(&world, "other").await;
}
