//! Items that cannot be read hold up nothing.

use aws_sdk_dynamodb::types::AttributeValue;
use hb_store::Table;
use hb_tests::deliveries::of;
use hb_tests::{Fault, Receiver};

use super::{Stage, seconds};

impl Stage {
    async fn put(&self, table: Table, key: [(&str, String); 2]) {
        let db = aws_sdk_dynamodb::Client::from_conf(self.world.aws.dynamodb());
        let put = key
            .into_iter()
            .fold(db.put_item().table_name(table.definition().resource), |put, (name, value)| {
                put.item(name, AttributeValue::S(value))
            });
        put.send().await.expect("the database");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_cannot_be_read_are_deleted_and_what_is_behind_them_is_delivered() {
    let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
    let endpoint = stage.endpoint(&receiver.url).await;
    stage.world.clock.set(stage.world.clock.now().plus(seconds(80)));
    stage.settle().await;
    for shard in 0..16 {
        let key = [("shard", format!("{shard:02}")), ("sk", format!("{:013}#broken", 1))];
        stage.put(Table::DueEndpoints, key).await;
    }
    let tenant = endpoint.tenant.to_string();
    stage
        .put(Table::Deliveries, [("tenant", tenant), ("sk", format!("{}#{:013}#broken", endpoint.id, 0))])
        .await;
    let id = stage.world.queue(&endpoint, 1).await;
    stage.world.pass_after(seconds(80)).await;
    assert_eq!(receiver.counts().get(&id), Some(&1));
    stage.settle().await;
    assert!(stage.world.waiting().await.is_empty() && stage.world.all_due_endpoints().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_whose_secret_cannot_be_opened_costs_a_few_calls_and_is_looked_at_later() {
    let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
    let endpoint = stage.endpoint(&receiver.url).await;
    let ids = stage.world.queue_many(&endpoint, 40).await;
    stage.world.clock.set(stage.world.clock.now().plus(seconds(80)));
    let courier = stage.world.courier();
    courier.tap.fail("secretsmanager GetSecretValue", Fault::Reset, true);
    let summary = courier.pass().await;
    assert!(courier.tap.mend() && !summary.has_failed, "{summary:?}");
    let calls = courier.tap.take();
    let claims = calls.iter().filter(|call| call.name == "DynamoDB UpdateItem Deliveries").count();
    assert!((1..=8).contains(&claims), "{claims}");
    let later = stage.world.clock.now().plus(seconds(30)).millis();
    let due = stage.world.all_due_endpoints().await;
    assert!(due.iter().all(|sk| sk.as_str() >= format!("{later:013}").as_str()), "{due:?}");
    stage.settle().await;
    assert_eq!(receiver.counts().len(), ids.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_has_the_beginning_of_a_response_that_was_cut_off() {
    let stage = Stage::new().await;
    let receiver = Receiver::start(|_| hb_tests::receiver::Reply::CloseMidBody).await;
    let endpoint = stage.endpoint(&receiver.url).await;
    stage.world.queue(&endpoint, 1).await;
    stage.stream().await;
    let response = of(&stage.world.attempts().await[0], "response");
    assert!(response.ends_with(": half") && response.len() > ": half".len(), "{response}");
}
