//! Requests about keys under an `Idempotency-Key`, which crash at any point and are resumed.

use std::time::Duration;

use hb_tests::world::plenty;
use hb_tests::{Answer, Client, Driven, World};
use http::Method;
use serde_json::{Value, json};

use super::{MEMORIES, by_key, put, rows, tea};

/// A request that replaces the memory with the key `k`, or creates it.
async fn send(client: &Client, way: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", "once")];
    match way {
        "put" => put(client, &by_key(&[("key", "k")]), &headers[1..], body).await,
        "post" => {
            let path = format!("{MEMORIES}?onConflict=replace");
            client.send_raw(Method::POST, &path, &headers, body.to_string()).await
        }
        "bulk" => {
            let path = format!("{MEMORIES}/bulk?onConflict=replace");
            client.send_raw(Method::POST, &path, &headers, json!({"memories": [body]}).to_string()).await
        }
        _ => {
            let path = format!("{MEMORIES}/import?onConflict=replace");
            let headers = [("content-type", "application/x-ndjson"), headers[1]];
            client.send_raw(Method::POST, &path, &headers, body.to_string()).await
        }
    }
}

/// The first attempt crashes after each of its calls, another request replaces the memory, and the first is resumed.
#[tokio::test]
async fn a_resumed_request_does_not_replace_what_others_have_written_since() {
    let mut body = tea("ours");
    body["key"] = json!("k");
    for way in ["put", "post", "bulk", "import"] {
        for exists in [true, false] {
            for survived in 1.. {
                let world = World::new().await;
                let owner = world.account_with("acme", plenty()).await;
                let (dying, other) = (world.instance().await, world.instance().await);
                let (client, path) = (other.client.with(&owner.key), by_key(&[("key", "k")]));
                if exists {
                    put(&client, &path, &[], &tea("before")).await.expect(201, "");
                }
                assert_eq!(dying.client.with(&owner.key).get(MEMORIES).await.status, 200);
                let (first, sent) = (dying.client.with(&owner.key), body.clone());
                let mut request = Driven::start(&dying, async move { send(&first, way, &sent).await });
                let (mut steps, mut written) = (0, false);
                while steps < survived {
                    match request.step().await {
                        Some(name) => written |= name.ends_with("TransactWriteItems"),
                        None => break,
                    }
                    steps += 1;
                }
                let ended = steps < survived;
                let theirs = put(&client, &path, &[], &tea("theirs")).await;
                assert_eq!(theirs.status.as_u16(), if exists || written { 200 } else { 201 });
                other.clock.set(other.clock.now().plus(Duration::from_secs(36)));
                let late = send(&client, way, &body).await;
                assert!(late.status.is_success(), "{way} {}", late.text);
                let held = client.get(&path).await;
                let content = if written { "theirs" } else { "ours" };
                assert_eq!(held.data()["content"], content, "{way} {exists} after {survived} calls");
                let created = !exists && written;
                match way {
                    "put" | "post" => assert_eq!(late.status.as_u16(), if created { 201 } else { 200 }),
                    "bulk" => assert_eq!(late.data()["created"], usize::from(created)),
                    _ => assert_eq!(late.data()["imported"], usize::from(created)),
                }
                rows::check(&world, "acme").await;
                if ended {
                    break;
                }
            }
        }
    }
}

/// The memory expires between the attempt that wrote it and the one that is answered.
#[tokio::test]
async fn a_resumed_request_succeeds_although_its_memory_has_expired() {
    let mut body = tea("short");
    body["key"] = json!("k");
    body["ttlSeconds"] = json!(10);
    for (way, exists) in [("put", false), ("put", true), ("post", false), ("post", true)] {
        let world = World::new().await;
        let owner = world.account_with("acme", plenty()).await;
        let (dying, other) = (world.instance().await, world.instance().await);
        let client = other.client.with(&owner.key);
        if exists {
            put(&client, &by_key(&[("key", "k")]), &[], &tea("before")).await.expect(201, "");
        }
        let (first, sent) = (dying.client.with(&owner.key), body.clone());
        let mut request = Driven::start(&dying, async move { send(&first, way, &sent).await });
        request.step_past("DynamoDB TransactWriteItems").await;
        other.clock.set(other.clock.now().plus(Duration::from_secs(36)));
        let late = send(&client, way, &body).await;
        late.expect(if exists { 200 } else { 201 }, "");
        client.get(&by_key(&[("key", "k")])).await.expect(404, "RESOURCE_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_caller_that_may_only_write_learns_id_and_times() {
    let world = World::new().await;
    let owner = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let writer = world.key_with(&owner.tenant, hb_domain::Scope::WriteMemories).await;
    let writer = instance.client.with(&writer);
    let path = by_key(&[("key", "k")]);
    let body = json!({"content": "x", "type": "task", "key": "l"});
    let create = async |query: &str, key: &str| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        writer.send_raw(Method::POST, &format!("{MEMORIES}{query}"), &headers, body.to_string()).await
    };
    let answers = [
        put(&writer, &path, &[("idempotency-key", "1")], &tea("a")).await,
        put(&writer, &path, &[("idempotency-key", "1")], &tea("a")).await,
        put(&writer, &path, &[], &tea("b")).await,
        create("", "2").await,
        create("", "2").await,
        create("?onConflict=keep", "3").await,
        create("?onConflict=replace", "4").await,
    ];
    let statuses = answers.each_ref().map(|answer| answer.status.as_u16());
    assert_eq!(statuses, [201, 201, 200, 201, 201, 200, 200]);
    for answer in answers {
        let names: Vec<_> =
            answer.data().as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(
            (names, answer.header("etag")),
            (vec!["createdAt", "id", "updatedAt"], ""),
            "{}",
            answer.text
        );
    }
    for condition in [("if-match", "*"), ("if-none-match", "*")] {
        put(&writer, &path, &[condition], &tea("c")).await.expect(403, "INSUFFICIENT_SCOPE");
    }
    writer.get(&path).await.expect(403, "INSUFFICIENT_SCOPE");
    writer.send(Method::DELETE, &path, None).await.expect(200, "");
}
