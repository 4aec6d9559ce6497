//! What DynamoDB and Lambda do in the background: DynamoDB removes expired items, and Lambda delivers the stream of a table
//! to the functions that consume it.

use std::time::Duration;

use dynoxide::Database;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::encode_shard_iterator;
use dynoxide::streams::shard_id;
use hb_domain::Clock;
use hb_http::stream::Consumer;
use hb_store::Store;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{StartError, functions};

/// The time between two sweeps and deliveries. DynamoDB itself takes hours to remove an expired item.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long a stream keeps a record.
const RETENTION: Duration = Duration::from_secs(86_400);
/// The records of a batch.
const BATCH: usize = 100;

/// Removes expired items and delivers streams to every consumer of [`functions::FUNCTIONS`].
pub struct StreamPoller {
    database: Database,
    store: Store,
    clock: Clock,
    subscriptions: Vec<Subscription>,
}

/// A consumer and its position in the stream of its table.
#[derive(Clone, Debug)]
struct Subscription {
    function: &'static str,
    consumer: Consumer,
    position: String,
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
        let subscriptions = functions::consumers().map(|(function, consumer)| {
            let table = consumer.table.definition().resource;
            Subscription { function, consumer, position: encode_shard_iterator(table, &shard_id(table), 0) }
        });
        Self { database, store, clock, subscriptions: subscriptions.collect() }
    }

    /// The same poller for the consumer of one function only.
    #[must_use]
    pub fn only(mut self, function: &str) -> Self {
        self.subscriptions.retain(|subscription| subscription.function == function);
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

    /// Delivers the new records of every stream to their consumers. A consumer that fails does not block the others.
    ///
    /// # Errors
    /// The first error of the database or a consumer. The same records are delivered again by the next call.
    pub async fn deliver(&mut self) -> Result<(), StartError> {
        let mut outcome = Ok(());
        for subscription in &mut self.subscriptions {
            let delivered = subscription.deliver(&self.database, &self.store, &self.clock).await;
            outcome = outcome.and(delivered);
        }
        outcome
    }
}

impl Subscription {
    async fn deliver(&mut self, database: &Database, store: &Store, clock: &Clock) -> Result<(), StartError> {
        loop {
            let (database, position) = (database.clone(), self.position.clone());
            let read = tokio::task::spawn_blocking(move || {
                database.get_records(GetRecordsRequest { shard_iterator: position, limit: Some(BATCH) })
            });
            let read = read.await.map_err(failed)?.map_err(failed)?;
            if read.records.is_empty() {
                return Ok(());
            }
            let now = clock.now();
            let mut records = serde_json::to_value(&read.records).map_err(failed)?;
            if let Value::Array(records) = &mut records {
                let oldest = now.seconds() - i64::try_from(RETENTION.as_secs()).unwrap_or(0);
                records.retain(|record| {
                    record["dynamodb"]["ApproximateCreationDateTime"]
                        .as_f64()
                        .is_some_and(|at| at >= oldest as f64)
                });
            }
            let batch = serde_json::from_value(json!({ "Records": records })).map_err(failed)?;
            if (self.consumer.handle)(store, &batch, now).await.has_failed() {
                return Err(failed(format_args!("the function {} failed on a record", self.function)));
            }
            if let Some(next) = read.next_shard_iterator {
                self.position = next;
            }
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
