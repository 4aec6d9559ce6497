//! What DynamoDB answers under load and the embedded one never does: throttling, and transactions that
//! conflict.

use hb_tests::{Client, Instance, World};
use serde_json::{Value, json};

const LIST: &str = "/api/v1/memories";
const KEYS: &str = "/api/v1/api-keys";
const ADMISSION: &str = "DynamoDB UpdateItem Tenants";
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
async fn a_throttled_admission_is_tried_twice_more_and_counted_once() {
    let (_world, instance, client) = warm().await;
    instance.tap.refuse(ADMISSION, 2, &throttled());
    let admitted = client.get(LIST).await;
    assert_eq!((admitted.status.as_u16(), admitted.header("x-ratelimit-remaining")), (200, "999997"));

    instance.tap.refuse(ADMISSION, 3, &throttled());
    let refused = client.get(LIST).await;
    refused.expect(503, "SERVICE_UNAVAILABLE");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(client.get(LIST).await.header("x-ratelimit-remaining"), "999996", "never open, never counted");
}

#[tokio::test]
async fn transactions_that_conflict_are_tried_again_until_one_lands() {
    let (_world, instance, client) = warm().await;
    instance.tap.refuse(TRANSACTION, 3, &conflict());
    let created = client.post(KEYS, json!({"name": "contended"})).await;
    assert_eq!(created.status, 201);
    let id = created.data()["id"].clone();
    assert_eq!(client.get(KEYS).await.data()["keys"].as_array().map(Vec::len), Some(2), "one key, not four");

    instance.tap.refuse(TRANSACTION, 3, &conflict());
    assert_eq!(client.post("/api/v1/api-keys/revoke", json!({"keyId": id})).await.status, 200);

    instance.tap.refuse(TRANSACTION, 8, &conflict());
    client.post(KEYS, json!({"name": "starved"})).await.expect(503, "SERVICE_UNAVAILABLE");
    assert_eq!(client.post(KEYS, json!({"name": "starved"})).await.status, 201, "nothing was half done");
}
