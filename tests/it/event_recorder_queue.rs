//! Each event is queued once for each endpoint that gets it, in the transaction that appends it.

use std::time::Duration;

use hb_store::Table;
use hb_tests::queue::endpoint_id;
use hb_tests::recorder::Recorded;
use hb_tests::{Recorder, World};
use serde_json::{Value, json};

use crate::event_recorder_order::{Changes, contiguous, listening, of_tenant};

fn ids(feed: &[Recorded], kind: &str) -> Vec<String> {
    feed.iter().filter(|event| event.kind.starts_with(kind)).map(|event| event.id.clone()).collect()
}

/// The written units of the calls since the last time, and the number of transactions.
fn written(recorder: &Recorder) -> (f64, usize) {
    let calls = recorder.tap.take();
    let transactions = calls.iter().filter(|call| call.name.ends_with("TransactWriteItems")).count();
    (calls.iter().map(|call| call.write_units).sum(), transactions)
}

#[tokio::test]
async fn an_event_is_queued_for_the_endpoints_that_get_it_and_for_no_other() {
    let world = World::new().await;
    let changes = Changes::make(&world, 8).await;
    let (tenant, other) = (listening(&world, "acme").await, listening(&world, "globex").await);
    let all = world.subscribe(&tenant, 1, &["*"], "active").await;
    let keys = world.subscribe(&tenant, 2, &["api_key.*"], "active").await;
    let updates = world.subscribe(&tenant, 3, &["memory.updated", "memory.deleted"], "active").await;
    let inactive = world.subscribe(&tenant, 4, &["*"], "inactive").await;
    let corrupt = world.subscribe(&tenant, 5, &["*"], "odd").await;
    let of_other = world.subscribe(&other, 6, &["*"], "active").await;
    let recorder = world.recorder();
    // What is delivered again queues nothing twice.
    for _ in 0..2 {
        for records in [&changes.memories, &changes.keys] {
            assert!(!recorder.consume(&of_tenant(records, "acme")).await.has_failed());
            let feed = world.recorded(&tenant).await;
            let [updated, deleted] = ["memory.updated", "memory.deleted"].map(|kind| ids(&feed, kind));
            world.assert_queued(&tenant, &all, &ids(&feed, ""), "all").await;
            world.assert_queued(&tenant, &keys, &ids(&feed, "api_key."), "keys").await;
            world.assert_queued(&tenant, &updates, &[updated, deleted].concat(), "updates").await;
            for nothing in [&inactive, &corrupt, &of_other] {
                world.assert_queued(&tenant, nothing, &[], "nothing").await;
            }
        }
    }
    changes.check(&world.recorded(&tenant).await, "acme");
    let queued = world.queued(&tenant).await;
    let now = world.clock.now().millis();
    assert!(queued.iter().all(|queued| queued.due == now && queued.attempts == "0"), "{queued:?}");
    assert_eq!(world.queued(&other).await, []);
}

/// The times of records are whole seconds.
#[tokio::test]
async fn a_change_of_up_to_four_seconds_before_the_creation_is_queued() {
    let world = World::new().await;
    let changes = Changes::make(&world, 1).await;
    let tenant = listening(&world, "acme").await;
    let created = world.clock.now();
    let [on_the_second, between] = [created, created.plus(Duration::from_millis(400))];
    let first = world.subscribe_at(&tenant, 1, &["*"], "active", on_the_second).await;
    let second = world.subscribe_at(&tenant, 2, &["*"], "active", between).await;
    let mut records = Vec::new();
    for seconds in -6_i32..=2 {
        let mut record = of_tenant(&changes.memories[..1], "acme").remove(0);
        record["eventID"] = json!(format!("{seconds}"));
        record["dynamodb"]["ApproximateCreationDateTime"] = json!(created.seconds() + i64::from(seconds));
        records.push(record);
    }
    assert!(!world.recorder().consume(&records).await.has_failed());
    let feed = ids(&world.recorded(&tenant).await, "");
    assert_eq!(feed.len(), 9);
    world.assert_queued(&tenant, &first, &feed[2..], "from 4 s before it").await;
    world.assert_queued(&tenant, &second, &feed[3..], "from 3.6 s before it").await;
}

#[tokio::test]
async fn a_batch_with_twenty_endpoints_is_appended_in_parts_that_fit_into_a_transaction() {
    let world = World::new().await;
    let changes = Changes::make(&world, 8).await;
    let tenant = listening(&world, "acme").await;
    for number in 0..20 {
        world.subscribe(&tenant, number, &["*"], "active").await;
    }
    let records = of_tenant(&changes.memories, "acme");
    let recorder = world.recorder();
    assert!(!recorder.consume(&records).await.has_failed());
    let feed = world.recorded(&tenant).await;
    changes.check(&feed, "acme");
    for number in 0..20 {
        world.assert_queued(&tenant, &endpoint_id(number), &ids(&feed, ""), "acme").await;
    }
    // 1 + 3 × (2 + 20) + 20 due endpoints, then 1 + 4 × (2 + 20): 28 events in 1 + 7 transactions.
    let (units, transactions) = written(&recorder);
    let events = feed.len();
    assert_eq!((events, transactions), (28, 8));
    assert_eq!(units, (2 * transactions + 4 * events + 2 * 20 * events + 2 * 20) as f64);
}

/// infra/adr/0026 states these figures.
#[tokio::test]
async fn a_delivery_takes_two_write_units_and_an_endpoint_two_more_at_times() {
    let world = World::new().await;
    let changes = Changes::make(&world, 40).await;
    for (count, endpoints, first, later) in
        [(1, 1, 10.0, 8.0), (10, 1, 64.0, 62.0), (10, 3, 108.0, 102.0), (100, 1, 610.0, 608.0)]
    {
        let name = format!("acme-{count}-{endpoints}");
        let tenant = listening(&world, &name).await;
        for number in 0..endpoints {
            world.subscribe(&tenant, number, &["*"], "active").await;
        }
        let recorder = world.recorder();
        let mut records = of_tenant(&changes.memories[..count], &name);
        assert!(!recorder.consume(&records).await.has_failed());
        assert_eq!(written(&recorder).0, first, "{name}");
        for (seconds, units) in [(15, later), (1, first)] {
            recorder.clock.set(recorder.clock.now().plus(Duration::from_secs(seconds)));
            for record in &mut records {
                record["eventID"] = json!(format!("{} {seconds}", record["eventID"]));
            }
            assert!(!recorder.consume(&records).await.has_failed());
            assert_eq!(written(&recorder).0, units, "{name}, {seconds} s later");
        }
    }
}

/// An append that has read the endpoints before a change of them is not made after it.
#[tokio::test]
async fn an_append_queues_for_the_endpoints_that_there_are_when_it_is_made() {
    let world = World::new().await;
    let changes = Changes::make(&world, 1).await;
    let account = world.account_with("acme", hb_tests::world::plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let endpoint = |number: u8, events: &str| json!({"name": "test", "url": format!("https://example.com/{number}"), "events": [events]});
    let created = client.post("/api/v1/webhooks", endpoint(1, "api_key.*")).await;
    let path = format!("/api/v1/webhooks/{}", created.data()["id"].as_str().expect("an id"));
    let records = of_tenant(&changes.memories, "acme");
    for (at, record) in records.iter().take(3).enumerate() {
        let recorder = world.recorder();
        let mut held = recorder.tap.hold();
        let batch: Vec<Value> = vec![record.clone()];
        let consuming = tokio::spawn(async move { recorder.consume(&batch).await });
        let read = held.recv().await.expect("a call");
        assert_eq!(read.name, "DynamoDB Query Webhooks");
        read.pass().await;
        let append = held.recv().await.expect("a call");
        let patch = |patch: Value| client.send(http::Method::PATCH, &path, Some(patch));
        let expected = match at {
            0 => {
                patch(json!({"events": ["*"]})).await.expect(200, "");
                1
            }
            1 => {
                client.post("/api/v1/webhooks", endpoint(2, "*")).await.expect(201, "");
                2
            }
            _ => {
                patch(json!({"status": "inactive"})).await.expect(200, "");
                1
            }
        };
        let before = world.queued(&account.tenant).await.len();
        drop(held);
        append.pass().await;
        assert!(!consuming.await.expect("a response").has_failed());
        assert_eq!(world.queued(&account.tenant).await.len() - before, expected, "change {at}");
    }
    contiguous(&world.recorded(&account.tenant).await, "acme");
    assert!(!world.records(Table::Deliveries).is_empty(), "the function that sends them is woken");
}
