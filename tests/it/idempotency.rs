//! A request that is repeated with its `Idempotency-Key` takes effect once.

mod callers;
mod resumed;

use std::time::Duration;

use futures_util::future::join_all;
use hb_tests::world::plenty;
use hb_tests::{Answer, Client, Fault, Instance, World};
use http::Method;
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";
const KEYS: &str = "/api/v1/api-keys";

async fn send(client: &Client, method: Method, path: &str, key: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    client.send_raw(method, path, &headers, body.to_string()).await
}

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    send(client, Method::POST, path, key, body).await
}

fn tea() -> Value {
    json!({"content": "tea, no sugar", "type": "semantic"})
}

async fn total(client: &Client) -> u64 {
    client.get("/api/v1/memories?limit=1").await.data()["pagination"]["total"].as_u64().expect("a number")
}

fn move_on(instance: &Instance, seconds: u64) {
    instance.clock.set(instance.clock.now().plus(Duration::from_secs(seconds)));
}

#[tokio::test]
async fn a_repetition_gets_the_same_response_and_changes_nothing() {
    let (_world, instance, client) = World::with_a_client().await;
    let first = post(&client, MEMORIES, "order-17", &tea()).await;
    first.expect(201, "");
    assert_eq!(first.header("idempotent-replayed"), "");
    move_on(&instance, 5);
    let again = post(&client, MEMORIES, "order-17", &tea()).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
    assert_eq!(again.text, first.text, "the stored body, byte for byte");
    for header in ["etag", "location", "content-type"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    let left = |answer: &Answer| answer.header("x-ratelimit-remaining").parse::<u64>().expect("a number");
    assert_eq!(left(&again), left(&first) - 1, "a repetition is counted and has its own rate-limit status");
    assert_eq!(total(&client).await, 1);
}

#[tokio::test]
async fn one_key_is_one_request_of_one_tenant() {
    let (world, instance, client) = World::with_a_client().await;
    post(&client, MEMORIES, "k", &tea()).await.expect(201, "");
    let other = json!({"content": "coffee", "type": "semantic"});
    post(&client, MEMORIES, "k", &other).await.expect(422, "IDEMPOTENCY_CONFLICT");
    post(&client, "/api/v1/memories?tenantId=acme", "k", &tea()).await.expect(422, "IDEMPOTENCY_CONFLICT");
    post(&client, KEYS, "k", &tea()).await.expect(422, "IDEMPOTENCY_CONFLICT");
    assert_eq!(total(&client).await, 1);
    let neighbour = world.account_with("globex", plenty()).await;
    let neighbour = instance.client.with(&neighbour.key);
    post(&neighbour, MEMORIES, "k", &other).await.expect(201, "");
}

#[tokio::test]
async fn an_invalid_idempotency_key_is_refused_by_name() {
    let (_world, _instance, client) = World::with_a_client().await;
    for bad in ["", "a b", &"x".repeat(256), "ta\tb", "caf\u{e9}", "one,two", "one, two"] {
        let answer = post(&client, MEMORIES, bad, &tea()).await;
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.fields(), ["Idempotency-Key"], "{bad:?}");
    }
    post(&client, MEMORIES, &"x".repeat(255), &tea()).await.expect(201, "");
    let twice = async |keys: [&str; 2]| {
        let key = |key| ("idempotency-key", key);
        let headers = [("content-type", "application/json"), key(keys[0]), key(keys[1])];
        client.send_raw(Method::POST, MEMORIES, &headers, tea().to_string()).await
    };
    for different in [["one", "two"], ["", "one"], ["one", ""]] {
        twice(different).await.expect(400, "VALIDATION_ERROR");
    }
    let first = post(&client, MEMORIES, "one", &tea()).await;
    let same = twice(["one", "one"]).await;
    assert_eq!(
        (same.header("idempotent-replayed"), &same.text),
        ("true", &first.text),
        "one key, sent twice"
    );
    // A request that changes nothing ignores the header, valid or not.
    post(&client, "/api/v1/memories/search", "a b", &json!({"query": "tea"})).await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_concurrent_attempts_create_one_memory() {
    let (world, _instance, _) = World::with_a_client().await;
    let instances = [world.instance().await, world.instance().await];
    let owner = world.account_with("globex", plenty()).await;
    for round in 0..4 {
        let key = format!("round-{round}");
        let clients: Vec<_> = instances.iter().map(|instance| instance.client.with(&owner.key)).collect();
        let body = tea();
        let answers = join_all((0..32).map(|index| post(&clients[index % 2], MEMORIES, &key, &body))).await;
        let (created, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        assert!(!created.is_empty());
        let id = &created[0].data()["id"];
        assert!(created.iter().all(|answer| answer.data()["id"] == *id));
        for answer in refused {
            answer.expect(409, "IDEMPOTENCY_CONFLICT");
            let wait: u64 = answer.header("retry-after").parse().expect("seconds");
            assert!((1..=35).contains(&wait), "{wait}");
        }
        assert_eq!(total(&clients[0]).await, round + 1);
    }
}

#[tokio::test]
async fn a_secret_is_returned_once_and_stored_nowhere() {
    let (world, instance, client) = World::with_a_client().await;
    let body = json!({"name": "worker"});
    let first = post(&client, KEYS, "k", &body).await;
    let plain = first.data()["plainKey"].as_str().expect("a plain key").to_owned();
    let again = post(&client, KEYS, "k", &body).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
    assert_eq!(again.data()["plainKey"], Value::Null);
    assert_eq!(again.data()["id"], first.data()["id"]);
    let rotated = post(&client, "/api/v1/api-keys/rotate", "r", &json!({"keyId": first.data()["id"]})).await;
    let newer = rotated.data()["plainKey"].as_str().expect("a plain key").to_owned();
    let again = post(&client, "/api/v1/api-keys/rotate", "r", &json!({"keyId": first.data()["id"]})).await;
    assert_eq!((again.status.as_u16(), &again.data()["plainKey"]), (200, &Value::Null));
    assert_eq!(instance.client.with(&newer).get(MEMORIES).await.status, 200, "rotated once");
    let kept = world.everything().await;
    for secret in [&plain, &newer] {
        assert!(!kept.contains(&secret[20..38]), "a secret is stored");
    }
    assert!(kept.contains("key#key_") && kept.contains("#k\""), "the dump contains the records");
}

#[tokio::test]
async fn which_responses_are_stored_and_which_release_the_key() {
    let (_world, instance, client) = World::with_a_client().await;
    // 404, 409 and 412 are stored and replayed, even if the result would now be different.
    let missing = "/api/v1/memories/mem_0123456789abcdefghijkl";
    let patch = json!({"importance": 1});
    send(&client, Method::PATCH, missing, "404", &patch).await.expect(404, "RESOURCE_NOT_FOUND");
    let again = send(&client, Method::PATCH, missing, "404", &patch).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (404, "true"));
    client.post(KEYS, json!({"name": "taken"})).await.expect(201, "");
    post(&client, KEYS, "409", &json!({"name": "taken"})).await.expect(409, "DUPLICATE_RESOURCE");
    let path = post(&client, MEMORIES, "for-412", &tea()).await.header("location").to_owned();
    for _ in 0..2 {
        let headers =
            [("content-type", "application/json"), ("idempotency-key", "412"), ("if-match", "\"other\"")];
        let refused = client.send_raw(Method::PATCH, &path, &headers, patch.to_string()).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (412, "PRECONDITION_FAILED"));
    }
    client.send(Method::DELETE, &path, None).await.expect(200, "");
    let headers =
        [("content-type", "application/json"), ("idempotency-key", "412"), ("if-match", "\"other\"")];
    let again = client.send_raw(Method::PATCH, &path, &headers, patch.to_string()).await;
    assert_eq!(
        (again.status.as_u16(), again.header("idempotent-replayed")),
        (412, "true"),
        "it would be 404 now"
    );
    let keys = client.get(KEYS).await;
    let taken = keys.data()["keys"].as_array().expect("keys").iter().find(|key| key["name"] == "taken");
    let id = taken.expect("the key")["id"].clone();
    client.post("/api/v1/api-keys/revoke", json!({ "keyId": id })).await.expect(200, "");
    let again = post(&client, KEYS, "409", &json!({"name": "taken"})).await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "DUPLICATE_RESOURCE"));

    // 400 releases the key, also for another body.
    post(&client, MEMORIES, "400", &json!({"content": ""})).await.expect(400, "VALIDATION_ERROR");
    post(&client, MEMORIES, "400", &tea()).await.expect(201, "");

    // After 503 the next attempt resumes at once with the same ids, whatever was written.
    instance.tap.fail("DynamoDB PutItem Memories", Fault::AnswerLost, true);
    instance.tap.fail("DynamoDB GetItem Memories", Fault::Reset, true);
    post(&client, MEMORIES, "503", &tea()).await.expect(503, "SERVICE_UNAVAILABLE");
    instance.tap.mend();
    let other = json!({"content": "coffee", "type": "task"});
    post(&client, MEMORIES, "503", &other).await.expect(422, "IDEMPOTENCY_CONFLICT");
    let created = post(&client, MEMORIES, "503", &tea()).await;
    created.expect(201, "");
    assert_eq!(created.header("idempotent-replayed"), "");
    assert_eq!(total(&client).await, 2, "the tea of 400 and the tea of 503");

    // A day later the key can be used again.
    let first = post(&client, MEMORIES, "day", &tea()).await;
    move_on(&instance, 86_399);
    assert_eq!(post(&client, MEMORIES, "day", &tea()).await.text, first.text);
    move_on(&instance, 1);
    let next_day = post(&client, MEMORIES, "day", &other).await;
    next_day.expect(201, "");
    assert_ne!(next_day.data()["id"], first.data()["id"]);
}

/// 402, 403, 413 and 415 release the key, like 400.
#[tokio::test]
async fn a_refusal_before_any_effect_releases_the_key() {
    let world = World::new().await;
    let allowance = hb_domain::plan::Allowance { memories: Some(0), ..plenty() };
    let account = world.account_with("acme", allowance).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    post(&client, MEMORIES, "k", &tea()).await.expect(402, "INSUFFICIENT_QUOTA");
    let foreign = json!({"content": "x", "type": "task", "tenantId": "globex"});
    post(&client, MEMORIES, "k", &foreign).await.expect(403, "TENANT_MISMATCH");
    let large = json!({"content": "x".repeat(300_000), "type": "task"});
    post(&client, MEMORIES, "k", &large).await.expect(413, "PAYLOAD_TOO_LARGE");
    let headers = [("content-type", "text/plain"), ("idempotency-key", "k")];
    client.send_raw(Method::POST, MEMORIES, &headers, "x").await.expect(415, "UNSUPPORTED_MEDIA_TYPE");
    world
        .store
        .tenants()
        .set_plan(&account.tenant, hb_domain::plan::Plan::Pro, &plenty())
        .await
        .expect("the database");
    post(&client, MEMORIES, "k", &tea()).await.expect(201, "");
}

/// A response of more than 100 KB is not stored: a repetition executes again with the same ids.
#[tokio::test]
async fn a_response_too_large_to_store_is_computed_again() {
    let (_world, _instance, client) = World::with_a_client().await;
    let bad = r#"{"content": 1, "type": 2, "tags": 3}"#;
    let lines = format!("{}\n{}", tea(), vec![bad; 900].join("\n"));
    let headers = [("content-type", "application/x-ndjson"), ("idempotency-key", "k")];
    let first = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, lines.clone()).await;
    assert!(first.text.len() > 100 * 1024, "{}", first.text.len());
    let again = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, lines).await;
    assert_eq!(again.header("idempotent-replayed"), "");
    assert_eq!((&again.data()["imported"], &again.data()["existing"]), (&json!(1), &json!(0)));
    assert_eq!(again.data()["results"][0]["id"], first.data()["results"][0]["id"]);
    assert_eq!(total(&client).await, 1);
}

#[tokio::test]
async fn the_response_with_the_largest_memory_is_stored_and_replayed() {
    let (_world, _instance, client) = World::with_a_client().await;
    // One-byte characters that take six bytes in JSON, as many as every field accepts.
    let body = json!({
        "content": format!("x{}", "\u{1}".repeat(9_999)), "type": "prospective", "tags": (0..50).map(|n| format!("{n:02}{}", "\u{2}".repeat(62))).collect::<Vec<_>>(),
        "metadata": {"m": "x".repeat(16_300)}, "userId": "\u{3}".repeat(128), "agentId": "\u{3}".repeat(128),
        "sessionId": "\u{3}".repeat(128), "expiresAt": "2027-01-01T00:00:00Z",
    });
    let first = post(&client, MEMORIES, "k", &body).await;
    first.expect(201, "");
    let again = post(&client, MEMORIES, "k", &body).await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &first.text));
}
