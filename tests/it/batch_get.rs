//! Reading many memories by their ids.

use std::time::Duration;

use hb_tests::world::plenty;
use hb_tests::{Answer, Client, World};
use serde_json::{Value, json};

const BATCH: &str = "/api/v1/memories/batch-get";
const MEMORIES: &str = "/api/v1/memories";

async fn create(client: &Client, content: &str) -> Value {
    client
        .post(MEMORIES, json!({"content": content, "type": "task", "namespace": ["n"]}))
        .await
        .data()
        .clone()
}

fn memories(answer: &Answer) -> Vec<Value> {
    answer.expect(200, "");
    answer.data()["memories"].as_array().expect("memories").clone()
}

#[tokio::test]
async fn memories_come_in_the_order_asked_with_null_for_what_is_not_there() {
    let world = World::new().await;
    let (account, other) =
        (world.account_with("acme", plenty()).await, world.account_with("globex", plenty()).await);
    let instance = world.instance().await;
    let (client, stranger) = (instance.client.with(&account.key), instance.client.with(&other.key));
    let (one, two) = (create(&client, "one").await, create(&client, "two").await);
    let foreign = create(&stranger, "foreign").await;
    let brief = json!({"content": "brief", "type": "task", "ttlSeconds": 60});
    let brief = client.post(MEMORIES, brief).await.data().clone();
    instance.clock.set(instance.clock.now().plus(Duration::from_secs(61)));
    let ids = json!([
        two["id"],
        "mem_0123456789abcdefghijkl",
        "nonsense",
        one["id"],
        foreign["id"],
        brief["id"],
        two["id"],
        "🦀"
    ]);
    let answer = client.post(BATCH, json!({ "ids": ids })).await;
    let null = Value::Null;
    assert_eq!(
        memories(&answer),
        [two.clone(), null.clone(), null.clone(), one, null.clone(), null.clone(), two, null]
    );
    assert_eq!(answer.data()["nextCursor"], Value::Null);
    assert_eq!(
        memories(&client.post(BATCH, json!({"ids": vec!["x"; 100], "cursor": null})).await).len(),
        100
    );
}

#[tokio::test]
async fn it_is_one_call_that_reads_and_takes_no_idempotency_key() {
    let (_world, instance, client) = World::with_a_client().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(create(&client, &format!("number {number}")).await["id"].clone());
    }
    instance.tap.take();
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let body = json!({ "ids": ids }).to_string();
    for _ in 0..2 {
        let answer = client.send_raw(http::Method::POST, BATCH, &headers, body.clone()).await;
        assert_eq!((memories(&answer).len(), answer.header("idempotent-replayed")), (5, ""));
    }
    let calls = instance.tap.take();
    let reads: Vec<_> = calls.iter().filter(|call| call.name.contains("Get")).collect();
    assert_eq!(reads.iter().map(|call| call.name.as_str()).collect::<Vec<_>>(), ["DynamoDB BatchGetItem"; 2]);
    assert_eq!(reads[0].read_units, 5.0);
}

#[tokio::test]
async fn an_answer_ends_at_3_mib_and_its_cursor_continues_with_the_same_ids() {
    let (_world, _instance, client) = World::with_a_client().await;
    let (mut ids, mut expected) = (Vec::new(), Vec::new());
    for number in 0..60 {
        let memory = create(&client, &format!("{number} {}", "\u{1}".repeat(9_990))).await;
        ids.push(memory["id"].clone());
        expected.push(memory);
    }
    ids.insert(30, json!("nothing"));
    expected.insert(30, Value::Null);
    // The last one again, which the first part did not reach.
    ids.extend([ids[60].clone(), ids[0].clone()]);
    expected.extend([expected[60].clone(), expected[0].clone()]);
    let (mut read, mut cursor, mut answers) = (Vec::new(), Value::Null, 0);
    loop {
        let answer = client.post(BATCH, json!({"ids": ids, "cursor": cursor})).await;
        assert!(answer.text.len() <= 3 << 20, "{}", answer.text.len());
        read.extend(memories(&answer));
        answers += 1;
        cursor = answer.data()["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
        let mut others = ids.clone();
        others.swap(0, 1);
        let refused = client.post(BATCH, json!({"ids": others, "cursor": cursor})).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), ["cursor"]);
    }
    assert_eq!((answers, read == expected), (2, true));
}

#[tokio::test]
async fn invalid_requests_name_the_field() {
    let (_world, _instance, client) = World::with_a_client().await;
    for (body, field) in [
        (json!({}), "ids"),
        (json!({"ids": []}), "ids"),
        (json!({"ids": vec!["x"; 101]}), "ids"),
        (json!({"ids": [7]}), "ids"),
        (json!({"ids": ["x"], "cursor": "x"}), "cursor"),
        (json!({"ids": ["x"], "limit": 1}), "limit"),
    ] {
        let refused = client.post(BATCH, body.clone()).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), [field], "{body}");
    }
}
