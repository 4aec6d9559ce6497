mod running;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::actions::get_records::{GetRecordsRequest, Record};
use dynoxide::actions::get_shard_iterator::encode_shard_iterator;
use dynoxide::streams::shard_id;
use hb_domain::webhook::UrlPolicy;
use hb_http::Entropy;
use hb_http::stream::{Batch, BatchResponse, Consumer, Processing};
use hb_sender::Sender;
use hb_store::aws::Aws;

use super::*;
use crate::database::LocalDatabase;
use crate::{database, stack};

type Handle = for<'b> fn(&'b Consumption, &'b Batch, hb_domain::Timestamp) -> Processing<'b>;

/// A database in a file, with the tables of the template.
struct Scene {
    folder: tempfile::TempDir,
    clock: Clock,
    served: LocalDatabase,
    aws: Aws,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::system();
        let (served, aws) = Self::open(&folder, &clock).await;
        let client = aws_sdk_dynamodb::Client::from_conf(aws.dynamodb());
        let tables = crate::template::Template::embedded().and_then(|template| template.tables());
        database::create_tables(&client, &tables.expect("tables")).await.expect("tables");
        Self { folder, clock, served, aws }
    }

    async fn open(folder: &tempfile::TempDir, clock: &Clock) -> (LocalDatabase, Aws) {
        let served = database::serve(Some(&folder.path().join("dynamodb.sqlite")), clock).await;
        let served = served.expect("a database");
        let aws = Aws::local(served.url(), String::new());
        (served, aws)
    }

    /// The scene after the process has ended and another has opened the file.
    async fn restarted(self) -> Self {
        let Self { folder, clock, served, .. } = self;
        served.stop().await;
        let (served, aws) = Self::open(&folder, &clock).await;
        Self { folder, clock, served, aws }
    }

    /// Writes an item with each of these ids to the table of memories.
    async fn write(&self, ids: impl IntoIterator<Item = usize>) {
        self.write_to("Memories", ids).await;
    }

    async fn write_to(&self, table: &str, ids: impl IntoIterator<Item = usize>) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let text = |text: &str| AttributeValue::S(text.to_owned());
        for id in ids {
            let id = format!("{id:04}");
            let put = client.put_item().table_name(table).item("tenant", text("acme"));
            let put = put.item("pk", text("acme")).item("sk", text(&id)).item("id", text(&id));
            put.send().await.expect("a write");
        }
    }

    /// The records of the table of memories.
    fn left(&self) -> Vec<Record> {
        let request = GetRecordsRequest {
            shard_iterator: encode_shard_iterator("Memories", &shard_id("Memories"), 0),
            limit: None,
        };
        self.served.database().get_records(request).expect("records").records
    }

    /// A poller for these functions, as the local stack has it.
    async fn poller(&self, functions: &[(&'static str, &'static [Table], Handle)]) -> StreamPoller {
        let consumers = functions.iter().map(|(function, tables, handle)| {
            (*function, Consumer { tables, handle: *handle, schedule: None })
        });
        self.poller_of(consumers.collect()).await
    }

    async fn poller_of(&self, consumers: Vec<(&'static str, Consumer)>) -> StreamPoller {
        let records = self.served.stream_records().expect("a file");
        let sender = Sender::new(UrlPolicy::Local);
        let consumption = stack::consumption(&self.aws, &self.clock, &Entropy::system(), sender);
        let source = Source {
            database: self.served.database(),
            records: None,
            consumption,
            clock: self.clock.clone(),
        };
        let poller = StreamPoller::of(source, consumers);
        poller.continuing(records).await.expect("positions")
    }
}

const MEMORIES: &[Table] = &[Table::Memories];

/// The ids of the items of a batch.
fn ids(batch: &Batch) -> Vec<usize> {
    let image = |record: &hb_http::stream::Record| record.new_image().cloned().expect("an image");
    let id = |record| image(record)["id"]["S"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    batch.records.iter().map(id).collect()
}

fn failing<'b>(_: &'b Consumption, batch: &'b Batch, _: hb_domain::Timestamp) -> Processing<'b> {
    Box::pin(async { BatchResponse::failed_at(&batch.records[0]) })
}

#[tokio::test]
async fn a_record_is_deleted_when_every_consumer_of_its_table_has_processed_it() {
    static PROCESSED: AtomicUsize = AtomicUsize::new(0);
    let counting: Handle = |_, batch, _| {
        PROCESSED.fetch_add(batch.records.len(), Ordering::SeqCst);
        Box::pin(async { BatchResponse::processed() })
    };
    let scene = Scene::new().await;
    scene.write(0..250).await;
    let mut slow = scene.poller(&[("counts", MEMORIES, counting), ("slow", MEMORIES, failing)]).await;
    assert!(slow.deliver().await.is_err());
    assert_eq!((PROCESSED.load(Ordering::SeqCst), scene.left().len()), (250, 250));

    // One that failed is delivered again, and the other one gets nothing twice.
    slow.subscriptions[1].consumer.handle = counting;
    slow.deliver().await.expect("a delivery");
    assert_eq!(PROCESSED.load(Ordering::SeqCst), 500);
    let newest = scene.left();
    assert_eq!(newest.len(), 1);
    assert!(newest[0].dynamodb.keys.is_empty() && newest[0].dynamodb.new_image.is_none());

    // A function without a position does not get what is left.
    scene.write(0..3).await;
    let mut next = scene.poller(&[("new", MEMORIES, counting)]).await;
    next.deliver().await.expect("a delivery");
    assert_eq!((PROCESSED.load(Ordering::SeqCst), scene.left().len()), (503, 1));

    // Without a consumer records are deleted at once.
    scene.write(0..3).await;
    scene.poller(&[]).await.deliver().await.expect("a delivery");
    assert_eq!((PROCESSED.load(Ordering::SeqCst), scene.left().len()), (503, 1));
}

#[tokio::test]
async fn positions_survive_a_restart() {
    static SEEN: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let noting: Handle = |_, batch, _| {
        SEEN.lock().expect("ids").extend(ids(batch));
        Box::pin(async { BatchResponse::processed() })
    };
    let scene = Scene::new().await;
    scene.write(0..150).await;
    // The second function keeps the records in the stream.
    let functions: &[(_, _, Handle)] = &[("notes", MEMORIES, noting), ("stuck", MEMORIES, failing)];
    assert!(scene.poller(functions).await.deliver().await.is_err());
    assert_eq!(*SEEN.lock().expect("ids"), (0..150).collect::<Vec<_>>());

    let scene = scene.restarted().await;
    scene.write(150..152).await;
    assert_eq!(scene.left().len(), 152);
    assert!(scene.poller(functions).await.deliver().await.is_err());
    assert_eq!(*SEEN.lock().expect("ids"), (0..152).collect::<Vec<_>>(), "none is delivered twice");

    // The one that was stuck continues at its own position, the beginning.
    SEEN.lock().expect("ids").clear();
    let scene = scene.restarted().await;
    let functions: &[(_, _, Handle)] = &[("notes", MEMORIES, noting), ("stuck", MEMORIES, noting)];
    scene.poller(functions).await.deliver().await.expect("a delivery");
    assert_eq!(*SEEN.lock().expect("ids"), (0..152).collect::<Vec<_>>());
    assert_eq!(scene.left().len(), 1);
}

#[tokio::test]
async fn a_failed_record_and_those_after_it_are_delivered_again_and_those_before_it_are_not() {
    static BATCHES: Mutex<Vec<Vec<usize>>> = Mutex::new(Vec::new());
    // Fails on 3, until it is delivered first.
    let partial: Handle = |_, batch, _| {
        let ids = ids(batch);
        let at = ids.iter().position(|id| *id == 3).filter(|at| *at > 0);
        let failed = |at| BatchResponse::failed_at(&batch.records[at]);
        let response = at.map_or_else(BatchResponse::processed, failed);
        BATCHES.lock().expect("batches").push(ids);
        Box::pin(async { response })
    };
    let scene = Scene::new().await;
    scene.write(0..6).await;
    let functions: &[(_, _, Handle)] = &[("partial", MEMORIES, partial)];
    assert!(scene.poller(functions).await.deliver().await.is_err());
    // Those before it are processed for the next process too, and deleted.
    let scene = scene.restarted().await;
    scene.poller(functions).await.deliver().await.expect("a delivery");
    let batches = std::mem::take(&mut *BATCHES.lock().expect("batches"));
    assert_eq!(batches, [vec![0, 1, 2, 3, 4, 5], vec![3, 4, 5]]);
}

#[tokio::test]
async fn a_response_that_names_no_record_of_the_batch_fails_the_whole_batch() {
    static BATCHES: Mutex<Vec<Vec<usize>>> = Mutex::new(Vec::new());
    // Names the last record of an earlier batch.
    static EARLIER: Mutex<Option<BatchResponse>> = Mutex::new(None);
    let confused: Handle = |_, batch, _| {
        BATCHES.lock().expect("batches").push(ids(batch));
        let last = batch.records.last().map(BatchResponse::failed_at);
        let earlier = std::mem::replace(&mut *EARLIER.lock().expect("a response"), last);
        Box::pin(async { earlier.unwrap_or_default() })
    };
    let scene = Scene::new().await;
    let mut poller = scene.poller(&[("confused", MEMORIES, confused)]).await;
    scene.write(0..2).await;
    poller.deliver().await.expect("a delivery");
    scene.write(2..5).await;
    assert!(poller.deliver().await.is_err());
    EARLIER.lock().expect("a response").take();
    poller.deliver().await.expect("a delivery");
    let batches = std::mem::take(&mut *BATCHES.lock().expect("batches"));
    assert_eq!(batches, [vec![0, 1], vec![2, 3, 4], vec![2, 3, 4]]);
}

#[tokio::test]
async fn a_function_that_fails_on_one_table_holds_back_neither_its_other_tables_nor_other_functions() {
    static SEEN: Mutex<Vec<(Table, usize)>> = Mutex::new(Vec::new());
    fn noting<'b>(consumption: &'b Consumption, batch: &'b Batch, _: hb_domain::Timestamp) -> Processing<'b> {
        let table = batch.table(&consumption.store).expect("a table");
        SEEN.lock().expect("ids").extend(ids(batch).into_iter().map(|id| (table, id)));
        Box::pin(async { BatchResponse::processed() })
    }
    let picky: Handle = |consumption, batch, now| {
        let is_bad = batch.table(&consumption.store) == Some(Table::Memories);
        if is_bad { failing(consumption, batch, now) } else { noting(consumption, batch, now) }
    };
    let scene = Scene::new().await;
    scene.write([1]).await;
    scene.write_to("ApiKeys", [2]).await;
    let both: &[Table] = &[Table::Memories, Table::ApiKeys];
    let functions: &[(_, _, Handle)] = &[("picky", both, picky), ("notes", MEMORIES, noting)];
    assert!(scene.poller(functions).await.deliver().await.is_err());
    let seen = SEEN.lock().expect("ids").clone();
    assert_eq!(seen, [(Table::ApiKeys, 2), (Table::Memories, 1)]);
}
