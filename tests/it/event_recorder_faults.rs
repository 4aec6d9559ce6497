//! Whatever fails in the function that records events, nothing is lost and nothing is doubled; an unreadable record reaches the
//! queue; nothing of an erased tenant is left.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use hb_domain::event::EventId;
use hb_domain::{TenantId, WebhookId};
use hb_http::stream::BatchResponse;
use hb_store::Table;
use hb_tests::recorder::Recorded;
use hb_tests::world::plenty;
use hb_tests::{Fault, World};
use serde_json::{Value, json};

use crate::event_recorder_order::{Changes, contiguous, listening, of_tenant};

/// How many faults are tried at a time.
const AT_ONCE: usize = 24;

/// The index of the record that a response names.
fn failed_at(response: &BatchResponse, records: &[Value]) -> Option<usize> {
    let response = serde_json::to_value(response).expect("JSON");
    let named = response["batchItemFailures"][0]["itemIdentifier"].as_str()?.to_owned();
    let index = records.iter().position(|record| record["dynamodb"]["SequenceNumber"] == named.as_str());
    Some(index.expect("a record of the batch"))
}

/// Two endpoints that get every event.
async fn subscribe(world: &World, tenant: &TenantId) -> [WebhookId; 2] {
    [
        world.subscribe(tenant, 1, &["*"], "active").await,
        world.subscribe(tenant, 2, &["memory.*"], "active").await,
    ]
}

/// The ids of the events of a feed.
fn ids(feed: &[Recorded]) -> Vec<String> {
    feed.iter().map(|event| event.id.clone()).collect()
}

/// The records of two tenants in turns, with one that cannot be read.
fn batch(changes: &Changes, first: &str, second: &str) -> Vec<Value> {
    let first = of_tenant(&changes.memories, first);
    let second = of_tenant(&changes.memories[..3], second);
    let mut records: Vec<Value> = first[..2].to_vec();
    records.extend(second);
    let mut unreadable = records[0].clone();
    unreadable["eventID"] = json!("unreadable");
    unreadable["dynamodb"]["NewImage"].as_object_mut().expect("an image").remove("version");
    records.push(unreadable);
    records.extend_from_slice(&first[2..]);
    for (number, record) in records.iter_mut().enumerate() {
        record["dynamodb"]["SequenceNumber"] = json!(format!("{number:021}"));
    }
    records
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_may_fail_in_every_way() {
    let world = World::new().await;
    let changes = Changes::make(&world, 16).await;
    let calls = {
        let counted = listening(&world, "counted").await;
        listening(&world, "other").await;
        subscribe(&world, &counted).await;
        let recorder = world.recorder();
        let records = batch(&changes, "counted", "other");
        assert!(!recorder.consume(&records).await.has_failed());
        // What is delivered again asks for the ids that are there.
        assert!(!recorder.consume(&records).await.has_failed());
        recorder.tap.take()
    };
    let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    for name in [
        "AmazonSQS SendMessage",
        "DynamoDB Query Webhooks",
        "DynamoDB TransactWriteItems",
        "DynamoDB BatchGetItem",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    let points = Fault::ALL.iter().flat_map(|fault| {
        (0..calls.len()).flat_map(move |at| [false, true].map(|lasting| (at, *fault, lasting)))
    });
    let (world, changes) = (&world, &changes);
    let trials = points.map(|(at, fault, lasting)| async move {
        let context = format!("{fault:?} at {at}, lasting: {lasting}");
        let [first, second] =
            ["a", "b"].map(|name| format!("{name}-{at}-{fault:?}-{lasting}").to_lowercase());
        let records = batch(changes, &first, &second);
        let (first, second) = (listening(world, &first).await, listening(world, &second).await);
        let endpoints = subscribe(world, &first).await;
        let recorder = world.recorder();
        recorder.tap.fail_at(at, fault, lasting);
        let mut from = 0;
        // Every batch is delivered again after it was processed, so that the calls of a repetition fail too.
        for delivery in 0..3 {
            let response = recorder.consume(&records[from..]).await;
            if delivery > 0 {
                recorder.tap.mend();
            }
            let failed = failed_at(&response, &records[from..]);
            let done = from + failed.unwrap_or(records.len() - from);
            let feeds = [world.recorded(&first).await, world.recorded(&second).await];
            let recorded: BTreeSet<&str> = feeds.iter().flatten().map(|event| event.id.as_str()).collect();
            for endpoint in &endpoints {
                world.assert_queued(&first, endpoint, &ids(&feeds[0]), &context).await;
            }
            for record in &records[..done] {
                let id = record["eventID"].as_str().expect("an id");
                let is_recorded = recorded.contains(EventId::derive("Memories", id, 0).as_str());
                assert_eq!(is_recorded, id != "unreadable", "{context}: {id} is before the failed record");
            }
            if let Some(failed) = failed {
                from += failed;
            }
        }
        changes.check(&world.recorded(&first).await, &context);
        let feed = world.recorded(&second).await;
        contiguous(&feed, &context);
        assert_eq!(feed.len(), 3, "{context}");
        let sent = world.dead_letters.messages().expect("the messages");
        assert!(
            sent.iter().any(|message| message["dynamodb"]["Keys"]["tenant"]["S"] == first.as_str()),
            "{context}"
        );
    });
    let tried = stream::iter(trials).buffer_unordered(AT_ONCE).count().await;
    println!("{} calls, {tried} trials", calls.len());
    assert!(tried >= 50);
}

#[tokio::test]
async fn an_unreadable_record_reaches_the_queue_whole_and_holds_nothing_back() {
    let world = World::new().await;
    let changes = Changes::make(&world, 2).await;
    let tenant = listening(&world, "acme").await;
    let records = of_tenant(&changes.memories, "acme");
    let image = |attribute: &str, value: Option<Value>| {
        let mut record = records[0].clone();
        record["eventID"] = json!(format!("bad {attribute} {value:?}"));
        let image = record["dynamodb"]["NewImage"].as_object_mut().expect("an image");
        match value {
            Some(value) => drop(image.insert(attribute.into(), value)),
            None => drop(image.remove(attribute)),
        }
        record
    };
    let mut bad = vec![
        image("tenant", None),
        image("tenant", Some(json!({"S": "not a tenant"}))),
        image("id", Some(json!({"S": "mem_x"}))),
        image("version", Some(json!({"N": "1"}))),
        image("expiresAt", Some(json!({"S": "soon"}))),
        image("userId", Some(json!({"L": []}))),
        image("requestId", Some(json!({"S": "x"}))),
    ];
    for path in ["/eventID", "/dynamodb/NewImage", "/dynamodb/ApproximateCreationDateTime"] {
        let mut record = records[0].clone();
        *record.pointer_mut(path).expect("it") = Value::Null;
        bad.push(record);
    }
    for (number, record) in bad.iter_mut().enumerate() {
        record["dynamodb"]["SequenceNumber"] = json!(format!("bad {number}"));
    }
    let mut batch = vec![records[0].clone()];
    for (bad, good) in bad.iter().zip(records[1..].iter().map(Some).chain(std::iter::repeat(None))) {
        batch.push(bad.clone());
        batch.extend(good.cloned());
    }
    let recorder = world.recorder();
    world.dead_letters.set_away(true);
    assert_eq!(failed_at(&recorder.consume(&batch).await, &batch), Some(1), "it waits for the queue");
    assert_eq!(world.recorded(&tenant).await.len(), 1, "what was before it is recorded");
    world.dead_letters.set_away(false);
    assert!(!recorder.consume(&batch[1..]).await.has_failed());
    assert_eq!(world.dead_letters.messages().expect("the messages"), bad);
    changes.check(&world.recorded(&tenant).await, "around unreadable records");

    // The function for expired memories passes it over too.
    let (_, expiry) = hb_local::functions::consumers().find(|(name, _)| *name == "expiry").expect("it");
    let mut removal = records[records.len() - 1].clone();
    removal["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    removal["dynamodb"]["OldImage"]["bytes"] = json!({"S": "many"});
    let consumption = world.consumption(&world.aws, &world.clock);
    let records = serde_json::from_value(json!({"Records": [removal]})).expect("a batch");
    assert!(!(expiry.handle)(&consumption, &records, world.clock.now()).await.has_failed());
    assert_eq!(world.dead_letters.messages().expect("the messages").last(), Some(&removal));
}

#[tokio::test]
async fn a_batch_of_another_table_is_not_processed() {
    let world = World::new().await;
    let changes = Changes::make(&world, 1).await;
    let tenant = listening(&world, "acme").await;
    for name in ["Usage", "Nothing"] {
        let mut records = of_tenant(&changes.memories, "acme");
        for record in &mut records {
            record["eventSourceARN"] = json!(format!("arn:aws:dynamodb:local:0:table/{name}/stream/local"));
        }
        assert_eq!(failed_at(&world.recorder().consume(&records).await, &records), Some(0), "{name}");
    }
    assert_eq!(world.recorded(&tenant).await, []);
}

#[tokio::test]
async fn a_tenant_whose_events_cannot_be_appended_does_not_hold_back_another() {
    let world = World::new().await;
    let changes = Changes::make(&world, 16).await;
    let (one, two) = (listening(&world, "acme").await, listening(&world, "globex").await);
    let records = batch(&changes, "acme", "globex");
    let recorder = world.recorder();
    // The heads are read in the order of the tenants. A refusal is not sent again.
    let refusal =
        json!({"__type": "com.amazon.coral.service#AccessDeniedException", "message": "not allowed"});
    recorder.tap.refuse("DynamoDB Query Webhooks", 1, &refusal);
    let response = recorder.consume(&records).await;
    let failed = failed_at(&response, &records).expect("a failure");
    assert_eq!(failed, 0, "the first record of acme");
    assert_eq!(world.recorded(&one).await, []);
    assert_eq!(world.recorded(&two).await.len(), 3, "the other feed is complete");
    let sent = world.dead_letters.messages().expect("the messages");
    assert!(
        sent.iter().all(|record| record["eventID"] == "unreadable"),
        "no missing permission empties a stream"
    );
    assert!(!recorder.consume(&records[failed..]).await.has_failed());
    changes.check(&world.recorded(&one).await, "acme");
    assert_eq!(world.recorded(&two).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_tenant_leaves_nothing_also_with_its_records_still_in_the_stream() {
    // Of a feed with and without events: an absent head has no position either.
    for (before, at) in [0, 5].into_iter().flat_map(|before| (0..3).map(move |at| (before, at))) {
        let world = World::new().await;
        let changes = Changes::make(&world, 16).await;
        let pattern = world.account_with("doomed", plenty()).await;
        world.listen(&pattern.tenant).await;
        world.put_pending(&pattern.tenant, 3).await;
        let records = of_tenant(&changes.memories, "doomed");
        let recorder = Arc::new(world.recorder());
        assert!(!recorder.consume(&records[..before]).await.has_failed());
        let mut held = recorder.tap.hold();
        let mut consuming = tokio::spawn({
            let (records, recorder) = (records.clone(), Arc::clone(&recorder));
            async move { recorder.consume(&records).await }
        });
        let mut stopped = None;
        for number in 0..=at {
            let call = tokio::select! {
                Some(call) = held.recv() => call,
                _ = &mut consuming => panic!("it makes {number} calls"),
            };
            if number < at {
                call.pass().await;
            } else {
                stopped = Some(call);
            }
        }
        world.store.operator().erase(&pattern.tenant, |_, _| {}).await.expect("an erasure");
        drop(held);
        if let Some(call) = stopped {
            call.pass().await;
        }
        assert!(!consuming.await.expect("a response").has_failed(), "stopped at call {at}");
        for table in [Table::Memories, Table::ApiKeys, Table::PendingEvents] {
            let records = of_tenant(&world.records(table), "doomed");
            assert!(records.is_empty() || !recorder.consume(&records).await.has_failed());
        }
        let everything = world.everything().await;
        let left: Vec<&str> = everything.lines().filter(|line| line.contains("doomed")).collect();
        assert!(left.is_empty(), "stopped at call {at}: {left:?}");
    }
}

/// The other way round: the erasure stops at each of its calls, and a whole batch is processed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_are_processed_during_an_erasure_leave_nothing() {
    let mut at = 0;
    loop {
        let world = World::new().await;
        let changes = Changes::make(&world, 3).await;
        let doomed = world.account_with("doomed", plenty()).await;
        world.listen(&doomed.tenant).await;
        let records = of_tenant(&changes.memories, "doomed");
        assert!(!world.recorder().consume(&records[..2]).await.has_failed());
        let (store, tap) = world.tapped_store();
        let mut held = tap.hold();
        let tenant = doomed.tenant.clone();
        let mut erasing =
            tokio::spawn(async move { store.operator().erase(&tenant, |_, _| {}).await.map(drop) });
        let mut passed = 0;
        loop {
            let call = tokio::select! {
                Some(call) = held.recv() => call,
                erased = &mut erasing => break erased.expect("an end").expect("an erasure"),
            };
            if passed == at {
                assert!(!world.recorder().consume(&records).await.has_failed());
            }
            call.pass().await;
            passed += 1;
        }
        if passed <= at {
            assert!(at > 10, "{at} calls");
            return;
        }
        let everything = world.everything().await;
        let left: Vec<&str> = everything.lines().filter(|line| line.contains("doomed")).collect();
        assert!(left.is_empty(), "processed before call {at}: {left:?}");
        at += 1;
    }
}
