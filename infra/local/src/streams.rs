//! What DynamoDB, Lambda and EventBridge do in the background: DynamoDB removes expired items, Lambda delivers the stream of a
//! table to the functions that consume it, and EventBridge invokes functions on a schedule.

mod lanes;
mod records;
mod running;
mod subscription;
#[cfg(test)]
mod tests;

use std::time::Duration;

use dynoxide::Database;
use hb_domain::Clock;
use hb_http::stream::{Consumer, Consumption};
use hb_store::Table;
use strum::VariantArray;

pub use self::records::records_after;
pub use self::running::Background;
use self::subscription::{Source, Subscription};
use crate::stream_records::StreamRecords;
use crate::{StartError, functions};

/// The time between two deliveries. Lambda polls a stream four times a second too.
const INTERVAL: Duration = Duration::from_millis(250);
/// The deliveries between two sweeps: 5 s. DynamoDB itself takes hours to remove an expired item. A consumer that has failed
/// is called again as often.
const SWEEP_EVERY: u32 = 20;
/// The time between two passes of a schedule. A deployed one has a minute between them.
const SCHEDULE: Duration = Duration::from_secs(1);
/// How long a stream keeps a record.
const RETENTION: Duration = Duration::from_secs(86_400);
/// The records of a batch.
const BATCH: usize = 100;

/// Removes expired items, delivers streams to every consumer of [`functions::FUNCTIONS`], and deletes delivered records.
pub struct StreamPoller {
    source: Source,
    subscriptions: Vec<Subscription>,
    /// The functions that may have a schedule. Only a [running](Self::start) poller invokes them.
    consumers: Vec<(&'static str, Consumer)>,
}

impl StreamPoller {
    /// A poller at the beginning of every stream. Consumers recognise records that they processed before.
    pub fn new(database: Database, consumption: Consumption, clock: Clock) -> Self {
        let source = Source { database, records: None, consumption, clock };
        Self::of(source, functions::consumers().collect())
    }

    fn of(source: Source, consumers: Vec<(&'static str, Consumer)>) -> Self {
        let subscriptions = consumers.iter().flat_map(|(function, consumer)| {
            let tables = consumer.tables.iter();
            tables.map(|table| Subscription::new(function, *consumer, *table))
        });
        Self { subscriptions: subscriptions.collect(), source, consumers }
    }

    /// The same poller, which continues at the positions that are kept in the database's file, keeps its own there, and
    /// deletes a record as soon as every consumer of its table has processed it.
    ///
    /// # Errors
    /// If the positions cannot be read.
    pub async fn continuing(mut self, records: StreamRecords) -> Result<Self, StartError> {
        for subscription in &self.subscriptions {
            let kept = records.position(subscription.function, subscription.table_name()).await?;
            subscription.position.set(kept);
        }
        self.source.records = Some(records);
        Ok(self)
    }

    /// The same poller for the consumer of one function only. It deletes nothing.
    #[must_use]
    pub fn only(mut self, function: &str) -> Self {
        self.subscriptions.retain(|subscription| subscription.function == function);
        self.consumers.retain(|(name, _)| *name == function);
        self.source.records = None;
        self
    }

    /// Removes the expired items and returns how many there were.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep(&self) -> Result<usize, StartError> {
        self.source.sweep().await
    }

    /// Delivers the new records of every stream to their consumers, one after the other in the order of
    /// [`functions::FUNCTIONS`], and deletes those that all of them have processed. A consumer that fails does not block the
    /// others, nor its own other tables.
    ///
    /// # Errors
    /// The first error of the database or a consumer. The records from the failed one on are delivered again by the next call.
    pub async fn deliver(&mut self) -> Result<(), StartError> {
        self.deliver_where(|_| true).await
    }

    /// As [`deliver`](Self::deliver), without the functions that have a schedule: these talk to others than the stack's own
    /// servers, and their schedule finds what is left.
    ///
    /// # Errors
    /// As [`deliver`](Self::deliver).
    pub(crate) async fn catch_up(&mut self) -> Result<(), StartError> {
        self.deliver_where(|subscription| subscription.consumer.schedule.is_none()).await
    }

    async fn deliver_where(&mut self, is_due: impl Fn(&Subscription) -> bool) -> Result<(), StartError> {
        let mut outcome = Ok(());
        for subscription in self.subscriptions.iter_mut().filter(|subscription| is_due(subscription)) {
            outcome = outcome.and(subscription.deliver(&self.source).await);
        }
        for table in Table::VARIANTS.iter().filter(|table| table.definition().stream.is_some()) {
            let consumers = self.subscriptions.iter().filter(|subscription| subscription.table == *table);
            let positions: Vec<_> = consumers.map(|subscription| subscription.position.clone()).collect();
            outcome = outcome.and(self.source.delete_processed(*table, &positions).await);
        }
        outcome
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
