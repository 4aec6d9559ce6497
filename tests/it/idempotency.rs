//! A request that is repeated under its `Idempotency-Key` has its effect once.

use std::time::Duration;

use futures_util::future::join_all;
use hb_tests::world::{moment, plenty};
use hb_tests::{Answer, Client, Driven, Fault, Instance, World};
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
async fn a_repetition_gets_the_same_answer_and_changes_nothing() {
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
    assert_eq!(left(&again), left(&first) - 1, "a repetition is counted, and told its own standing");
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
async fn a_key_that_is_none_is_refused_by_name() {
    let (_world, _instance, client) = World::with_a_client().await;
    for bad in ["", "a b", &"x".repeat(256), "ta\tb", "caf\u{e9}"] {
        let answer = post(&client, MEMORIES, bad, &tea()).await;
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.fields(), ["Idempotency-Key"], "{bad:?}");
    }
    post(&client, MEMORIES, &"x".repeat(255), &tea()).await.expect(201, "");
    // What changes nothing heeds no key, good or bad.
    post(&client, "/api/v1/memories/search", "a b", &json!({"query": "tea"})).await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_at_once_make_one_memory() {
    let (world, _instance, _) = World::with_a_client().await;
    let instances = [world.instance().await, world.instance().await];
    let owner = world.account_with("globex", plenty()).await;
    for round in 0..4 {
        let key = format!("round-{round}");
        let clients: Vec<_> = instances.iter().map(|instance| instance.client.with(&owner.key)).collect();
        let body = tea();
        let answers = join_all((0..32).map(|place| post(&clients[place % 2], MEMORIES, &key, &body))).await;
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

/// A request whose holder dies at each point between the claim and the answer, and the one that carries on.
#[tokio::test]
async fn whoever_carries_on_after_the_lease_finishes_with_the_same_id() {
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
        // From here on the holder does nothing any more: its next call is held back for ever.
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
        assert_eq!(memories.len(), 1, "after {survived} calls behind the claim");
        assert_eq!(memories[0]["id"], late.data()["id"]);
        assert_eq!(memories[0]["createdAt"], "2026-11-24T12:00:00.000Z", "the time of the first request");
        let count = total(&client).await;
        assert!(
            (1..=2).contains(&count),
            "never too low, and too high by the dead request's place at most: {count}"
        );
        points += 1;
        if ended {
            break;
        }
    }
    assert!(points >= 4, "{points} points: places, the memory, its usage, the answer");
}

#[tokio::test]
async fn a_patch_that_was_applied_is_not_applied_to_what_others_have_made_since() {
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
    assert_eq!(resumed.data()["content"], "coffee", "the acknowledged write of somebody else is not lost");
    assert_eq!(client.get(&path).await.data()["content"], "coffee");
    drop(held);
}

#[tokio::test]
async fn a_secret_is_told_once_and_kept_nowhere() {
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
        assert!(!kept.contains(&secret[20..38]), "a secret is kept");
    }
    assert!(kept.contains("key#k"), "the claims were looked at");
}

#[tokio::test]
async fn a_key_that_was_made_before_its_maker_died_is_handed_out_by_who_carries_on() {
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
async fn a_rotation_that_is_carried_on_leaves_the_grace_of_the_secret_before_alone() {
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

#[tokio::test]
async fn what_is_stored_and_what_lets_the_key_go() {
    let (_world, instance, client) = World::with_a_client().await;
    // 404, 409 and 412 are answers: they come again even when they would not now.
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

    // 400 lets the key go, for another body too.
    post(&client, MEMORIES, "400", &json!({"content": ""})).await.expect(400, "VALIDATION_ERROR");
    post(&client, MEMORIES, "400", &tea()).await.expect(201, "");

    // 503 lets the next one carry on at once, with the same ids, whatever had been written.
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

    // A day later a key is new.
    let first = post(&client, MEMORIES, "day", &tea()).await;
    move_on(&instance, 86_399);
    assert_eq!(post(&client, MEMORIES, "day", &tea()).await.text, first.text);
    move_on(&instance, 1);
    let next_day = post(&client, MEMORIES, "day", &other).await;
    next_day.expect(201, "");
    assert_ne!(next_day.data()["id"], first.data()["id"]);
}

/// 402, 403, 413 and 415 let the key go as 400 does.
#[tokio::test]
async fn a_refusal_before_anything_was_done_leaves_the_key_free() {
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

/// Each changing request dies after each of its calls and is carried on: in the end it has happened once.
#[tokio::test]
async fn every_kind_of_request_is_carried_on_from_wherever_it_died() {
    let memories = || json!({"memories": [tea(), tea(), tea()]}).to_string();
    let line = format!("{}\n{}", tea(), tea());
    let requests: [(Method, &str, String, &str); 7] = [
        (Method::POST, "/api/v1/memories/bulk", memories(), "3 new"),
        (Method::POST, "/api/v1/memories/import", line, "2 new"),
        (Method::POST, "/api/v1/memories/bulk-delete", r#"{"ids":["MEMORY"]}"#.into(), "1 gone"),
        (Method::PATCH, "/api/v1/memories/MEMORY", r#"{"content":"changed"}"#.into(), "changed"),
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
            let context = format!("{method} {path}, {survived} calls behind the claim: {}", answer.text);
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
                "2 new" => assert_eq!(list.len(), 3, "{context}"),
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

/// An answer of more than 100 KB is not kept: the repetition works again, on the same ids.
#[tokio::test]
async fn an_answer_too_large_to_keep_is_worked_out_again() {
    let (_world, _instance, client) = World::with_a_client().await;
    let bad = r#"{"content": 1, "type": 2, "tags": 3}"#;
    let lines = format!("{}\n{}", tea(), vec![bad; 900].join("\n"));
    let headers = [("content-type", "application/x-ndjson"), ("idempotency-key", "k")];
    let first = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, lines.clone()).await;
    assert!(first.text.len() > 100 * 1024, "{}", first.text.len());
    let again = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, lines).await;
    assert_eq!(again.header("idempotent-replayed"), "");
    assert_eq!((&again.data()["imported"], &again.data()["existing"]), (&json!(0), &json!(1)));
    assert_eq!(again.data()["results"][0]["id"], first.data()["results"][0]["id"]);
    assert_eq!(total(&client).await, 1);
}

#[tokio::test]
async fn the_largest_memory_is_kept_and_comes_again() {
    let (_world, _instance, client) = World::with_a_client().await;
    // Characters of one byte that take six in JSON, as many of them as every field takes.
    let body = json!({
        "content": "\u{1}".repeat(10_000), "type": "prospective", "tags": (0..50).map(|n| format!("{n:02}{}", "\u{2}".repeat(62))).collect::<Vec<_>>(),
        "metadata": {"m": "x".repeat(16_300)}, "userId": "\u{3}".repeat(128), "agentId": "\u{3}".repeat(128),
        "sessionId": "\u{3}".repeat(128), "expiresAt": "2027-01-01T00:00:00Z",
    });
    let first = post(&client, MEMORIES, "k", &body).await;
    first.expect(201, "");
    let again = post(&client, MEMORIES, "k", &body).await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &first.text));
}

#[tokio::test]
async fn a_claim_of_an_instance_an_hour_ahead_holds_nobody_up() {
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
