//! Responses of DynamoDB under load that the embedded database never gives: throttling and transaction conflicts.

use hb_tests::{Client, Fault, Instance, World};
use http::Method;
use serde_json::{Value, json};

const LIST: &str = "/api/v1/memories";
const KEYS: &str = "/api/v1/api-keys";
const ADMISSION: &str = "DynamoDB UpdateItem Tenants";
const USAGE: &str = "DynamoDB UpdateItem Usage";
const TRANSACTION: &str = "DynamoDB TransactWriteItems";

async fn warm() -> (World, Instance, Client) {
    let (world, instance, client) = World::with_a_client().await;
    for path in [LIST, KEYS] {
        assert_eq!(client.get(path).await.status, 200);
    }
    (world, instance, client)
}

fn throttled() -> Value {
    json!({"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slow down"})
}

fn conflict() -> Value {
    json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [{"Code": "None"}, {"Code": "None"}, {"Code": "TransactionConflict"}],
    })
}

#[tokio::test]
async fn a_throttled_admission_is_retried_three_times_and_counted_once() {
    let (_world, instance, client) = warm().await;
    instance.tap.refuse(ADMISSION, 3, &throttled());
    let admitted = client.get(LIST).await;
    assert_eq!((admitted.status.as_u16(), admitted.header("x-ratelimit-remaining")), (200, "999997"));

    instance.tap.refuse(ADMISSION, 4, &throttled());
    let refused = client.get(LIST).await;
    refused.expect(503, "SERVICE_UNAVAILABLE");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(
        refused.header("x-ratelimit-remaining"),
        "999997",
        "an authenticated caller gets its rate-limit status"
    );
    assert_eq!(client.get(LIST).await.header("x-ratelimit-remaining"), "999996", "never open, never counted");
}

#[tokio::test]
async fn conflicting_transactions_are_retried_until_one_succeeds() {
    let (_world, instance, client) = warm().await;
    instance.tap.refuse(TRANSACTION, 3, &conflict());
    let created = client.post(KEYS, json!({"name": "contended"})).await;
    assert_eq!(created.status, 201);
    let id = created.data()["id"].clone();
    assert_eq!(client.get(KEYS).await.data()["keys"].as_array().map(Vec::len), Some(2), "one key, not four");

    instance.tap.refuse(TRANSACTION, 3, &conflict());
    assert_eq!(client.post("/api/v1/api-keys/revoke", json!({"keyId": id})).await.status, 200);

    instance.tap.refuse(TRANSACTION, 14, &conflict());
    client.post(KEYS, json!({"name": "starved"})).await.expect(503, "SERVICE_UNAVAILABLE");
    assert_eq!(client.post(KEYS, json!({"name": "starved"})).await.status, 201, "nothing was half done");
}

#[tokio::test]
async fn throttled_writes_still_count_usage_and_release_quota() {
    let (_world, instance, client) = warm().await;
    let new = json!({"content": "tea", "type": "semantic"});
    let path = client.post(LIST, new).await.header("location").to_owned();
    for (name, times) in [("DynamoDB DeleteItem Memories", 2), (USAGE, 3)] {
        instance.tap.refuse(name, times, &throttled());
    }
    assert_eq!(client.send(Method::DELETE, &path, None).await.status, 200);
    assert_eq!(client.get(LIST).await.data()["pagination"]["total"], 0, "its quota is released");
    let keys = client.get(KEYS).await;
    let id = keys.data()["keys"][0]["id"].as_str().expect("an id");
    let usage = client.get(&format!("{KEYS}/usage?keyId={id}")).await;
    let total = usage.data()["total"].as_u64();
    assert!([Some(6), Some(7)].contains(&total), "the current memory may be counted already: {total:?}");
}

#[tokio::test]
async fn a_5xx_without_a_dynamodb_error_code_is_an_outage_not_a_bug() {
    let (_world, instance, client) = warm().await;
    for fault in [Fault::Reset, Fault::AnswerLost] {
        instance.tap.fail("DynamoDB Query Memories", fault, true);
        let answer = client.get(LIST).await;
        answer.expect(503, "SERVICE_UNAVAILABLE");
        assert_eq!(answer.header("retry-after"), "1");
        instance.tap.mend();
        assert_eq!(client.get(LIST).await.status, 200);
    }
}
