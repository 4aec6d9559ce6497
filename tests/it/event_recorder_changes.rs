//! 10,000 random changes by writers whose clocks disagree, with instances of the recorder that are killed, fail and get batches
//! again: a reader of the feed sees each change exactly once, and those of a memory in their order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use hb_store::Table;
use hb_tests::world::plenty;
use hb_tests::{Client, Fault, Recorder, World, seed};
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";
const CHANGES: usize = 10_000;
const WRITERS: usize = 8;
/// How far clocks may be from the database's, in seconds.
const CLOCKS: i64 = 30;

/// For each memory, the type and the request of its events in their order.
type Events = BTreeMap<String, Vec<(&'static str, Option<String>)>>;

/// A client with the memories that only it changes, and what it has changed.
struct Writer {
    client: Client,
    rng: StdRng,
    own: Vec<String>,
    shared: Vec<String>,
    events: Events,
    count: usize,
}

impl Writer {
    fn note(&mut self, id: &str, kind: &'static str, request: Option<&str>) {
        self.events.entry(id.to_owned()).or_default().push((kind, request.map(str::to_owned)));
        self.count += 1;
    }

    fn some_of_own(&mut self) -> Vec<String> {
        let count = self.rng.random_range(1..=40);
        (0..count).map(|_| self.own[self.rng.random_range(0..self.own.len())].clone()).collect()
    }

    async fn change(&mut self) {
        let content = format!("note {}", self.count);
        match self.rng.random_range(0..12) {
            0..4 => self.create().await,
            _ if self.own.len() < 10 => self.create().await,
            4..8 => {
                let ids = self.some_of_own();
                let item = |(number, id): (usize, &String)| json!({"id": id, "patch": {"content": format!("{content} {number}")}});
                let items: Vec<Value> = ids.iter().enumerate().map(item).collect();
                let answer =
                    self.client.post(&format!("{MEMORIES}/bulk-update"), json!({ "items": items })).await;
                assert_eq!(answer.data()["updated"], ids.len(), "{}", answer.text);
                for id in &ids {
                    self.note(id, "memory.updated", Some(answer.header("x-request-id")));
                }
            }
            8 => {
                let mut ids = self.some_of_own();
                ids.sort();
                ids.dedup();
                let answer =
                    self.client.post(&format!("{MEMORIES}/bulk-delete"), json!({ "ids": ids })).await;
                assert_eq!(answer.data()["deleted"], ids.len(), "{}", answer.text);
                self.own.retain(|id| !ids.contains(id));
                for id in &ids {
                    self.note(id, "memory.deleted", None);
                }
            }
            number => {
                let (ids, method) = match number {
                    9 => (&self.own, Method::PUT),
                    _ => (&self.shared, Method::PATCH),
                };
                let id = ids[self.rng.random_range(0..ids.len())].clone();
                // Of its own, so that no two writers write the same.
                let body = json!({"content": format!("{content} {}", self.own[0]), "type": "task"});
                let answer = self.client.send(method, &format!("{MEMORIES}/{id}"), Some(body)).await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                self.note(&id, "memory.updated", Some(answer.header("x-request-id")));
            }
        }
    }

    async fn create(&mut self) {
        let count = self.rng.random_range(1..=40);
        let memories = vec![json!({"content": "note", "type": "task"}); count];
        let answer = self.client.post(&format!("{MEMORIES}/bulk"), json!({ "memories": memories })).await;
        for result in answer.data()["results"].as_array().expect("results") {
            let id = result["id"].as_str().expect("an id").to_owned();
            self.note(&id, "memory.created", Some(answer.header("x-request-id")));
            self.own.push(id);
        }
    }
}

/// The event source mapping of a stream, and the instances that it invokes.
struct Mapping<'w> {
    world: &'w World,
    rng: StdRng,
    records: Vec<Value>,
    /// The records before this one are processed.
    checkpoint: usize,
    position: i64,
    killed: usize,
    again: usize,
    failed: usize,
}

impl Mapping<'_> {
    fn recorder(&mut self) -> Arc<Recorder> {
        let recorder = self.world.recorder();
        recorder.clock.set(skewed(self.world, self.rng.random_range(-CLOCKS..=CLOCKS)));
        Arc::new(recorder)
    }

    /// Delivers one batch; `false` if there is no record.
    async fn deliver(&mut self) -> bool {
        if self.checkpoint == self.records.len() {
            let (more, end) = self.world.records_after(Table::Memories, self.position);
            if more.is_empty() {
                return false;
            }
            self.records.extend(more);
            self.position = end;
        }
        let left = self.records.len() - self.checkpoint;
        let count = self.rng.random_range(1..=100).min(left);
        let batch = self.records[self.checkpoint..self.checkpoint + count].to_vec();
        let recorder = self.recorder();
        match self.rng.random_range(0..10) {
            0..2 => {
                self.killed += 1;
                let is_performed = self.rng.random();
                let calls = self.rng.random_range(0..4);
                if let Some(response) = consume_some_calls(&recorder, &batch, calls, is_performed).await {
                    self.advance(&response, count);
                }
            }
            2..4 => {
                // A batch of before comes again while this one is processed.
                self.again += 1;
                let from = self.rng.random_range(0..=self.checkpoint);
                let to = (from + self.rng.random_range(1..=100)).min(self.records.len());
                let before = self.records[from..to].to_vec();
                let other = self.recorder();
                let (response, again) = tokio::join!(recorder.consume(&batch), async {
                    // What is not processed yet must not be overtaken.
                    if to <= self.checkpoint + count { Some(other.consume(&before).await) } else { None }
                });
                drop(again);
                self.advance(&response, count);
            }
            4 => {
                self.failed += 1;
                let fault = Fault::ALL[self.rng.random_range(0..Fault::ALL.len())];
                recorder.tap.fail_at(
                    self.rng.random_range(0..4),
                    fault,
                    self.rng.random_range(0..4) == 0 && fault == Fault::Reset,
                );
                let response = recorder.consume(&batch).await;
                self.advance(&response, count);
            }
            _ => {
                let response = recorder.consume(&batch).await;
                self.advance(&response, count);
            }
        }
        true
    }

    fn advance(&mut self, response: &hb_http::stream::BatchResponse, count: usize) {
        let response = serde_json::to_value(response).expect("JSON");
        let failed = response["batchItemFailures"][0]["itemIdentifier"].as_str();
        let batch = &self.records[self.checkpoint..self.checkpoint + count];
        let is_failed = |record: &Value| record["dynamodb"]["SequenceNumber"].as_str() == failed;
        self.checkpoint +=
            failed.map_or(count, |_| batch.iter().position(is_failed).expect("a record of the batch"));
    }
}

/// Processes a batch in an instance that is killed at a call; `None` if it was.
async fn consume_some_calls(
    recorder: &Arc<Recorder>,
    batch: &[Value],
    calls: usize,
    is_performed: bool,
) -> Option<hb_http::stream::BatchResponse> {
    let mut held = recorder.tap.hold();
    let mut consuming = tokio::spawn({
        let (recorder, batch) = (Arc::clone(recorder), batch.to_vec());
        async move { recorder.consume(&batch).await }
    });
    for number in 0..=calls {
        let call = tokio::select! {
            Some(call) = held.recv() => call,
            response = &mut consuming => return response.ok(),
        };
        if number < calls {
            call.pass().await;
            continue;
        }
        let answer = if is_performed { Some(call.perform().await) } else { None };
        consuming.abort();
        let _ = consuming.await;
        drop(answer);
        return None;
    }
    None
}

/// The world's time by a clock that is `seconds` ahead.
fn skewed(world: &World, seconds: i64) -> hb_domain::Timestamp {
    hb_domain::Timestamp::from_millis(world.clock.now().millis() + seconds * 1_000)
}

/// What a reader of the feed has seen, and where it goes on.
struct Reader {
    /// Of instances whose clocks disagree; each page comes from the next one.
    clients: Vec<Client>,
    cursor: String,
    pages: usize,
    events: Events,
    count: usize,
}

impl Reader {
    /// Reads the pages that follow.
    async fn follow(&mut self) {
        loop {
            let client = &self.clients[self.pages % self.clients.len()];
            let page = client.get(&format!("/api/v1/events?limit=100{}", self.cursor)).await;
            assert_eq!(page.status, 200, "{}", page.text);
            self.pages += 1;
            for event in page.data()["events"].as_array().expect("events") {
                let kinds = ["memory.created", "memory.updated", "memory.deleted"];
                let kind = kinds.into_iter().find(|kind| event["event"] == *kind).expect("a type");
                let id = event["data"]["id"].as_str().expect("an id").to_owned();
                let request = event["metadata"]["request_id"].as_str().map(str::to_owned);
                self.events.entry(id).or_default().push((kind, request));
                self.count += 1;
            }
            self.cursor = format!("&cursor={}", page.data()["nextCursor"].as_str().expect("a cursor"));
            if page.data()["hasMore"] == false {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_each_of_ten_thousand_changes_once_and_those_of_a_memory_in_their_order() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    world.listen(&account.tenant).await;
    let mut rng = StdRng::seed_from_u64(seed::next());
    let (mut writers, mut instances) = (Vec::new(), Vec::new());
    for number in 0..WRITERS {
        let instance = world.instance().await;
        let skew = -CLOCKS + 2 * CLOCKS * number as i64 / (WRITERS as i64 - 1);
        instance.clock.set(skewed(&world, skew));
        let client = instance.client.with(&account.key);
        let (own, shared, events) = Default::default();
        writers.push(Writer {
            client,
            rng: StdRng::seed_from_u64(rng.random()),
            own,
            shared,
            events,
            count: 0,
        });
        instances.push(instance);
    }
    writers[0].create().await;
    let shared = std::mem::take(&mut writers[0].own);
    writers.iter_mut().for_each(|writer| writer.shared.clone_from(&shared));

    let writing = AtomicUsize::new(WRITERS);
    let write = writers.iter_mut().map(|writer| async {
        while writer.count < CHANGES / WRITERS {
            writer.change().await;
        }
        writing.fetch_sub(1, Ordering::SeqCst);
    });
    let mut mapping = Mapping {
        world: &world,
        rng,
        records: Vec::new(),
        checkpoint: 0,
        position: 0,
        killed: 0,
        again: 0,
        failed: 0,
    };
    let record = async {
        loop {
            let is_last = writing.load(Ordering::SeqCst) == 0;
            if !mapping.deliver().await {
                if is_last {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    let mut clients = Vec::new();
    for seconds in [CLOCKS, -CLOCKS] {
        let instance = world.instance().await;
        instance.clock.set(skewed(&world, seconds));
        clients.push(instance.client.with(&account.key));
        instances.push(instance);
    }
    let mut reader = Reader { clients, cursor: String::new(), pages: 0, events: Events::new(), count: 0 };
    let recording = AtomicUsize::new(1);
    let read = async {
        loop {
            let is_last = recording.load(Ordering::SeqCst) == 0;
            reader.follow().await;
            if is_last {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::join!(join_all(write), read, async {
        record.await;
        recording.fetch_sub(1, Ordering::SeqCst);
    });
    println!(
        "{} records in {} pages: {} deliveries killed, {} again, {} failed",
        mapping.records.len(),
        reader.pages,
        mapping.killed,
        mapping.again,
        mapping.failed
    );

    let mut expected = Events::new();
    for writer in &writers {
        for (id, events) in &writer.events {
            expected.entry(id.clone()).or_default().extend(events.iter().cloned());
        }
    }
    let count: usize = expected.values().map(Vec::len).sum();
    assert!(count >= CHANGES);
    assert_eq!(reader.count, count);
    let mut seen = reader.events;
    let recorded = world.recorded(&account.tenant).await;
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for event in &recorded {
        versions.entry(&event.subject).or_default().push(&event.version);
    }
    // Several writers change these at the same time: the order is that of the stream, in which the memory's versions are.
    let mut stored: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for record in &mapping.records {
        let image = &record["dynamodb"]["NewImage"];
        let (Some(id), Some(version)) = (image["id"]["S"].as_str(), image["version"]["S"].as_str()) else {
            continue;
        };
        stored.entry(id).or_default().push(version);
    }
    for id in &shared {
        assert_eq!(versions[id.as_str()], stored[id.as_str()], "{id}");
        for events in [&mut seen, &mut expected] {
            events.get_mut(id).expect("the memory").sort();
        }
    }
    for (id, events) in &expected {
        assert_eq!(seen.get(id), Some(events), "{id}");
    }
}
