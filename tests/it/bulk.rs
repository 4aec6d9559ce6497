//! Bulk creation: each memory is validated separately, all of them are one admission.

use hb_domain::plan::Allowance;
use hb_tests::world::plenty;
use hb_tests::{Answer, Client, Fault, World};
use http::Method;
use serde_json::{Value, json};

const BULK: &str = "/api/v1/memories/bulk";
const DELETE: &str = "/api/v1/memories/bulk-delete";

fn memory(content: &str) -> Value {
    json!({"content": content, "type": "semantic"})
}

async fn create(client: &Client, memories: Vec<Value>) -> Answer {
    client.post(BULK, json!({ "memories": memories })).await
}

fn ids(answer: &Answer) -> Vec<String> {
    let results = answer.data()["results"].as_array().expect("results");
    results.iter().filter_map(|result| result["id"].as_str().map(str::to_owned)).collect()
}

async fn total(client: &Client) -> u64 {
    client.get("/api/v1/memories?limit=1").await.data()["pagination"]["total"].as_u64().expect("a number")
}

#[tokio::test]
async fn each_item_has_its_own_result_at_its_index() {
    let (_world, _instance, client) = World::with_a_client().await;
    let items = vec![
        memory("first"),
        json!({"content": "", "type": "dream"}),
        json!("third"),
        json!({"content": "fourth", "type": "task", "tenantId": "globex"}),
        json!({"content": "fifth", "type": "task", "userId": "maya", "tags": ["a", "a"], "tenantId": "acme"}),
    ];
    let answer = create(&client, items).await;
    answer.expect(200, "");
    let data = answer.data();
    assert_eq!((&data["created"], &data["failed"]), (&json!(2), &json!(3)));
    for (index, result) in data["results"].as_array().expect("results").iter().enumerate() {
        assert_eq!(result["index"], index);
    }
    let fault = |index: usize, error: usize| &data["results"][index]["errors"][error];
    assert_eq!((&fault(1, 0)["field"], &fault(1, 1)["field"]), (&json!("content"), &json!("type")));
    assert_eq!(fault(2, 0)["code"], "VALIDATION_ERROR");
    assert_eq!(fault(3, 0)["code"], "TENANT_MISMATCH");
    let kept =
        client.get(&format!("/api/v1/memories/{}", data["results"][4]["id"].as_str().expect("an id"))).await;
    assert_eq!((&kept.data()["userId"], &kept.data()["tags"]), (&json!("maya"), &json!(["a"])));
    assert_eq!(total(&client).await, 2);
}

#[tokio::test]
async fn one_to_a_hundred_memories_in_at_most_a_mebibyte_are_one_admission() {
    let (_world, _instance, client) = World::with_a_client().await;
    let before = client.get("/api/v1/memories").await;
    let left = |answer: &Answer| answer.header("x-ratelimit-remaining").parse::<u64>().expect("a number");
    let hundred = create(&client, vec![memory(&"x".repeat(9_000)); 100]).await;
    assert_eq!(hundred.data()["created"], 100);
    assert_eq!(left(&hundred), left(&before) - 1);
    assert_eq!(total(&client).await, 100);
    for bad in [vec![], vec![memory("x"); 101]] {
        let answer = create(&client, bad).await;
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.fields(), ["memories"]);
    }
    let body = json!({"memories": [memory("x")]}).to_string();
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    let headers = [("content-type", "application/json")];
    let exactly = client.send_raw(Method::POST, BULK, &headers, padded(1 << 20)).await;
    assert_eq!(exactly.data()["created"], 1);
    let more = client.send_raw(Method::POST, BULK, &headers, padded((1 << 20) + 1)).await;
    more.expect(413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn a_repetition_with_the_same_key_completes_failed_items_and_duplicates_nothing() {
    let (_world, instance, client) = World::with_a_client().await;
    let body =
        json!({"memories": (0..5).map(|n| memory(&format!("number {n}"))).collect::<Vec<_>>()}).to_string();
    let send = async || {
        let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
        client.send_raw(Method::POST, BULK, &headers, body.clone()).await
    };
    // The memories are written, but the response is lost.
    instance.tap.fail("DynamoDB PutItem Memories", Fault::AnswerLost, true);
    instance.tap.fail("DynamoDB GetItem Memories", Fault::Reset, true);
    let first = send().await;
    assert_eq!((&first.data()["created"], &first.data()["failed"]), (&json!(0), &json!(5)));
    assert_eq!(first.data()["results"][0]["errors"][0]["code"], "SERVICE_UNAVAILABLE");
    instance.tap.mend();
    let second = send().await;
    assert_eq!(second.data()["created"], 5);
    assert_eq!(total(&client).await, 5, "they had been written and counted");
    let third = send().await;
    assert_eq!((third.header("idempotent-replayed"), &third.text), ("true", &second.text));
}

#[tokio::test]
async fn items_beyond_the_plans_limit_are_refused_one_by_one() {
    let world = World::new().await;
    let account = world.account_with("acme", Allowance { memories: Some(7), ..plenty() }).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let answer = create(&client, vec![memory("x"); 10]).await;
    assert_eq!((&answer.data()["created"], &answer.data()["failed"]), (&json!(7), &json!(3)));
    for index in 7..10 {
        let error = &answer.data()["results"][index]["errors"][0];
        assert_eq!(error["code"], "INSUFFICIENT_QUOTA");
        assert!(error["message"].as_str().expect("text").contains("7 memories"), "{error}");
    }
    assert_eq!(create(&client, vec![memory("x"); 2]).await.data()["created"], 0);
    let counts = world.store.with(&world.operator(&account.tenant)).storage().get().await.expect("the count");
    assert_eq!(counts.memories, 7);
}

#[tokio::test]
async fn bulk_delete_deletes_only_the_tenants_ids_and_counts_them() {
    let (world, instance, client) = World::with_a_client().await;
    let mine = ids(&create(&client, vec![memory("x"); 4]).await);
    let neighbour = world.account_with("globex", plenty()).await;
    let theirs = ids(&create(&instance.client.with(&neighbour.key), vec![memory("y")]).await);
    let body = json!({"ids": [mine[0], mine[1], mine[1], theirs[0], "mem_nothing", "what is this?"]});
    let answer = client.post(DELETE, body.clone()).await;
    assert_eq!(answer.data(), &json!({"deleted": 2, "nextCursor": null}));
    assert_eq!(client.post(DELETE, body).await.data()["deleted"], 0);
    assert_eq!((total(&client).await, total(&instance.client.with(&neighbour.key)).await), (2, 1));
}

/// `cargo test -p hb-tests capacity_units_of_a_bulk -- --nocapture` prints the units.
#[tokio::test]
async fn the_capacity_units_of_a_bulk_item_are_those_of_its_item_and_its_two_index_entries() {
    let (_world, instance, client) = World::with_a_client().await;
    create(&client, vec![memory("warm")]).await;
    instance.tap.take();
    let answer = create(&client, vec![memory(&"x".repeat(600)); 100]).await;
    assert_eq!(answer.data()["created"], 100);
    let calls = instance.tap.take();
    let puts: Vec<f64> = calls
        .iter()
        .filter(|call| call.name.ends_with("PutItem Memories"))
        .map(|call| call.write_units)
        .collect();
    let rest: f64 =
        calls.iter().map(|call| call.write_units + call.read_units).sum::<f64>() - puts.iter().sum::<f64>();
    println!("100 memories of 600 bytes: {} WCU an item, {rest} units besides", puts[0]);
    assert_eq!(puts, vec![3.0; 100]);
    assert!(rest <= 4.0, "admission, usage, one write of the count and one of the search version: {rest}");
}
