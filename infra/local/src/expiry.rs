//! What DynamoDB and Lambda do by themselves: items whose time is over are removed, and the function of
//! upkeep is told of it.

use std::time::Duration;

use dynoxide::Database;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::encode_shard_iterator;
use dynoxide::streams::shard_id;
use hb_domain::Clock;
use hb_store::Store;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::StartError;

/// How often items are looked at whose time may be over; DynamoDB itself takes hours.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(5);
/// How long a stream keeps an event.
const RETENTION: Duration = Duration::from_secs(86_400);
/// The table whose stream is consumed.
const TABLE: &str = "Memories";

/// The consumer of one stream, from its beginning on.
pub struct Expiry {
    database: Database,
    store: Store,
    clock: Clock,
    position: String,
}

/// Upkeep in the background; it ends when dropped.
#[derive(Debug)]
pub struct Background(JoinHandle<()>);

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Expiry {
    /// A consumer that has seen nothing yet. What it is told a second time it knows by the event's id.
    pub fn new(database: Database, store: Store, clock: Clock) -> Self {
        let position = encode_shard_iterator(TABLE, &shard_id(TABLE), 0);
        Self { database, store, clock, position }
    }

    /// Sweeps and delivers every few seconds until the answer is dropped.
    pub fn start(mut self) -> Background {
        Background(tokio::spawn(async move {
            loop {
                tokio::time::sleep(BETWEEN_SWEEPS).await;
                let done = async {
                    self.sweep().await?;
                    self.deliver().await
                };
                if let Err(error) = done.await {
                    tracing::error!(%error, "upkeep failed; it is tried again");
                }
            }
        }))
    }

    /// Removes the items whose time is over; gives how many there were.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep(&self) -> Result<usize, StartError> {
        let database = self.database.clone();
        let swept = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
        swept.map_err(failed)?.map_err(failed)
    }

    /// Hands the function what has happened since the last time.
    ///
    /// # Errors
    /// The database's; the same events are then delivered again the next time.
    pub async fn deliver(&mut self) -> Result<(), StartError> {
        loop {
            let (database, position) = (self.database.clone(), self.position.clone());
            let read = tokio::task::spawn_blocking(move || {
                database.get_records(GetRecordsRequest { shard_iterator: position, limit: Some(100) })
            });
            let read = read.await.map_err(failed)?.map_err(failed)?;
            if read.records.is_empty() {
                return Ok(());
            }
            let now = self.clock.now();
            let mut records = serde_json::to_value(&read.records).map_err(failed)?;
            if let Value::Array(records) = &mut records {
                let oldest = now.seconds() - i64::try_from(RETENTION.as_secs()).unwrap_or(0);
                records.retain(|record| {
                    record["dynamodb"]["ApproximateCreationDateTime"]
                        .as_f64()
                        .is_some_and(|at| at >= oldest as f64)
                });
            }
            let event = serde_json::from_value(json!({ "Records": records })).map_err(failed)?;
            let answer = expiry::handle(&self.store, &event, now).await;
            if answer["batchItemFailures"].as_array().is_some_and(|failures| !failures.is_empty()) {
                return Err(StartError::new("the function of upkeep could not deal with an event"));
            }
            if let Some(next) = read.next_shard_iterator {
                self.position = next;
            }
        }
    }
}

impl std::fmt::Debug for Expiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upkeep").field("position", &self.position).finish_non_exhaustive()
    }
}

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::new(format!("upkeep: {error}"))
}
