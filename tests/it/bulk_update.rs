//! Changing many memories in one request: each item by itself, all of them one admission.

use std::time::Duration;

use hb_domain::Scope;
use hb_tests::world::plenty;
use hb_tests::{Answer, Client, Driven, Fault, Instance, World};
use http::Method;
use serde_json::{Value, json};

const UPDATE: &str = "/api/v1/memories/bulk-update";
const MEMORIES: &str = "/api/v1/memories";

async fn create(client: &Client, content: &str) -> String {
    let created = client.post(MEMORIES, json!({"content": content, "type": "task"})).await;
    created.data()["id"].as_str().expect("an id").to_owned()
}

async fn read(client: &Client, id: &str) -> Answer {
    client.get(&format!("{MEMORIES}/{id}")).await
}

async fn send(client: &Client, key: &str, items: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    client.send_raw(Method::POST, UPDATE, &headers, json!({ "items": items }).to_string()).await
}

fn move_on(instance: &Instance, seconds: u64) {
    instance.clock.set(instance.clock.now().plus(Duration::from_secs(seconds)));
}

#[tokio::test]
async fn each_item_has_its_own_result_at_its_index() {
    let world = World::new().await;
    let (account, other) =
        (world.account_with("acme", plenty()).await, world.account_with("globex", plenty()).await);
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let (one, two) = (create(&client, "one").await, create(&client, "two").await);
    let foreign = create(&instance.client.with(&other.key), "foreign").await;
    let before = read(&client, &two).await;
    let tag = before.header("etag");
    move_on(&instance, 1);
    let items = json!([
        {"id": one, "patch": {"content": "changed", "tags": ["t"]}},
        {"id": two, "patch": {"importance": 0.5}, "ifMatch": tag},
        {"id": two, "patch": {"content": "no"}, "ifMatch": "\"other\""},
        {"id": "mem_0123456789abcdefghijkl", "patch": {}},
        {"id": foreign, "patch": {"content": "mine"}},
        {"id": "x", "patch": {"content": "", "colour": 1}, "ifMatch": "tag"},
        7,
        {"id": one, "patch": {"tenantId": "globex"}},
        {"id": one, "tenantId": "globex", "patch": {}},
        {"id": two, "patch": {"userId": "maya"}, "ifMatch": "*"},
    ]);
    let answer = client.post(UPDATE, json!({ "items": items })).await;
    answer.expect(200, "");
    let data = answer.data();
    assert_eq!((&data["updated"], &data["failed"]), (&json!(3), &json!(7)));
    let results = data["results"].as_array().expect("results");
    for (index, result) in results.iter().enumerate() {
        assert_eq!(result["index"], index);
    }
    let after = read(&client, &one).await.data().clone();
    let result =
        json!({"index": 0, "id": one, "createdAt": after["createdAt"], "updatedAt": after["updatedAt"]});
    assert_eq!((&results[0], &after["updatedAt"]), (&result, &json!("2026-11-24T12:00:01.000Z")));
    assert_eq!((&after["content"], &after["tags"]), (&json!("changed"), &json!(["t"])));
    assert_eq!(results[1]["updatedAt"], before.data()["updatedAt"], "an unchanged memory counts as updated");
    let codes = |index: usize| -> Vec<&str> {
        let errors = results[index]["errors"].as_array().expect("errors");
        errors.iter().map(|error| error["code"].as_str().expect("a code")).collect()
    };
    assert_eq!(codes(2), ["PRECONDITION_FAILED"]);
    assert_eq!((codes(3), codes(4)), (vec!["RESOURCE_NOT_FOUND"], vec!["RESOURCE_NOT_FOUND"]));
    let fields: Vec<&Value> =
        results[5]["errors"].as_array().expect("errors").iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["id", "ifMatch", "patch.content"], "the first three");
    assert_eq!(
        (codes(6), codes(7), codes(8)),
        (vec!["VALIDATION_ERROR"], vec!["TENANT_MISMATCH"], vec!["TENANT_MISMATCH"])
    );
    assert_eq!(read(&client, &two).await.data()["userId"], "maya");
}

#[tokio::test]
async fn items_of_one_memory_are_applied_in_their_order() {
    let (_world, _instance, client) = World::with_a_client().await;
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(create(&client, &format!("memory {number}")).await);
    }
    for key in ["", "k"] {
        let item =
            |number: usize| json!({"id": ids[number % 10], "patch": {"content": format!("{key} {number}")}});
        let items: Value = (0..100).map(item).collect();
        let answer = if key.is_empty() {
            client.post(UPDATE, json!({ "items": items })).await
        } else {
            send(&client, key, &items).await
        };
        assert_eq!(answer.data()["updated"], 100, "{}", answer.text);
        for (number, id) in ids.iter().enumerate() {
            assert_eq!(read(&client, id).await.data()["content"], format!("{key} {}", 90 + number));
        }
    }
}

#[tokio::test]
async fn one_to_a_hundred_items_are_one_admission() {
    let (_world, _instance, client) = World::with_a_client().await;
    let id = create(&client, "x").await;
    let left = |answer: &Answer| answer.header("x-ratelimit-remaining").parse::<u64>().expect("a number");
    let before = left(&client.get(MEMORIES).await);
    let answer =
        client.post(UPDATE, json!({"items": vec![json!({"id": id, "patch": {"importance": 1}}); 100]})).await;
    assert_eq!((&answer.data()["updated"], left(&answer)), (&json!(100), before - 1));
    for items in [json!([]), json!(vec![json!({}); 101]), json!({}), Value::Null] {
        let refused = client.post(UPDATE, json!({ "items": items })).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), ["items"]);
    }
}

/// A condition reveals the version, so it is for callers that may read, on every attempt and before anything is written.
#[tokio::test]
async fn a_condition_in_any_item_needs_the_scope_to_read() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let owner = instance.client.with(&account.key);
    let writer = instance.client.with(&world.key_with(&account.tenant, Scope::WriteMemories).await);
    let id = create(&owner, "secret").await;
    let plain = json!({"id": id, "patch": {"importance": 1}});
    for tag in [json!("*"), json!("\"x\""), json!(""), json!(7)] {
        let conditional = json!({"id": "x", "patch": {}, "ifMatch": tag});
        for items in [json!([plain, conditional]), json!([conditional])] {
            let refused = writer.post(UPDATE, json!({ "items": items })).await;
            refused.expect(403, "INSUFFICIENT_SCOPE");
            send(&writer, "k", &items).await.expect(403, "INSUFFICIENT_SCOPE");
        }
    }
    assert!(!world.everything().await.contains("fingerprint"), "nothing was claimed");
    assert_eq!(read(&owner, &id).await.data()["importance"], 0.5, "nothing was written");
    // Without a condition it writes, and learns the times only. Equal values count as a change.
    move_on(&instance, 1);
    let items = json!([{"id": id, "patch": {"content": "secret"}, "ifMatch": null}]);
    let answer = send(&writer, "k", &items).await;
    assert_eq!(answer.data()["results"][0]["updatedAt"], "2026-11-24T12:00:01.000Z");
    assert!(!answer.text.contains("secret"));
}

/// It crashes after every number of calls; others change the memories before it is resumed. Each item takes effect once.
#[tokio::test]
async fn a_resumed_request_applies_only_what_was_not_applied_and_overwrites_nobody() {
    for survived in 0.. {
        let world = World::new().await;
        let owner = world.account_with("acme", plenty()).await;
        let (dying, other) = (world.instance().await, world.instance().await);
        let client = other.client.with(&owner.key);
        let ids = [create(&client, "first").await, create(&client, "second").await];
        let items = json!([
            {"id": ids[0], "patch": {"content": "first, changed", "metadata": {"a": 1}}},
            {"id": ids[1], "patch": {"content": "second, changed"}},
            {"id": ids[0], "patch": {"metadata": {"b": 2}}},
            {"id": "x", "patch": {}},
        ]);
        assert_eq!(dying.client.with(&owner.key).get(MEMORIES).await.status, 200);
        let mut request = {
            let (client, items) = (dying.client.with(&owner.key), items.clone());
            Driven::start(&dying, async move { send(&client, "k", &items).await })
        };
        request.step_past("DynamoDB PutItem Idempotency").await;
        let mut ended = false;
        for _ in 0..survived {
            ended |= request.step().await.is_none();
        }
        let mut was_applied = Vec::new();
        for id in &ids {
            was_applied.push(
                read(&client, id).await.data()["content"]
                    .as_str()
                    .is_some_and(|text| text.ends_with("changed")),
            );
            let theirs = json!({"content": "theirs", "metadata": {"a": 7, "b": 7}});
            client.send(Method::PATCH, &format!("{MEMORIES}/{id}"), Some(theirs)).await.expect(200, "");
        }
        move_on(&other, 36);
        let resumed = send(&client, "k", &items).await;
        assert_eq!(resumed.status, 200, "{}", resumed.text);
        assert_eq!(
            (&resumed.data()["updated"], &resumed.data()["failed"]),
            (&json!(3), &json!(1)),
            "{}",
            resumed.text
        );
        for (id, was_applied) in ids.iter().zip(&was_applied) {
            let content = read(&client, id).await.data()["content"].clone();
            assert_eq!(content == "theirs", *was_applied, "{survived}: {content}");
        }
        let metadata = read(&client, &ids[0]).await.data()["metadata"].clone();
        assert_eq!(metadata["a"], if was_applied[0] { 7 } else { 1 }, "{survived}");
        if !was_applied[1] {
            assert_eq!(metadata["b"], 2, "{survived}: the third item comes after the second");
        }
        let again = send(&client, "k", &items).await;
        assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &resumed.text));
        if ended {
            assert!(survived >= 6, "{survived} calls");
            break;
        }
    }
}

#[tokio::test]
async fn items_that_the_database_did_not_take_are_completed_by_a_repetition() {
    let (_world, instance, client) = World::with_a_client().await;
    let ids =
        [create(&client, "first").await, create(&client, "second").await, create(&client, "third").await];
    let items: Value = ids.iter().map(|id| json!({"id": id, "patch": {"content": "changed"}})).collect();
    instance.tap.fail_after("DynamoDB TransactWriteItems", 1, Fault::Throttled, true);
    let first = send(&client, "k", &items).await;
    assert_eq!((&first.data()["updated"], &first.data()["failed"]), (&json!(1), &json!(2)), "{}", first.text);
    assert_eq!(first.data()["results"][2]["errors"][0]["code"], "SERVICE_UNAVAILABLE");
    assert!(instance.tap.mend());
    let again = send(&client, "k", &items).await;
    assert_eq!(
        (&again.data()["updated"], again.header("idempotent-replayed")),
        (&json!(3), ""),
        "{}",
        again.text
    );
    for id in &ids {
        assert_eq!(read(&client, id).await.data()["content"], "changed");
    }
}
