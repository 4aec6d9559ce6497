//! The limits of every field: the largest accepted value and the smallest refused one.

use hb_domain::TenantId;
use hb_http::route::{Access, Surface};
use hb_tests::World;
use http::Method;
use serde_json::{Value, json};

use crate::routes::with_a_file;

const MEMORIES: &str = "/api/v1/memories";
const SEARCH: &str = "/api/v1/memories/search";
const WEBHOOKS: &str = "/api/v1/webhooks";
const KEYS: &str = "/api/v1/api-keys";

fn tags(count: usize) -> Value {
    (0..count).map(|number| format!("tag {number}")).collect::<Vec<_>>().into()
}

/// Metadata of `bytes` bytes as compact JSON.
fn metadata(bytes: usize) -> Value {
    json!({"a": "x".repeat(bytes - r#"{"a":""}"#.len())})
}

/// Metadata with `count` values; a list or an object counts as one too.
fn values(count: usize) -> Value {
    let mut metadata = json!({"m": vec![json!({"": 0}); (count - 1) / 2]});
    if count.is_multiple_of(2) {
        metadata["n"] = json!(0);
    }
    metadata
}

/// Metadata with `count` levels of objects.
fn levels(count: usize) -> Value {
    (0..count).fold(json!(1), |inner, _| json!({"a": inner}))
}

#[tokio::test]
async fn limits_of_fields_are_those_of_the_contract() {
    let (_world, _instance, client) = World::with_a_client().await;
    let memory = json!({"content": "x", "type": "task"});
    let query = json!({"query": "x"});
    for (path, body, field, good, bad) in [
        (MEMORIES, &memory, "content", json!("x".repeat(10_000)), json!("x".repeat(10_001))),
        (MEMORIES, &memory, "content", json!("\u{1f600}".repeat(10_000)), json!("\u{1f600}".repeat(10_001))),
        (MEMORIES, &memory, "content", json!("e\u{301}".repeat(5_000)), json!("e\u{301}".repeat(5_001))),
        (MEMORIES, &memory, "content", json!("."), json!("")),
        (MEMORIES, &memory, "content", json!(" . "), json!(" ")),
        (MEMORIES, &memory, "importance", json!(0), json!(-f64::MIN_POSITIVE)),
        (MEMORIES, &memory, "importance", json!(1), json!(1.000_000_000_000_000_2)),
        (MEMORIES, &memory, "importance", json!(5e-324), json!(1e308)),
        (MEMORIES, &memory, "tags", tags(50), tags(51)),
        (MEMORIES, &memory, "tags", json!(["ä".repeat(64)]), json!(["ä".repeat(65)])),
        (MEMORIES, &memory, "tags", json!([]), json!([""])),
        (MEMORIES, &memory, "tags", json!(["a;b"]), json!(["a,b"])),
        (MEMORIES, &memory, "tags", json!(vec!["same"; 80]), json!(["a", 1])),
        (MEMORIES, &memory, "metadata", metadata(16 * 1024), metadata(16 * 1024 + 1)),
        (MEMORIES, &memory, "metadata", json!({}), json!([])),
        (MEMORIES, &memory, "metadata", Value::Null, json!("{}")),
        (SEARCH, &query, "metadata", json!({}), Value::Null),
        (MEMORIES, &memory, "metadata", values(1_000), values(1_001)),
        (MEMORIES, &memory, "metadata", levels(32), levels(33)),
        (SEARCH, &query, "metadata", values(1_000), values(1_001)),
        (SEARCH, &query, "metadata", levels(32), levels(33)),
        (MEMORIES, &memory, "userId", json!("ü".repeat(128)), json!("ü".repeat(129))),
        (MEMORIES, &memory, "agentId", json!("a"), json!("")),
        (MEMORIES, &memory, "sessionId", json!("s"), json!(7)),
        (SEARCH, &query, "sessionId", json!("s"), Value::Null),
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
async fn a_patch_that_makes_metadata_too_large_is_refused_and_changes_nothing() {
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

/// Metadata stored by an earlier version may exceed today's limits.
#[tokio::test]
async fn metadata_beyond_todays_limits_is_kept_until_it_is_changed() {
    let (world, _instance, client) = World::with_a_client().await;
    let created = client.post(MEMORIES, json!({"content": "tea", "type": "task"})).await;
    let path = created.header("location");
    let mut old = values(4_000);
    old["zero"] = json!(-0.0);
    old["deep"] = levels(100);
    let acme = TenantId::parse("acme").expect("a tenant");
    let id = created.data()["id"].as_str().expect("an id");
    world.keep_metadata(&acme, id, &old.to_string()).await;

    assert_eq!(client.get(path).await.data()["metadata"], old);
    assert_eq!(client.get(MEMORIES).await.data()["memories"][0]["metadata"], old);
    let found = client.post(SEARCH, json!({"query": "tea"})).await;
    assert_eq!(found.data()["results"][0]["metadata"], old);
    let by_field = client.post(SEARCH, json!({"query": "tea", "metadata": {"zero": 0.0}})).await;
    assert_eq!(by_field.data()["results"], json!([]), "the index has its fields as they were");
    let exported = client.get("/api/v1/memories/export").await;
    assert_eq!(serde_json::from_str::<Value>(&exported.text).expect("one line")["metadata"], old);

    // An equal value is no change. A change has to bring the metadata within the limits.
    for same in [json!({"content": "coffee"}), json!({"metadata": {}}), json!({"metadata": {"zero": 0.0}})] {
        let patched = client.send(Method::PATCH, path, Some(same)).await;
        assert_eq!(patched.data()["metadata"].to_string(), old.to_string());
    }
    let grown = client.send(Method::PATCH, path, Some(json!({"metadata": {"zero": 1}}))).await;
    grown.expect(400, "VALIDATION_ERROR");
    assert_eq!(grown.fields(), ["metadata"]);
    let brought = json!({"metadata": {"m": null, "deep": null}});
    let patched = client.send(Method::PATCH, path, Some(brought)).await;
    assert_eq!(patched.data()["metadata"], json!({"n": 0, "zero": -0.0}));

    let line = [("content-type", "application/x-ndjson")];
    let imported = client.send_raw(Method::POST, "/api/v1/memories/import", &line, exported.text).await;
    assert_eq!(imported.data()["failed"], 1, "{}", imported.text);
    assert_eq!(imported.data()["results"][0]["errors"][0]["field"], "metadata");
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

/// Tested on every route that reads no body, with every method, with and without a credential.
#[tokio::test]
async fn a_body_that_the_route_does_not_read_has_at_most_8_kib() {
    let (world, instance, client) = World::with_a_client().await;
    let acme = TenantId::parse("acme").expect("a tenant");
    let routes = hb_local::functions::routes();
    let routes = routes.filter(|route| [Method::GET, Method::DELETE].contains(&route.method));
    let mut tried = 0;
    for route in routes {
        let (key, _) = world.key(&acme, hb_domain::Scopes::all(), None).await;
        let created = client.post(MEMORIES, json!({"content": "x", "type": "task", "key": key})).await;
        let id = created.data()["id"].as_str().expect("an id");
        let named = match route.path {
            path if path.starts_with(KEYS) => key.to_string(),
            path if path.starts_with(WEBHOOKS) => {
                let url = format!("https://example.com/{tried}");
                let webhook = json!({"name": "x", "url": url, "events": ["*"]});
                client.post(WEBHOOKS, webhook).await.data()["id"].as_str().expect("an id").to_owned()
            }
            _ => id.to_owned(),
        };
        let query = match route.path.rsplit('/').next() {
            Some("usage") => format!("?keyId={key}"),
            Some("by-key") => format!("?key={key}"),
            _ => String::new(),
        };
        let path = format!("{}{query}", with_a_file(route.path).replace("{id}", &named));
        let head = (route.method == Method::GET).then_some(Method::HEAD);
        for method in head.into_iter().chain([route.method.clone()]) {
            // The rate-limit status is available once a second.
            let send = async |body: Vec<u8>| {
                instance.clock.set(instance.clock.now().plus(std::time::Duration::from_secs(2)));
                client.send_raw(method.clone(), &path, &[], body).await
            };
            let large = send(vec![b'['; 8 * 1024 + 1]).await;
            assert_eq!(large.status, 413, "{method} {path} {}", large.text);
            // A page has no code of the error.
            if method != Method::HEAD && route.surface == Surface::Api {
                large.expect(413, "PAYLOAD_TOO_LARGE");
            }
            // A token exchange needs a session and reads its body.
            if !route.accepts_doubled_bearer {
                let good = send(vec![b'['; 8 * 1024]).await;
                // Nobody is signed in to the dashboard.
                let usual = if route.access() == Access::Session { 303 } else { 200 };
                assert_eq!(good.status, usual, "{method} {path} {}", good.text);
            }
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried}");
}

#[tokio::test]
async fn the_number_of_json_values_in_a_body_is_limited() {
    let (_world, _instance, client) = World::with_a_client().await;
    let list = |count: usize| json!({"unknown": vec![0; count - 2]});
    let refused = client.post(MEMORIES, list(20_001)).await;
    refused.expect(400, "VALIDATION_ERROR");
    assert_eq!(refused.message(), "The body holds more than 20000 values");
    assert_eq!(client.post(MEMORIES, list(20_000)).await.fields(), ["content", "type", "unknown"]);
    let bulk = "/api/v1/memories/bulk";
    let refused = client.post(bulk, list(120_001)).await;
    assert_eq!(refused.message(), "The body holds more than 120000 values");
    // The largest number of memories, each with the largest number of values.
    let memory = json!({"content": "x", "type": "task", "metadata": values(1_000), "tags": tags(50)});
    let accepted = client.post(bulk, json!({"memories": vec![memory; 100]})).await;
    assert_eq!(accepted.data()["created"], 100, "{}", accepted.text);
    let line = json!({"content": "x", "type": "task", "metadata": {"m": vec![0; 20_000]}}).to_string();
    let headers = [("content-type", "application/x-ndjson")];
    let imported = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, line).await;
    let error = &imported.data()["results"][0]["errors"][0];
    assert_eq!(error["message"], "The line holds more than 20000 values", "{}", imported.text);
}

/// The longest query that API Gateway passes on is about 10 KB; the local server takes more.
#[tokio::test]
async fn a_long_query_gets_a_short_response() {
    let (_world, _instance, client) = World::with_a_client().await;
    let numbered = |name: fn(usize) -> String| {
        let mut query = (0..).map(name).take_while(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
        query.truncate(62_000);
        query
    };
    for (query, most) in [
        ("a&".repeat(31_000), 2),
        (format!("{}&", "x".repeat(200)).repeat(300), 2),
        (numbered(|n| if n < 8_000 { format!("{n}") } else { String::new() }), 20),
        (numbered(|n| if n < 8_000 { format!("{0}&{0}", n / 2) } else { String::new() }), 40),
        (numbered(|n| if n < 8_000 { format!("limit={n}&limit") } else { String::new() }), 2),
    ] {
        let answer = client.get(&format!("{MEMORIES}?{query}")).await;
        answer.expect(400, "VALIDATION_ERROR");
        let errors = answer.json["errors"].as_array().expect("errors").len();
        assert!(errors <= most && answer.text.len() < 8_192, "{errors} errors, {} bytes", answer.text.len());
    }
}
