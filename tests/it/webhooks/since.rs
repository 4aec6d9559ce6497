//! An endpoint gets every change that is acknowledged after its creation, and none that was acknowledged more than 5 s before the
//! request: whoever stops where.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hb_domain::WebhookId;
use hb_store::Table;
use hb_tests::recorder::Recorded;
use hb_tests::tap::HeldCall;
use hb_tests::{Driven, Recorder};
use http::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use super::{Scene, WEBHOOKS, numbered};

/// The seconds between the creation and the changes.
const SECONDS: std::ops::RangeInclusive<i64> = -6..=2;

/// The first of them that the endpoint gets: that of 4 s before its creation.
const FIRST: usize = 2;

/// The calls of the recorder.
const CALLS: [&str; 2] = ["DynamoDB Query Webhooks", "DynamoDB TransactWriteItems"];

/// A tenant with an endpoint, whose head counts it, and the records of changes around the creation of another one.
struct Around {
    scene: Scene,
    records: Vec<Value>,
}

impl Around {
    async fn new() -> Self {
        let scene = Scene::new().await;
        scene.create(0).await;
        let memory = json!({"content": "x", "type": "task"});
        scene.owner.post("/api/v1/memories", memory).await.expect(201, "");
        let record = scene.world.records(Table::Memories).remove(0);
        let now = scene.world.clock.now().seconds();
        let records = SECONDS.map(|seconds| {
            let mut record = record.clone();
            record["eventID"] = json!(format!("{seconds}"));
            record["dynamodb"]["ApproximateCreationDateTime"] = json!(now + seconds);
            record
        });
        Self { records: records.collect(), scene }
    }

    fn creation(&self) -> Driven {
        let client = self.scene.owner.clone();
        Driven::start(&self.scene.instance, async move { client.post(WEBHOOKS, numbered(1)).await })
    }

    fn recording(&self) -> (JoinHandle<()>, UnboundedReceiver<HeldCall>, Arc<Recorder>) {
        let recorder = Arc::new(self.scene.world.recorder());
        // What it queues has other keys than what a walk queues.
        recorder.clock.set(recorder.clock.now().plus(Duration::from_secs(1)));
        let held = recorder.tap.hold();
        let (consumer, records) = (Arc::clone(&recorder), self.records.clone());
        let consuming = tokio::spawn(async move { assert!(!consumer.consume(&records).await.has_failed()) });
        (consuming, held, recorder)
    }

    /// Checks that each change from 4 s before the creation on is queued once after the walk, and no other.
    async fn check(&self, id: &WebhookId, context: &str) {
        let Self { scene, records } = self;
        let (world, tenant) = (&scene.world, &scene.account.tenant);
        world.clock.set(world.clock.now().plus(Duration::from_secs(20)));
        world.walk(tenant, id).await;
        let feed = world.recorded(tenant).await;
        let expected: Vec<String> = feed.iter().skip(FIRST).map(|event| event.id.clone()).collect();
        assert_eq!(feed.len(), records.len(), "{context}");
        world.assert_queued(tenant, id, &expected, context).await;
        assert!(!scene.items().await.contains_key(&format!("recovery#{id}")), "{context}");
    }
}

fn id_of(answer: &hb_tests::Answer) -> WebhookId {
    WebhookId::parse(answer.data()["id"].as_str().expect("an id")).expect("an id")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_queued_wherever_the_creation_stopped_while_they_were_recorded() {
    for at in 0.. {
        let around = Around::new().await;
        let mut creation = around.creation();
        for _ in 0..at {
            creation.step().await;
        }
        if creation.peek().await.is_none() {
            assert!(at > 4, "{at} calls");
            return;
        }
        let (consuming, held, _recorder) = around.recording();
        drop(held);
        consuming.await.expect("a response");
        let created = creation.finish().await;
        created.expect(201, "");
        around.check(&id_of(&created), &format!("recorded before call {at} of the creation")).await;
    }
}

/// Also a change whose record was appended before the endpoint was created, and whose response came after that of the creation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_queued_wherever_the_recorder_stopped_while_the_endpoint_was_created() {
    for (at, is_made, is_killed) in (0..CALLS.len())
        .flat_map(|at| [(at, false, false), (at, true, false), (at, false, true), (at, true, true)])
    {
        let around = Around::new().await;
        let (consuming, mut held, _recorder) = around.recording();
        let context = format!("stopped at call {at}, made: {is_made}, killed: {is_killed}");
        for _ in 0..at {
            held.recv().await.expect("a call").pass().await;
        }
        let call = held.recv().await.expect("a call");
        assert_eq!(call.name, CALLS[at]);
        let (call, answer) = if is_made { (None, Some(call.perform().await)) } else { (Some(call), None) };
        let created = around.scene.create(1).await;
        if is_killed {
            consuming.abort();
            let (again, held, _recorder) = around.recording();
            drop(held);
            again.await.expect("a response");
        } else {
            drop(held);
            if let Some(call) = call {
                call.pass().await;
            }
            if let Some(answer) = answer {
                answer.deliver().await;
            }
            consuming.await.expect("a response");
        }
        around.check(&id_of(&created), &context).await;
    }
}

#[tokio::test]
async fn what_was_recorded_after_the_creation_is_not_queued_by_its_walk() {
    let Around { scene, records } = Around::new().await;
    let (world, tenant) = (&scene.world, &scene.account.tenant);
    let (before, after) = records.split_at(5);
    let recorder = world.recorder();
    assert!(!recorder.consume(before).await.has_failed());
    let id = id_of(&scene.create(1).await);
    // What it queues has other keys than what the walk queues.
    recorder.clock.set(recorder.clock.now().plus(Duration::from_secs(1)));
    assert!(!recorder.consume(after).await.has_failed());
    let ids = |feed: Vec<Recorded>| -> Vec<String> { feed.into_iter().map(|event| event.id).collect() };
    let feed = ids(world.recorded(tenant).await);
    world.assert_queued(tenant, &id, &feed[5..], "by the recorder").await;
    let of_recorder: BTreeSet<_> = world.queued(tenant).await.into_iter().collect();
    world.walk(tenant, &id).await;
    world.assert_queued(tenant, &id, &feed[FIRST..], "by the walk too").await;
    let all: BTreeSet<_> = world.queued(tenant).await.into_iter().collect();
    assert!(all.is_superset(&of_recorder), "what was there is untouched");
    // Another walk finds nothing to do.
    assert_eq!(world.walk(tenant, &id).await, 1);
    assert_eq!(world.queued(tenant).await.into_iter().collect::<BTreeSet<_>>(), all);
}

/// The recorder had read the endpoints before the creation, and its clock is ahead.
#[tokio::test]
async fn a_recovery_that_replaces_the_walk_of_a_creation_queues_what_that_would_have_queued() {
    let Around { scene, records } = Around::new().await;
    let (world, tenant) = (&scene.world, &scene.account.tenant);
    let recorder = world.recorder();
    recorder.clock.set(recorder.clock.now().plus(Duration::from_secs(2)));
    assert!(!recorder.consume(&records).await.has_failed());
    let created = scene.create(1).await;
    let id = id_of(&created);
    let body = json!({"since": scene.instance.clock.now().to_string()});
    scene.owner.post(&format!("{WEBHOOKS}/{id}/recover"), body).await.expect(200, "");
    world.walk(tenant, &id).await;
    let feed = world.recorded(tenant).await;
    let expected: Vec<String> = feed.iter().skip(FIRST).map(|event| event.id.clone()).collect();
    world.assert_queued(tenant, &id, &expected, "after the recovery").await;
}

#[tokio::test]
async fn an_inactive_endpoint_has_nothing_to_walk_through_and_a_deletion_ends_a_walk() {
    let scene = Scene::new().await;
    let mut inactive = numbered(1);
    inactive["status"] = json!("inactive");
    let created = scene.owner.post(WEBHOOKS, inactive).await;
    let of_inactive = format!("recovery#{}", id_of(&created));
    let active = id_of(&scene.create(2).await);
    let recovery = format!("recovery#{active}");
    let items = scene.items().await;
    assert!(!items.contains_key(&of_inactive) && items.contains_key(&recovery));
    let due = |at: Vec<(String, i64)>| at.into_iter().filter(|(id, _)| id == active.as_str()).count();
    assert_eq!(due(scene.world.due_endpoints(&scene.account.tenant).await), 1, "the walk is due");
    scene.world.clock.set(scene.world.clock.now().plus(Duration::from_secs(60)));
    let later = scene.world.instance().await;
    let other = later.client.with(&scene.account.key);
    let path = format!("{WEBHOOKS}/{active}");
    let renamed = Some(json!({"name": "renamed"}));
    other.send(Method::PATCH, &path, renamed).await.expect(200, "");
    assert_eq!(due(scene.world.due_endpoints(&scene.account.tenant).await), 2, "a change is due");
    scene.world.clock.set(scene.world.clock.now().plus(Duration::from_secs(60)));
    let later = scene.world.instance().await;
    let other = later.client.with(&scene.account.key);
    other.send(Method::DELETE, &path, None).await.expect(200, "");
    assert_eq!(due(scene.world.due_endpoints(&scene.account.tenant).await), 3, "a deletion is due");
    assert!(!scene.items().await.contains_key(&recovery));
}
