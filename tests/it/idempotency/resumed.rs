//! A request that crashed is resumed by the next attempt with the same `Idempotency-Key`, wherever it crashed.

use hb_tests::world::{moment, plenty};
use hb_tests::{Client, Driven, World};
use http::Method;
use serde_json::json;

use super::{KEYS, MEMORIES, move_on, post, tea, total};

/// A first attempt that crashes at each point between record and response, and the attempt that resumes.
#[tokio::test]
async fn an_attempt_after_the_lock_expired_finishes_with_the_same_id() {
    let mut points = 0;
    for survived in 0.. {
        let world = World::new().await;
        let owner = world.account_with("acme", plenty()).await;
        let (dying, other) = (world.instance().await, world.instance().await);
        // Warm, so that the first call is the admission.
        assert_eq!(dying.client.with(&owner.key).get(MEMORIES).await.status, 200);
        let client = dying.client.with(&owner.key);
        let mut request = Driven::start(&dying, async move { post(&client, MEMORIES, "k", &tea()).await });
        let mut claimed = false;
        let mut steps = 0;
        while steps <= survived {
            match request.step().await {
                Some(name) if name.ends_with("PutItem Idempotency") => claimed = true,
                Some(_) if claimed => steps += 1,
                Some(_) => {}
                None => break,
            }
            if claimed && steps == survived {
                break;
            }
        }
        // The first attempt stops here: its next call is held forever.
        let ended = steps < survived;
        let client = other.client.with(&owner.key);
        let early = post(&client, MEMORIES, "k", &tea()).await;
        if early.status != 201 {
            early.expect(409, "IDEMPOTENCY_CONFLICT");
            assert_eq!(early.header("retry-after"), "35");
            move_on(&other, 35);
        }
        let late = post(&client, MEMORIES, "k", &tea()).await;
        assert_eq!(late.status, 201, "{}", late.text);
        let again = post(&client, MEMORIES, "k", &tea()).await;
        assert_eq!((again.status.as_u16(), &again.text), (201, &late.text));
        let list = client.get(MEMORIES).await;
        let memories = list.data()["memories"].as_array().expect("memories");
        assert_eq!(memories.len(), 1, "after {survived} calls after the record");
        assert_eq!(memories[0]["id"], late.data()["id"]);
        assert_eq!(memories[0]["createdAt"], "2026-11-24T12:00:00.000Z", "the time of the first request");
        let count = total(&client).await;
        assert!(
            (1..=2).contains(&count),
            "never too low, and too high by at most the reservation of the crashed request: {count}"
        );
        points += 1;
        if ended {
            break;
        }
    }
    assert!(points >= 4, "{points} points: reservation, memory, usage, response");
}

#[tokio::test]
async fn an_applied_patch_is_not_applied_again_over_later_changes() {
    let world = World::new().await;
    let owner = world.account_with("acme", plenty()).await;
    let (dying, other) = (world.instance().await, world.instance().await);
    let client = other.client.with(&owner.key);
    let created = client.post(MEMORIES, tea()).await;
    let (path, tag) = (created.header("location").to_owned(), created.header("etag").to_owned());
    let patch = json!({"content": "tea, one sugar"});

    assert_eq!(dying.client.with(&owner.key).get(MEMORIES).await.status, 200);
    let held = {
        let (client, path, tag, patch) =
            (dying.client.with(&owner.key), path.clone(), tag.clone(), patch.clone());
        let mut request = Driven::start(&dying, async move {
            let headers =
                [("content-type", "application/json"), ("idempotency-key", "k"), ("if-match", tag.as_str())];
            client.send_raw(Method::PATCH, &path, &headers, patch.to_string()).await
        });
        request.step_past("DynamoDB TransactWriteItems").await;
        request
    };
    let theirs = client.send(Method::PATCH, &path, Some(json!({"content": "coffee"}))).await;
    theirs.expect(200, "");
    move_on(&other, 36);
    let headers =
        [("content-type", "application/json"), ("idempotency-key", "k"), ("if-match", tag.as_str())];
    let resumed = client.send_raw(Method::PATCH, &path, &headers, patch.to_string()).await;
    resumed.expect(200, "");
    assert_eq!(resumed.data()["content"], "coffee", "the acknowledged write of another request is not lost");
    assert_eq!(client.get(&path).await.data()["content"], "coffee");
    drop(held);
}

#[tokio::test]
async fn a_key_created_before_a_crash_is_returned_by_the_attempt_that_resumes() {
    let world = World::new().await;
    let owner = world.account_with("acme", plenty()).await;
    let (dying, other) = (world.instance().await, world.instance().await);
    assert_eq!(dying.client.with(&owner.key).get(KEYS).await.status, 200);
    let client = dying.client.with(&owner.key);
    let mut request =
        Driven::start(&dying, async move { post(&client, KEYS, "k", &json!({"name": "worker"})).await });
    request.step_past("DynamoDB TransactWriteItems").await;
    move_on(&other, 36);
    let client = other.client.with(&owner.key);
    let created = post(&client, KEYS, "k", &json!({"name": "worker"})).await;
    created.expect(201, "");
    let plain = created.data()["plainKey"].as_str().expect("a plain key");
    assert_eq!(other.client.with(plain).get(MEMORIES).await.status, 200);
    assert_eq!(
        client.get(KEYS).await.data()["keys"].as_array().map(Vec::len),
        Some(2),
        "one key, and the owner's"
    );
}

#[tokio::test]
async fn a_resumed_rotation_keeps_the_grace_period_of_the_previous_secret() {
    let world = World::new().await;
    let owner = world.account_with("acme", plenty()).await;
    let (id, old) = world.key(&owner.tenant, hb_domain::Scopes::all(), None).await;
    let (dying, other) = (world.instance().await, world.instance().await);
    assert_eq!(dying.client.with(&owner.key).get(KEYS).await.status, 200);
    let body = json!({"keyId": id, "gracePeriodSeconds": 600});
    let (client, rotation) = (dying.client.with(&owner.key), body.clone());
    let mut request =
        Driven::start(&dying, async move { post(&client, "/api/v1/api-keys/rotate", "k", &rotation).await });
    request.step_past("DynamoDB TransactWriteItems").await;
    move_on(&other, 36);
    let rotated = post(&other.client.with(&owner.key), "/api/v1/api-keys/rotate", "k", &body).await;
    rotated.expect(200, "");
    let old = other.client.with(&old).get(MEMORIES).await;
    assert_eq!(old.status, 200);
    assert_eq!(old.header("sunset"), "Tue, 24 Nov 2026 12:10:00 GMT", "from the first request on");
    let new = rotated.data()["plainKey"].as_str().expect("a plain key");
    assert_eq!(other.client.with(new).get(MEMORIES).await.status, 200);
}

/// Each changing request crashes after each of its calls and is resumed: it takes effect once.
#[tokio::test]
async fn every_kind_of_request_is_resumed_wherever_it_crashed() {
    let memories = || json!({"memories": [tea(), tea(), tea()]}).to_string();
    let line = format!("{}\n{}", tea(), tea());
    let items = r#"{"items":[{"id":"MEMORY","patch":{"content":"changed"}}]}"#;
    let requests: [(Method, &str, String, &str); 9] = [
        (Method::POST, "/api/v1/memories/bulk", memories(), "3 new"),
        (Method::POST, "/api/v1/memories/import", line, "2 new"),
        (Method::POST, "/api/v1/memories/bulk-delete", r#"{"ids":["MEMORY"]}"#.into(), "1 gone"),
        (Method::PATCH, "/api/v1/memories/MEMORY", r#"{"content":"changed"}"#.into(), "changed"),
        (Method::PUT, "/api/v1/memories/MEMORY", r#"{"content":"changed","type":"task"}"#.into(), "changed"),
        (Method::POST, "/api/v1/memories/bulk-update", items.into(), "changed"),
        (Method::POST, KEYS, r#"{"name":"worker"}"#.into(), "1 key"),
        (Method::POST, "/api/v1/api-keys/rotate", r#"{"keyId":"KEY"}"#.into(), "rotated"),
        (Method::POST, "/api/v1/api-keys/revoke", r#"{"keyId":"KEY"}"#.into(), "1 key less"),
    ];
    for (method, path, body, effect) in requests {
        for survived in 0.. {
            let world = World::new().await;
            let owner = world.account_with("acme", plenty()).await;
            let (spare, old) = world.key(&owner.tenant, hb_domain::Scopes::all(), None).await;
            let (dying, other) = (world.instance().await, world.instance().await);
            let client = other.client.with(&owner.key);
            let memory = client.post(MEMORIES, tea()).await.data()["id"].as_str().expect("an id").to_owned();
            let fill = |text: &str| text.replace("MEMORY", &memory).replace("KEY", spare.as_str());
            let (path, body) = (fill(path), fill(&body));
            let media_type =
                if path.ends_with("/import") { "application/x-ndjson" } else { "application/json" };
            let send = async |client: Client, method: Method| {
                let headers = [("content-type", media_type), ("idempotency-key", "k")];
                client.send_raw(method, &path, &headers, body.clone()).await
            };
            let warm = if path.contains("api-keys") { KEYS } else { MEMORIES };
            assert_eq!(dying.client.with(&owner.key).get(warm).await.status, 200);
            let mut request = {
                let (client, path, body, method) =
                    (dying.client.with(&owner.key), path.clone(), body.clone(), method.clone());
                Driven::start(&dying, async move {
                    let headers = [("content-type", media_type), ("idempotency-key", "k")];
                    client.send_raw(method, &path, &headers, body).await
                })
            };
            request.step_past("DynamoDB PutItem Idempotency").await;
            let mut ended = false;
            for _ in 0..survived {
                ended |= request.step().await.is_none();
            }
            move_on(&other, 36);
            let answer = send(client.clone(), method.clone()).await;
            let context = format!("{method} {path}, {survived} calls after the record: {}", answer.text);
            assert!(answer.status.is_success(), "{context}");
            let list = client.get(MEMORIES).await;
            let list = list.data()["memories"].as_array().expect("memories");
            let keys = client.get(KEYS).await;
            let live = keys.data()["keys"]
                .as_array()
                .expect("keys")
                .iter()
                .filter(|key| key["status"] == "active")
                .count();
            match effect {
                "3 new" => assert_eq!(list.len(), 4, "{context}"),
                "2 new" => assert_eq!((list.len(), &answer.data()["imported"]), (3, &json!(2)), "{context}"),
                "1 gone" => assert_eq!(list.len(), 0, "{context}"),
                "changed" => {
                    assert_eq!((list.len(), &list[0]["content"]), (1, &json!("changed")), "{context}")
                }
                "1 key" => assert_eq!(live, 3, "{context}"),
                "1 key less" => assert_eq!(live, 1, "{context}"),
                _ => {
                    let replayed = answer.header("idempotent-replayed") == "true";
                    let plain = answer.data()["plainKey"].as_str().unwrap_or_default().to_owned();
                    assert!(
                        replayed || other.client.with(&plain).get(MEMORIES).await.status == 200,
                        "{context}"
                    );
                    other.client.with(&old).get(MEMORIES).await.expect(401, "AUTH_INVALID");
                }
            }
            let counted = total(&client).await;
            assert!((list.len() as u64..=list.len() as u64 + 3).contains(&counted), "{counted} {context}");
            if ended {
                assert!(survived > 1, "{context}");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_lock_of_an_instance_an_hour_ahead_delays_nobody() {
    let world = World::new().await;
    let owner = world.account_with("acme", plenty()).await;
    let (ahead, right) = (world.instance().await, world.instance().await);
    ahead.clock.set(moment("2026-11-24T13:00:00Z"));
    assert_eq!(ahead.client.with(&owner.key).get(MEMORIES).await.status, 200);
    let client = ahead.client.with(&owner.key);
    let mut request = Driven::start(&ahead, async move { post(&client, MEMORIES, "k", &tea()).await });
    request.step_past("DynamoDB PutItem Idempotency").await;
    let client = right.client.with(&owner.key);
    let created = post(&client, MEMORIES, "k", &tea()).await;
    created.expect(201, "");
    move_on(&right, 1);
    assert_eq!(total(&client).await, 1);
    drop(request);
}
