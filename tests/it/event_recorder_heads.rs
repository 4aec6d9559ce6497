//! What the head of a feed decides: a corrupt one holds nobody back, one that was restored is moved behind the events that there
//! are, and what happened before the last endpoint was deleted is recorded.

use std::cell::Cell;
use std::time::Duration;

use hb_domain::event::EventId;
use hb_domain::{TenantId, Timestamp};
use hb_store::Table;
use hb_tests::world::plenty;
use hb_tests::{Client, Instance, World};
use http::Method;
use serde_json::{Value, json};

use crate::event_recorder_order::{Changes, contiguous, listening, of_tenant};

const MEMORIES: &str = "/api/v1/memories";
const WEBHOOKS: &str = "/api/v1/webhooks";
const HOUR: Duration = Duration::from_secs(3_600);

/// The records of two tenants in turns.
fn in_turns(one: &[Value], other: &[Value]) -> Vec<Value> {
    let mut records: Vec<Value> =
        one.iter().zip(other).flat_map(|(one, other)| [one.clone(), other.clone()]).collect();
    for (number, record) in records.iter_mut().enumerate() {
        record["dynamodb"]["SequenceNumber"] = json!(format!("{number:021}"));
    }
    records
}

/// The messages in the queue of dead letters.
fn dead_letters(world: &World) -> Vec<String> {
    let messages = world.dead_letters.messages().expect("the messages");
    messages.iter().map(Value::to_string).collect()
}

#[tokio::test]
async fn a_corrupt_head_sends_the_records_of_its_tenant_to_the_queue_and_holds_nobody_back() {
    let world = World::new().await;
    let changes = Changes::make(&world, 6).await;
    for attribute in ["position", "endpoints", "since"] {
        let [corrupt, sound] = ["corrupt", "sound"].map(|name| format!("{name}-{attribute}"));
        let (first, second) = (listening(&world, &corrupt).await, listening(&world, &sound).await);
        let (of_corrupt, of_sound) =
            (of_tenant(&changes.memories, &corrupt), of_tenant(&changes.memories, &sound));
        let records = in_turns(&of_corrupt, &of_sound);
        world.damage_head(&first, attribute).await;
        let (recorder, before) = (world.recorder(), dead_letters(&world).len());
        let (one, next) = records.split_at(8);
        // A batch waits for the queue, though the other feed does not.
        world.dead_letters.set_away(true);
        let response = serde_json::to_value(recorder.consume(one).await).expect("JSON");
        let named = &response["batchItemFailures"][0]["itemIdentifier"];
        assert_eq!(named, &one[0]["dynamodb"]["SequenceNumber"], "{attribute}");
        assert_eq!(world.recorded(&second).await.len(), 4, "{attribute}");
        world.dead_letters.set_away(false);
        for batch in [one, next] {
            assert!(!recorder.consume(batch).await.has_failed(), "{attribute}");
        }
        changes.check(&world.recorded(&second).await, attribute);
        assert_eq!(world.recorded(&first).await, [], "{attribute}");
        let expected: Vec<String> = records.iter().step_by(2).map(Value::to_string).collect();
        assert_eq!(dead_letters(&world)[before..], expected, "{attribute}");
    }
}

#[tokio::test]
async fn a_head_that_becomes_corrupt_during_an_append_holds_nobody_back() {
    let world = World::new().await;
    let changes = Changes::make(&world, 6).await;
    let tenant = listening(&world, "acme").await;
    let records = of_tenant(&changes.memories, "acme");
    let recorder = world.recorder();
    let mut held = recorder.tap.hold();
    let consuming = async { recorder.consume(&records).await };
    let damaging = async {
        held.recv().await.expect("the head is read").pass().await;
        let append = held.recv().await.expect("an append");
        world.damage_head(&tenant, "position").await;
        drop(held);
        append.pass().await;
    };
    let (response, ()) = tokio::join!(consuming, damaging);
    assert!(!response.has_failed());
    assert_eq!(dead_letters(&world), records.iter().map(Value::to_string).collect::<Vec<_>>());
}

/// The table of webhooks is restored to a point in time without that of events.
#[tokio::test]
async fn events_behind_the_head_stay_and_others_are_appended_behind_them() {
    let world = World::new().await;
    let changes = Changes::make(&world, 30).await;
    for restored in [0, 5, 19] {
        let name = format!("acme{restored}");
        let tenant = listening(&world, &name).await;
        let records = of_tenant(&changes.memories, &name);
        assert!(!world.recorder().consume(&records[..20]).await.has_failed());
        world.set_head(&tenant, restored).await;
        let (recorder, other) = (world.recorder(), world.recorder());
        // Some of the records are delivered again, to two instances.
        let (one, two) = tokio::join!(recorder.consume(&records[15..]), other.consume(&records[15..]));
        assert!(!one.has_failed() && !two.has_failed(), "{name}");
        let feed = world.recorded(&tenant).await;
        changes.check(&feed, &name);
        let head = world.feed_head(&tenant).await.expect("a head");
        assert_eq!(head.position, feed.len() as u64, "{name}");
    }
    assert_eq!(dead_letters(&world), [""; 0]);
}

/// A tenant that creates and deletes endpoints, and changes memories.
struct Scene {
    world: World,
    instance: Instance,
    client: Client,
    tenant: TenantId,
    created: Cell<u64>,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        let client = instance.client.with(&account.key);
        Self { world, instance, client, tenant: account.tenant, created: Cell::new(0) }
    }

    /// Creates an endpoint, and returns its path.
    async fn create(&self) -> String {
        let number = self.created.replace(self.created.get() + 1);
        let url = format!("https://example.com/{number}");
        let created = self.client.post(WEBHOOKS, json!({"name": "hook", "url": url, "events": ["*"]})).await;
        created.expect(201, "");
        format!("{WEBHOOKS}/{}", created.data()["id"].as_str().expect("an id"))
    }

    async fn delete(&self, path: &str) {
        self.client.send(Method::DELETE, path, None).await.expect(200, "");
    }

    /// Creates a memory, and returns the id of its event.
    async fn change(&self) -> String {
        self.client.post(MEMORIES, json!({"content": "x", "type": "task"})).await.expect(201, "");
        let records = self.world.records(Table::Memories);
        let id = records.last().expect("a record")["eventID"].as_str().expect("an id").to_owned();
        EventId::derive("Memories", &id, 0).to_string()
    }

    fn wait(&self, time: Duration) {
        self.set_clocks(self.world.clock.now().plus(time));
    }

    fn set_clocks(&self, time: Timestamp) {
        self.world.clock.set(time);
        self.instance.clock.set(time);
    }

    /// Delivers all records of memories from the first on, and checks that just these events are in the feed.
    async fn expect(&self, expected: &[&String]) {
        let records = self.world.records(Table::Memories);
        assert!(!self.world.recorder().consume(&records).await.has_failed());
        let feed = self.world.recorded(&self.tenant).await;
        contiguous(&feed, "");
        assert_eq!(feed.iter().map(|event| &event.id).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn what_happened_before_the_last_endpoint_was_deleted_is_recorded_and_nothing_after_it() {
    let scene = Scene::new().await;
    let (first, second) = (scene.create().await, scene.create().await);
    let one = scene.change().await;
    scene.wait(HOUR);
    scene.delete(&first).await;
    let two = scene.change().await;
    scene.wait(HOUR);
    let three = scene.change().await;
    scene.delete(&second).await;
    scene.wait(Duration::from_secs(1));
    scene.change().await;
    scene.wait(HOUR);
    scene.change().await;
    scene.expect(&[&one, &two, &three]).await;
    // Without an endpoint, the records of another hour cost a read.
    scene.wait(HOUR);
    scene.change().await;
    let recorder = scene.world.recorder();
    let records = scene.world.records(Table::Memories);
    assert!(!recorder.consume(&records[records.len() - 1..]).await.has_failed());
    let calls = recorder.tap.take();
    assert!(calls.len() == 1 && calls[0].write_units == 0.0 && calls[0].read_units <= 1.0, "{calls:?}");
}

#[tokio::test]
async fn a_backlog_of_hours_is_recorded_after_the_endpoint_was_deleted_and_another_created() {
    let scene = Scene::new().await;
    let path = scene.create().await;
    let one = scene.change().await;
    scene.wait(5 * HOUR);
    let two = scene.change().await;
    scene.delete(&path).await;
    scene.wait(HOUR);
    scene.change().await;
    scene.wait(HOUR);
    let path = scene.create().await;
    let three = scene.change().await;
    scene.expect(&[&one, &two, &three]).await;
    // The same after the end of the second time with an endpoint.
    scene.wait(HOUR);
    let four = scene.change().await;
    scene.delete(&path).await;
    scene.wait(Duration::from_secs(1));
    scene.change().await;
    scene.expect(&[&one, &two, &three, &four]).await;
}

/// An endpoint that is replaced several times, as by a script, with all records still in the stream.
#[tokio::test]
async fn no_replacement_of_an_endpoint_loses_what_happened_before() {
    let scene = Scene::new().await;
    let mut expected = Vec::new();
    for _ in 0..4 {
        let path = scene.create().await;
        scene.wait(HOUR);
        expected.push(scene.change().await);
        scene.delete(&path).await;
        scene.wait(Duration::from_secs(5));
    }
    scene.create().await;
    expected.push(scene.change().await);
    scene.expect(&expected.iter().collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn an_append_that_meets_the_deletion_of_the_last_endpoint_leaves_out_what_came_after_it() {
    let scene = Scene::new().await;
    let path = scene.create().await;
    scene.wait(HOUR);
    let one = scene.change().await;
    let recorder = scene.world.recorder();
    let mut held = recorder.tap.hold();
    // A later change, by the clock of the database.
    scene.wait(HOUR);
    scene.change().await;
    let records = scene.world.records(Table::Memories);
    scene.set_clocks(scene.world.clock.now().minus(HOUR));
    let consuming = async { recorder.consume(&records).await };
    let deleting = async {
        held.recv().await.expect("the head is read").pass().await;
        let append = held.recv().await.expect("an append");
        scene.delete(&path).await;
        drop(held);
        append.pass().await;
    };
    let (response, ()) = tokio::join!(consuming, deleting);
    assert!(!response.has_failed());
    scene.expect(&[&one]).await;
}
