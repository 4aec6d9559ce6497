//! What DynamoDB and Lambda do in the background: DynamoDB removes expired items, and Lambda delivers the stream of a table
//! to the functions that consume it.

use std::time::Duration;

use dynoxide::Database;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::{decode_shard_iterator, encode_shard_iterator};
use dynoxide::streams::shard_id;
use hb_domain::Clock;
use hb_http::stream::Consumer;
use hb_store::{Store, Table};
use serde_json::json;
use strum::VariantArray;
use tokio::task::JoinHandle;

use crate::stream_records::StreamRecords;
use crate::{StartError, functions};

/// The time between two sweeps and deliveries. DynamoDB itself takes hours to remove an expired item.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long a stream keeps a record.
const RETENTION: Duration = Duration::from_secs(86_400);
/// The records of a batch.
const BATCH: usize = 100;

/// Removes expired items, delivers streams to every consumer of [`functions::FUNCTIONS`], and deletes delivered records.
pub struct StreamPoller {
    database: Database,
    records: Option<StreamRecords>,
    store: Store,
    clock: Clock,
    subscriptions: Vec<Subscription>,
}

/// A consumer and its position in the stream of its table.
#[derive(Clone, Debug)]
struct Subscription {
    function: &'static str,
    consumer: Consumer,
    /// The sequence number of the last record that was processed; 0 before the first.
    position: i64,
}

/// A poller that runs in the background; it ends when dropped.
#[derive(Debug)]
pub struct Background(JoinHandle<()>);

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl StreamPoller {
    /// A poller at the beginning of every stream. Consumers recognise records that they processed before.
    pub fn new(database: Database, store: Store, clock: Clock) -> Self {
        let subscriptions = functions::consumers().map(|(function, consumer)| Subscription {
            function,
            consumer,
            position: 0,
        });
        Self { database, records: None, store, clock, subscriptions: subscriptions.collect() }
    }

    /// The same poller, which deletes a record as soon as every consumer of its table has processed it.
    #[must_use]
    pub fn deleting(mut self, records: StreamRecords) -> Self {
        self.records = Some(records);
        self
    }

    /// The same poller for the consumer of one function only. It deletes nothing.
    #[must_use]
    pub fn only(mut self, function: &str) -> Self {
        self.subscriptions.retain(|subscription| subscription.function == function);
        self.records = None;
        self
    }

    /// Sweeps and delivers every few seconds until the result is dropped.
    pub fn start(mut self) -> Background {
        Background(tokio::spawn(async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                if let Err(error) = self.sweep().await {
                    tracing::error!(%error, "expired items were not removed; the next sweep retries");
                }
                if let Err(error) = self.deliver().await {
                    tracing::error!(%error, "stream records were not processed; they are delivered again");
                }
            }
        }))
    }

    /// Removes the expired items and returns how many there were.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep(&self) -> Result<usize, StartError> {
        let database = self.database.clone();
        let swept = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
        swept.map_err(failed)?.map_err(failed)
    }

    /// Delivers the new records of every stream to their consumers, and deletes those that all of them have processed. A
    /// consumer that fails does not block the others.
    ///
    /// # Errors
    /// The first error of the database or a consumer. The same records are delivered again by the next call.
    pub async fn deliver(&mut self) -> Result<(), StartError> {
        let mut outcome = Ok(());
        for subscription in &mut self.subscriptions {
            let delivered = subscription.deliver(&self.database, &self.store, &self.clock).await;
            outcome = outcome.and(delivered);
        }
        outcome.and(self.delete_processed().await)
    }

    /// Deletes the records of each table up to the position of its slowest consumer, all if it has none.
    async fn delete_processed(&self) -> Result<(), StartError> {
        let Some(records) = &self.records else { return Ok(()) };
        for table in Table::VARIANTS {
            let consumers =
                self.subscriptions.iter().filter(|subscription| subscription.consumer.table == *table);
            let processed = consumers.map(|subscription| subscription.position).min().unwrap_or(i64::MAX);
            records.delete_until(table.definition().resource, processed).await?;
        }
        Ok(())
    }
}

impl Subscription {
    async fn deliver(&mut self, database: &Database, store: &Store, clock: &Clock) -> Result<(), StartError> {
        let table = self.consumer.table.definition().resource;
        loop {
            let database = database.clone();
            let position = encode_shard_iterator(table, &shard_id(table), self.position);
            let read = tokio::task::spawn_blocking(move || {
                database.get_records(GetRecordsRequest { shard_iterator: position, limit: Some(BATCH) })
            });
            let mut read = read.await.map_err(failed)?.map_err(failed)?;
            if read.records.is_empty() {
                return Ok(());
            }
            let now = clock.now();
            let oldest = now.seconds() - i64::try_from(RETENTION.as_secs()).unwrap_or(0);
            // The newest record of a stream has no keys after it was processed.
            read.records.retain(|record| {
                !record.dynamodb.keys.is_empty()
                    && record.dynamodb.approximate_creation_date_time >= oldest as f64
            });
            let batch = serde_json::from_value(json!({ "Records": read.records })).map_err(failed)?;
            if (self.consumer.handle)(store, &batch, now).await.has_failed() {
                return Err(failed(format_args!("the function {} failed on a record", self.function)));
            }
            let next = read.next_shard_iterator.as_deref().and_then(decode_shard_iterator);
            let (_, _, next) = next.ok_or_else(|| failed("a position is missing"))?;
            self.position = next;
        }
    }
}

impl std::fmt::Debug for StreamPoller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamPoller").field("subscriptions", &self.subscriptions).finish_non_exhaustive()
    }
}

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::new(format!("streams: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use hb_http::stream::BatchResponse;
    use hb_store::aws::Aws;

    use super::*;
    use crate::{database, stack};

    /// The records that [`COUNTING`] has processed.
    static PROCESSED: AtomicUsize = AtomicUsize::new(0);

    const COUNTING: Consumer = Consumer {
        table: Table::Memories,
        handle: |_, batch, _| {
            PROCESSED.fetch_add(batch.records.len(), Ordering::SeqCst);
            Box::pin(async { BatchResponse::processed() })
        },
    };

    const FAILING: Consumer = Consumer {
        table: Table::Memories,
        handle: |_, batch, _| Box::pin(async { BatchResponse::failed_at(&batch.records[0]) }),
    };

    #[tokio::test]
    async fn a_record_is_deleted_when_every_consumer_of_its_table_has_processed_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::system();
        let served = database::serve(Some(&folder.path().join("dynamodb.sqlite")), &clock).await;
        let served = served.expect("a database");
        let aws = Aws::local(served.url(), String::new());
        let client = aws_sdk_dynamodb::Client::from_conf(aws.dynamodb());
        let tables = crate::template::Template::embedded().and_then(|template| template.tables());
        database::create_tables(&client, &tables.expect("tables")).await.expect("tables");
        let write = async |count: usize| {
            for id in 0..count {
                let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
                let put = client.put_item().table_name("Memories").item("tenant", text("acme"));
                put.item("id", text(&format!("mem_{id}"))).send().await.expect("a write");
            }
        };
        let left = || {
            let request = GetRecordsRequest {
                shard_iterator: encode_shard_iterator("Memories", &shard_id("Memories"), 0),
                limit: None,
            };
            served.database().get_records(request).expect("records").records
        };
        let poller = |consumers: &[Consumer]| {
            let mut poller = StreamPoller::new(served.database(), stack::store(&aws), clock.clone())
                .deleting(served.stream_records().expect("a file"));
            let subscription =
                |consumer: &Consumer| Subscription { function: "test", consumer: *consumer, position: 0 };
            poller.subscriptions = consumers.iter().map(subscription).collect();
            poller
        };

        write(250).await;
        let mut slow = poller(&[COUNTING, FAILING]);
        assert!(slow.deliver().await.is_err());
        assert_eq!((PROCESSED.load(Ordering::SeqCst), left().len()), (250, 250));

        // One that failed is delivered again, and the other one gets nothing twice.
        slow.subscriptions[1].consumer = COUNTING;
        slow.deliver().await.expect("a delivery");
        assert_eq!(PROCESSED.load(Ordering::SeqCst), 500);
        let newest = left();
        assert_eq!(newest.len(), 1);
        assert!(newest[0].dynamodb.keys.is_empty() && newest[0].dynamodb.new_image.is_none());

        // A later process does not deliver what is left.
        write(3).await;
        let mut next = poller(&[COUNTING]);
        next.deliver().await.expect("a delivery");
        assert_eq!((PROCESSED.load(Ordering::SeqCst), left().len()), (503, 1));

        // Without a consumer records are deleted at once.
        write(3).await;
        poller(&[]).deliver().await.expect("a delivery");
        assert_eq!((PROCESSED.load(Ordering::SeqCst), left().len()), (503, 1));
    }
}
