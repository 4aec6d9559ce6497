//! The bounds of every field, one step inside and one step outside.

use hb_tests::World;
use http::Method;
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";
const SEARCH: &str = "/api/v1/memories/search";
const KEYS: &str = "/api/v1/api-keys";

fn tags(count: usize) -> Value {
    (0..count).map(|number| format!("tag {number}")).collect::<Vec<_>>().into()
}

/// Metadata of exactly so many bytes as compact JSON.
fn metadata(bytes: usize) -> Value {
    json!({"a": "x".repeat(bytes - r#"{"a":""}"#.len())})
}

#[tokio::test]
async fn bounds_are_where_the_contract_puts_them() {
    let (_world, _instance, client) = World::with_a_client().await;
    let memory = json!({"content": "x", "type": "task"});
    let query = json!({"query": "x"});
    for (path, body, field, good, bad) in [
        (MEMORIES, &memory, "content", json!("x".repeat(10_000)), json!("x".repeat(10_001))),
        (MEMORIES, &memory, "content", json!("\u{1f600}".repeat(10_000)), json!("\u{1f600}".repeat(10_001))),
        (MEMORIES, &memory, "content", json!("e\u{301}".repeat(5_000)), json!("e\u{301}".repeat(5_001))),
        (MEMORIES, &memory, "content", json!(" "), json!("")),
        (MEMORIES, &memory, "importance", json!(0), json!(-f64::MIN_POSITIVE)),
        (MEMORIES, &memory, "importance", json!(1), json!(1.000_000_000_000_000_2)),
        (MEMORIES, &memory, "importance", json!(5e-324), json!(1e308)),
        (MEMORIES, &memory, "tags", tags(50), tags(51)),
        (MEMORIES, &memory, "tags", json!(["ä".repeat(64)]), json!(["ä".repeat(65)])),
        (MEMORIES, &memory, "tags", json!([]), json!([""])),
        (MEMORIES, &memory, "tags", json!(["a;b"]), json!(["a,b"])),
        (MEMORIES, &memory, "tags", json!(vec!["same"; 80]), json!(["a", 1])),
        (MEMORIES, &memory, "metadata", metadata(16 * 1024), metadata(16 * 1024 + 1)),
        (MEMORIES, &memory, "metadata", json!({}), Value::Null),
        (MEMORIES, &memory, "userId", json!("ü".repeat(128)), json!("ü".repeat(129))),
        (MEMORIES, &memory, "agentId", json!("a"), json!("")),
        (MEMORIES, &memory, "sessionId", json!("s"), Value::Null),
        (MEMORIES, &memory, "expiresAt", json!("2026-11-24T12:00:00.001Z"), json!("2026-11-24T12:00:00Z")),
        (MEMORIES, &memory, "expiresAt", json!("9999-12-31T23:59:59.999Z"), json!("10000-01-01T00:00:00Z")),
        (MEMORIES, &memory, "expiresAt", json!(1_800_000_000), json!(1_700_000_000)),
        (MEMORIES, &memory, "expiresAt", json!(1_800_000_000_000_i64), json!(18_446_744_073_709_551_615_u64)),
        (MEMORIES, &memory, "tenantId", json!("acme"), json!(["acme"])),
        (SEARCH, &query, "query", json!("x".repeat(10_000)), json!("x".repeat(10_001))),
        (SEARCH, &query, "limit", json!(1), json!(0)),
        (SEARCH, &query, "limit", json!(100), json!(101)),
        (SEARCH, &query, "limit", json!(7), json!(7.5)),
        (SEARCH, &query, "minRelevance", json!(1.0), json!(1.01)),
        (SEARCH, &query, "minRelevance", json!(0), json!("0")),
        (KEYS, &json!({}), "name", json!("\u{1f511}".repeat(255)), json!("\u{1f511}".repeat(256))),
        (KEYS, &json!({}), "name", json!("n"), json!("")),
        (KEYS, &json!({"name": "e"}), "environment", json!("development"), json!("Development")),
        (KEYS, &json!({"name": "s"}), "scopes", json!([]), json!(["read:everything"])),
        (KEYS, &json!({"name": "t"}), "expiresAt", Value::Null, json!("1999-01-01T00:00:00Z")),
    ] {
        let mut request = body.clone();
        request[field] = bad;
        let refused = client.post(path, request.clone()).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), [field], "{}", refused.text);
        request[field] = good;
        let accepted = client.post(path, request).await;
        assert!(accepted.status.is_success(), "{path} {field} {}", accepted.text);
    }
}

#[tokio::test]
async fn metadata_that_patches_make_too_large_is_refused_and_left_as_it_was() {
    let (_world, _instance, client) = World::with_a_client().await;
    let body = json!({"content": "x", "type": "task", "metadata": metadata(16 * 1024)});
    let created = client.post(MEMORIES, body).await;
    let path = created.header("location");
    let grown = client.send(Method::PATCH, path, Some(json!({"metadata": {"b": 1}}))).await;
    grown.expect(400, "VALIDATION_ERROR");
    assert_eq!(grown.fields(), ["metadata"]);
    assert_eq!(client.get(path).await.data(), created.data());
    let replaced = client.send(Method::PATCH, path, Some(json!({"metadata": {"a": null, "b": 1}}))).await;
    assert_eq!(replaced.data()["metadata"], json!({"b": 1}));
}

#[tokio::test]
async fn every_bad_field_is_reported_at_once() {
    let (_world, _instance, client) = World::with_a_client().await;
    let created = client.post(MEMORIES, json!({"content": "x", "type": "task"})).await;
    let bad = json!({
        "content": "", "type": "poem", "importance": "high", "tags": "a", "metadata": [], "userId": 1, "agentId": "",
        "sessionId": {}, "expiresAt": "soon", "colour": "red", "\u{1f600}": 1,
    });
    let mut names: Vec<&str> = bad.as_object().expect("fields").keys().map(String::as_str).collect();
    names.sort_unstable();
    for (method, path) in [(Method::POST, MEMORIES), (Method::PATCH, created.header("location"))] {
        let refused = client.send(method, path, Some(bad.clone())).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), names);
    }
    let refused = client.post(MEMORIES, json!({"metadata": 1})).await;
    assert_eq!(refused.fields(), ["content", "metadata", "type"]);
    let refused = client.post(SEARCH, json!({"limit": 0, "minRelevance": 2, "type": 1, "q": "x"})).await;
    assert_eq!(refused.fields(), ["limit", "minRelevance", "q", "query", "type"]);
    let refused =
        client.post(KEYS, json!({"environment": 1, "scopes": "all", "expiresAt": 0, "key": "x"})).await;
    assert_eq!(refused.fields(), ["environment", "expiresAt", "key", "name", "scopes"]);
    let refused = client.post("/api/v1/api-keys/rotate", json!({"gracePeriodSeconds": 604_801})).await;
    assert_eq!(refused.fields(), ["gracePeriodSeconds", "keyId"]);
    let refused =
        client.get("/api/v1/memories?page=0&limit=x&cursor=x&type=x&tags=&sort=x&order=x&x=x").await;
    assert_eq!(refused.fields(), ["cursor", "limit", "order", "page", "sort", "tags", "type", "x"]);
    let refused = client.get("/api/v1/api-keys/usage?days=91&day=1").await;
    assert_eq!(refused.fields(), ["day", "days", "keyId"]);
}
