//! `ttlSeconds`: an expiry counted from the time of the request.

use std::time::Duration;

use hb_tests::{Answer, Client, World};
use http::Method;
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";

fn tea(extra: &Value) -> Value {
    let mut body = json!({"content": "tea", "type": "task"});
    body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    body
}

async fn import(client: &Client, line: &Value) -> Answer {
    let headers = [("content-type", "application/x-ndjson")];
    client.send_raw(Method::POST, "/api/v1/memories/import", &headers, line.to_string()).await
}

/// The result of each way to write a memory with these fields: its path, or the fields that are refused.
async fn written(client: &Client, extra: &Value) -> Vec<Result<String, Vec<String>>> {
    let body = tea(extra);
    let outcome = |answer: Answer, path: &str| match answer.status.as_u16() {
        200 | 201 => Ok(path.to_owned()),
        _ => Err(answer.fields().into_iter().map(str::to_owned).collect()),
    };
    let many = |answer: Answer| {
        answer.expect(200, "");
        let result = &answer.data()["results"][0];
        let field = |error: &Value| error["field"].as_str().expect("a field").to_owned();
        match result["id"].as_str() {
            Some(id) => Ok(format!("{MEMORIES}/{id}")),
            None => Err(result["errors"].as_array().expect("errors").iter().map(field).collect()),
        }
    };
    let created = client.post(MEMORIES, body.clone()).await;
    let path = created.header("location").to_owned();
    let existing = client.post(MEMORIES, tea(&json!({}))).await.header("location").to_owned();
    let patched = client.send(Method::PATCH, &existing, Some(extra.clone())).await;
    let other = client.post(MEMORIES, tea(&json!({}))).await.header("location").to_owned();
    let replaced = client.send(Method::PUT, &other, Some(body.clone())).await;
    vec![
        outcome(created, &path),
        outcome(patched, &existing),
        outcome(replaced, &other),
        many(client.post("/api/v1/memories/bulk", json!({"memories": [body]})).await),
        many(import(client, &body).await),
    ]
}

#[tokio::test]
async fn a_lifetime_is_an_expiry_wherever_a_memory_is_written() {
    let (_world, instance, client) = World::with_a_client().await;
    let paths = written(&client, &json!({"ttlSeconds": 60})).await;
    for path in paths.iter().map(|path| path.as_ref().expect("accepted")) {
        let memory = client.get(path).await;
        assert_eq!(memory.data()["expiresAt"], "2026-11-24T12:01:00.000Z");
        assert!(memory.data().get("ttlSeconds").is_none());
    }
    let export = client.get("/api/v1/memories/export").await.text;
    assert!(export.contains("expiresAt") && !export.contains("ttlSeconds"));
    instance.clock.set(instance.clock.now().plus(Duration::from_secs(60)));
    for path in paths.iter().flatten() {
        client.get(path).await.expect(404, "RESOURCE_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_lifetime_is_a_whole_number_of_seconds_without_an_expiry_beside_it() {
    let (_world, _instance, client) = World::with_a_client().await;
    for good in [json!({"ttlSeconds": 1}), json!({"ttlSeconds": 315_360_000_u64})] {
        assert!(written(&client, &good).await.iter().all(Result::is_ok), "{good}");
    }
    for bad in [
        json!({"ttlSeconds": 0}),
        json!({"ttlSeconds": -1}),
        json!({"ttlSeconds": 1.5}),
        json!({"ttlSeconds": "60"}),
        json!({"ttlSeconds": 1e300}),
        json!({"ttlSeconds": u64::MAX}),
        json!({"ttlSeconds": 60, "expiresAt": "2027-01-01T00:00:00Z"}),
    ] {
        for outcome in written(&client, &bad).await {
            assert_eq!(outcome, Err(vec!["ttlSeconds".to_owned()]), "{bad}");
        }
    }
    // A PATCH that removes the expiry says so by `expiresAt`.
    let path = client.post(MEMORIES, tea(&json!({"ttlSeconds": 60}))).await.header("location").to_owned();
    let both = client.send(Method::PATCH, &path, Some(json!({"ttlSeconds": 60, "expiresAt": null}))).await;
    assert_eq!(both.fields(), ["ttlSeconds"]);
    client.send(Method::PATCH, &path, Some(json!({"expiresAt": null}))).await.expect(200, "");
    assert!(client.get(&path).await.data().get("expiresAt").is_none());
}
