//! A consumer's subscription to the stream of one table, as an event source mapping of Lambda.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use dynoxide::Database;
use dynoxide::actions::get_records::{GetRecordsRequest, Record};
use dynoxide::actions::get_shard_iterator::{decode_shard_iterator, encode_shard_iterator};
use dynoxide::streams::shard_id;
use hb_domain::{Clock, Timestamp};
use hb_http::stream::{Batch, BatchResponse, Consumer, Consumption};
use hb_store::Table;
use serde_json::{Value, json};

use super::lanes::{self, Lanes};
use super::{BATCH, RETENTION, failed};
use crate::StartError;
use crate::stream_records::StreamRecords;

/// The sequence number of the last record that was processed; 0 before the first. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Position(Arc<AtomicI64>);

impl Position {
    pub(super) fn get(&self) -> i64 {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn set(&self, position: i64) {
        self.0.store(position, Ordering::Release);
    }
}

/// A consumer and its position in the stream of one of its tables.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) function: &'static str,
    pub(super) consumer: Consumer,
    pub(super) table: Table,
    pub(super) position: Position,
    /// Whether the last delivery failed.
    pub(super) has_failed: bool,
}

/// What subscriptions read, and what their consumers get; cheap to clone.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) database: Database,
    /// Where positions are kept; `None` in memory.
    pub(super) records: Option<StreamRecords>,
    pub(super) consumption: Consumption,
    pub(super) clock: Clock,
}

impl Source {
    /// Removes the expired items and returns how many there were.
    pub(super) async fn sweep(&self) -> Result<usize, StartError> {
        let database = self.database.clone();
        let swept = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
        swept.map_err(failed)?.map_err(failed)
    }

    /// A number that changes with every write to the database's file; `None` in memory, or if it cannot be read.
    pub(super) async fn version(&self) -> Option<i64> {
        match &self.records {
            Some(records) => records.version().await.ok(),
            None => None,
        }
    }

    /// Deletes the records of a table's stream up to the position of its slowest consumer, all if it has none.
    pub(super) async fn delete_processed(
        &self,
        table: Table,
        consumers: &[Position],
    ) -> Result<(), StartError> {
        let Some(records) = &self.records else { return Ok(()) };
        let processed = consumers.iter().map(Position::get).min().unwrap_or(i64::MAX);
        records.delete_until(table.definition().resource, processed).await
    }
}

impl Subscription {
    /// A subscription at the beginning of the stream.
    pub(super) fn new(function: &'static str, consumer: Consumer, table: Table) -> Self {
        Self { function, consumer, table, position: Position::default(), has_failed: false }
    }

    /// The table's name in the local stack.
    pub(super) fn table_name(&self) -> &'static str {
        self.table.definition().resource
    }

    /// Delivers the records after the position, batch by batch, and keeps the position after each batch.
    ///
    /// # Errors
    /// The database's, or that the consumer has failed on a record. The records from this one on are delivered again by the
    /// next call, those before it are not.
    pub(super) async fn deliver(&mut self, source: &Source) -> Result<(), StartError> {
        let outcome = self.deliver_all(source).await;
        self.has_failed = outcome.is_err();
        outcome
    }

    async fn deliver_all(&mut self, source: &Source) -> Result<(), StartError> {
        loop {
            let (mut records, end) = self.read(&source.database).await?;
            let Some(last) = records.last().map(number) else { return Ok(()) };
            let now = source.clock.now();
            records.retain(|record| is_deliverable(record, now));
            let first_failed = if records.is_empty() {
                None
            } else {
                let batch = self.batch(&records)?;
                let response = (self.consumer.handle)(&source.consumption, &batch, now).await;
                first_failure(&response, &records)?
            };
            // Numbers that others see have an offset.
            let unprocessed = first_failed.map_or(0, |first| last - number(first) + 1);
            let processed = end - i64::try_from(unprocessed).map_err(failed)?;
            self.advance(source, processed).await?;
            if first_failed.is_some() {
                let (function, table) = (self.function, self.table_name());
                return Err(failed(format_args!("the function {function} failed on a record of {table}")));
            }
        }
    }

    /// Hands over the records after the position to the lanes, and does not wait for what becomes of them: the schedule of the
    /// consumer finds what they were about.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn hand_over(&self, source: &Source, lanes: &Lanes) -> Result<(), StartError> {
        loop {
            let (mut records, end) = self.read(&source.database).await?;
            if records.is_empty() {
                return Ok(());
            }
            let now = source.clock.now();
            records.retain(|record| is_deliverable(record, now));
            for (lane, records) in by_lane(records) {
                lanes.hand_over(lane, self.batch(&records)?);
            }
            self.advance(source, end).await?;
        }
    }

    /// Moves the position, which never goes back, and keeps it.
    async fn advance(&self, source: &Source, processed: i64) -> Result<(), StartError> {
        if processed <= self.position.get() {
            return Ok(());
        }
        self.position.set(processed);
        match &source.records {
            Some(records) => records.keep_position(self.function, self.table_name(), processed).await,
            None => Ok(()),
        }
    }

    /// The next records, and the sequence number of the last of them.
    async fn read(&self, database: &Database) -> Result<(Vec<Record>, i64), StartError> {
        let table = self.table_name();
        let database = database.clone();
        let position = encode_shard_iterator(table, &shard_id(table), self.position.get());
        let read = tokio::task::spawn_blocking(move || {
            database.get_records(GetRecordsRequest { shard_iterator: position, limit: Some(BATCH) })
        });
        let read = read.await.map_err(failed)?.map_err(failed)?;
        let next = read.next_shard_iterator.as_deref().and_then(decode_shard_iterator);
        let (_, _, end) = next.ok_or_else(|| failed("a position is missing"))?;
        Ok((read.records, end))
    }

    fn batch(&self, records: &[Record]) -> Result<Batch, StartError> {
        let mut records = serde_json::to_value(records).map_err(failed)?;
        let source = format!("arn:aws:dynamodb:local:0:table/{}/stream/local", self.table_name());
        for record in records.as_array_mut().into_iter().flatten() {
            record["eventSourceARN"] = json!(source);
        }
        serde_json::from_value(json!({ "Records": records })).map_err(failed)
    }
}

/// The records of each lane, in their order.
fn by_lane(records: Vec<Record>) -> BTreeMap<usize, Vec<Record>> {
    let mut lanes = BTreeMap::<usize, Vec<Record>>::new();
    for record in records {
        lanes.entry(lanes::lane_of(&record.dynamodb.keys)).or_default().push(record);
    }
    lanes
}

/// Whether a record has content and is not older than a stream keeps records. The newest record of a stream has no keys after
/// it was processed.
fn is_deliverable(record: &Record, now: Timestamp) -> bool {
    let oldest = now.seconds() - i64::try_from(RETENTION.as_secs()).unwrap_or(0);
    !record.dynamodb.keys.is_empty() && record.dynamodb.approximate_creation_date_time >= oldest as f64
}

/// The record from which Lambda delivers again: the first that the response names, or the first of the batch if the response
/// names one that is not in it.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
fn first_failure<'r>(
    response: &BatchResponse,
    records: &'r [Record],
) -> Result<Option<&'r Record>, StartError> {
    let response = serde_json::to_value(response).map_err(failed)?;
    let named = response["batchItemFailures"].as_array().into_iter().flatten();
    let index = |failure: &Value| {
        let id = failure["itemIdentifier"].as_str().unwrap_or_default();
        records.iter().position(|record| record.dynamodb.sequence_number == id).unwrap_or(0)
    };
    Ok(named.map(index).min().and_then(|first| records.get(first)))
}

/// A record's sequence number.
fn number(record: &Record) -> u128 {
    record.dynamodb.sequence_number.parse().unwrap_or(0)
}
