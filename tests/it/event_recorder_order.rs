//! The feed has each change once, and those of a memory in their order, whatever happens to the instances that append to it.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use hb_domain::TenantId;
use hb_store::Table;
use hb_tests::World;
use hb_tests::recorder::Recorded;
use hb_tests::world::plenty;
use http::Method;
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";
/// The tenant whose records are the pattern of all others.
const PATTERN: &str = "pattern";

/// The changes of some memories, and the records of their tables.
pub(crate) struct Changes {
    /// The records of the memories.
    pub(crate) memories: Vec<Value>,
    /// The records of the keys.
    pub(crate) keys: Vec<Value>,
    /// For each memory and key, the requests of its events in their order.
    events: BTreeMap<String, Vec<Option<String>>>,
}

impl Changes {
    /// Creates, changes and deletes `count` memories, in turns, and creates a key.
    pub(crate) async fn make(world: &World, count: usize) -> Self {
        let account = world.account_with(PATTERN, plenty()).await;
        let instance = world.instance().await;
        let client = instance.client.with(&account.key);
        let mut events: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
        events.insert(account.id.to_string(), vec![None]);
        let mut ids = Vec::new();
        for _ in 0..count {
            let created = client.post(MEMORIES, json!({"content": "x", "type": "task"})).await;
            let id = created.data()["id"].as_str().expect("an id").to_owned();
            events.insert(id.clone(), vec![Some(created.header("x-request-id").to_owned())]);
            ids.push(id);
        }
        for number in 1..=2 {
            for id in &ids {
                let patch = Some(json!({ "content": format!("x{number}") }));
                let patched = client.send(Method::PATCH, &format!("{MEMORIES}/{id}"), patch).await;
                let request = patched.header("x-request-id").to_owned();
                events.get_mut(id).expect("the memory").push(Some(request));
            }
        }
        for id in ids.iter().step_by(2) {
            client.send(Method::DELETE, &format!("{MEMORIES}/{id}"), None).await.expect(200, "");
            events.get_mut(id).expect("the memory").push(None);
        }
        Self { memories: world.records(Table::Memories), keys: world.records(Table::ApiKeys), events }
    }

    /// Checks a feed of all records of the memories, and of the keys if they are in it.
    pub(crate) fn check(&self, feed: &[Recorded], context: &str) {
        contiguous(feed, context);
        let mut events: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
        for event in feed {
            events.entry(event.subject.clone()).or_default().push(event.request_id.clone());
        }
        let mut expected = self.events.clone();
        expected.retain(|subject, _| subject.starts_with("mem_") || events.contains_key(subject));
        assert_eq!(events, expected, "{context}");
    }
}

/// Checks that positions are 1, 2, … and ids are distinct.
pub(crate) fn contiguous(feed: &[Recorded], context: &str) {
    let positions: Vec<u64> = feed.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..=feed.len() as u64).collect::<Vec<_>>(), "{context}");
    let ids: BTreeSet<&str> = feed.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids.len(), feed.len(), "{context}");
}

/// The same records of another tenant.
pub(crate) fn of_tenant(records: &[Value], tenant: &str) -> Vec<Value> {
    let text = serde_json::to_string(records).expect("JSON");
    serde_json::from_str(&text.replace(PATTERN, tenant)).expect("records")
}

/// A tenant that listens.
pub(crate) async fn listening(world: &World, tenant: &str) -> TenantId {
    let tenant = TenantId::parse(tenant).expect("a tenant");
    world.listen(&tenant).await;
    tenant
}

#[tokio::test]
async fn a_batch_that_is_delivered_again_in_part_or_whole_changes_nothing() {
    let world = World::new().await;
    let changes = Changes::make(&world, 30).await;
    let tenant = listening(&world, "acme").await;
    let records = of_tenant(&changes.memories, "acme");
    let recorder = world.recorder();
    for part in [&records[..50], &records[..], &records[7..60], &records[..]] {
        assert!(!recorder.consume(part).await.has_failed());
    }
    let feed = world.recorded(&tenant).await;
    changes.check(&feed, "one after another");
    // Two positions of a feed are the order of the records.
    let kinds: Vec<&str> = feed.iter().map(|event| event.kind.as_str()).collect();
    assert!(kinds.is_sorted_by_key(|kind| {
        ["memory.created", "memory.updated", "memory.deleted"].iter().position(|k| k == kind)
    }));
    recorder.consume(&records).await;
    assert_eq!(world.recorded(&tenant).await, feed);
}

/// infra/adr/0024 states these figures.
#[tokio::test]
async fn an_event_takes_four_write_units_and_an_append_two_more() {
    let world = World::new().await;
    let changes = Changes::make(&world, 40).await;
    for (count, writes) in [(1, 6.0), (10, 42.0), (49, 198.0), (100, 406.0)] {
        let name = format!("acme-{count}");
        listening(&world, &name).await;
        let records = of_tenant(&changes.memories[..count], &name);
        let recorder = world.recorder();
        assert!(!recorder.consume(&records).await.has_failed());
        let calls = recorder.tap.take();
        let (read, written) = calls
            .iter()
            .fold((0.0, 0.0), |(read, written), call| (read + call.read_units, written + call.write_units));
        assert_eq!((read, written), (1.0, writes), "{count} events: {calls:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_consumers_of_one_batch_append_it_once() {
    let world = World::new().await;
    let changes = Changes::make(&world, 30).await;
    for round in 0..10 {
        let name = format!("acme{round}");
        let tenant = listening(&world, &name).await;
        let records = of_tenant(&changes.memories, &name);
        let keys = of_tenant(&changes.keys, &name);
        let recorders = [world.recorder(), world.recorder(), world.recorder()];
        let consumed = join_all(recorders.iter().map(|recorder| recorder.consume(&records)));
        let (consumed, other) = tokio::join!(consumed, async { world.recorder().consume(&keys).await });
        assert!(consumed.iter().chain([&other]).all(|response| !response.has_failed()));
        changes.check(&world.recorded(&tenant).await, &name);
    }
}

/// The parent's records come before its children's, which two consumers process at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_is_split_keeps_the_order_of_each_memory() {
    let world = World::new().await;
    let changes = Changes::make(&world, 24).await;
    let tenant = listening(&world, "acme").await;
    let records = of_tenant(&changes.memories, "acme");
    let (parent, rest) = records.split_at(records.len() / 3);
    let is_left = |record: &&Value| {
        record["dynamodb"]["Keys"]["id"]["S"].as_str().is_some_and(|id| id.as_bytes()[id.len() - 1] % 2 == 0)
    };
    let (left, right): (Vec<&Value>, Vec<&Value>) = rest.iter().partition(is_left);
    let [left, right] = [left, right].map(|part| part.into_iter().cloned().collect::<Vec<_>>());
    assert!(!left.is_empty() && !right.is_empty());
    assert!(!world.recorder().consume(parent).await.has_failed());
    let child = async |records: &[Value]| {
        let recorder = world.recorder();
        for batch in records.chunks(5) {
            assert!(!recorder.consume(batch).await.has_failed());
        }
    };
    tokio::join!(child(&left), child(&right), async {
        // A reader never sees a position before all earlier ones.
        for _ in 0..20 {
            contiguous(&world.recorded(&tenant).await, "while it is appended to");
        }
    });
    changes.check(&world.recorded(&tenant).await, "two children");
}
