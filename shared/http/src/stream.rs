//! Events of DynamoDB Streams: batches of records, and functions that consume the streams of tables.
//!
//! Records arrive at least once, and in the order of each item's changes.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html>

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hb_domain::{Clock, Result, Timestamp};
use hb_sender::Sender;
use hb_store::{DeadLetters, Store, Table, with_capacity_metering};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::log::LATENESS;
use crate::{Entropy, WebhookKeyCache};

/// The identity under which DynamoDB removes expired items.
const TTL: (&str, &str) = ("Service", "dynamodb.amazonaws.com");

/// A function that consumes the streams of tables.
#[derive(Clone, Copy, Debug)]
pub struct Consumer {
    /// The tables. A batch comes from one of them.
    pub tables: &'static [Table],
    /// Processes a batch in order, at the given time.
    pub handle: for<'b> fn(&'b Consumption, &'b Batch, Timestamp) -> Processing<'b>,
    /// What the function does on its schedule, if it has one.
    pub schedule: Option<for<'b> fn(&'b Consumption) -> Pass<'b>>,
}

/// What consumers use; cheap to clone.
#[derive(Clone, Debug)]
pub struct Consumption {
    /// The tables.
    pub store: Store,
    /// The queue of the records that could not be processed.
    pub dead_letters: DeadLetters,
    /// What sends events to receivers.
    pub sender: Sender,
    /// The keys that encrypt the secrets of endpoints.
    pub webhook_keys: Arc<WebhookKeyCache>,
    /// The clock of the instance.
    pub clock: Clock,
    /// The randomness of the instance.
    pub entropy: Entropy,
}

impl Consumption {
    /// Passes a record over that cannot be processed in any delivery because of `problem`: sends it whole to the queue.
    ///
    /// # Errors
    /// The queue's: the record has to be delivered again.
    pub async fn pass_over(&self, record: &Record, problem: &str) -> Result<()> {
        tracing::error!(
            event = record.id(),
            problem,
            "a stream record could not be processed and goes to the queue of dead letters"
        );
        let sent = self.dead_letters.send(record.json()).await;
        if let Err(error) = &sent {
            tracing::error!(event = record.id(), %error, "the record did not reach the queue and is delivered again");
        }
        sent
    }
}

/// A batch that is being processed.
pub type Processing<'b> = Pin<Box<dyn Future<Output = BatchResponse> + Send + 'b>>;

/// A pass of the schedule that is under way.
pub type Pass<'b> = Pin<Box<dyn Future<Output = PassSummary> + Send + 'b>>;

/// What a pass of the schedule has done, for the log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassSummary {
    /// How many items were due.
    pub due: usize,
    /// How many events were sent.
    pub events: usize,
    /// How long the item that was due first had waited for the pass.
    pub late: Duration,
    /// Whether not all that is due could be read. The next pass repeats it.
    pub has_failed: bool,
}

/// What invokes a consumer.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Invocation {
    /// The records of a batch; `None` for the schedule.
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
}

/// The records of one delivery, in their order.
#[derive(Clone, Debug, Deserialize)]
pub struct Batch {
    /// The records.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

impl Batch {
    /// The table whose stream the batch comes from; `None` if it is none of the store's, or the batch is empty.
    pub fn table(&self, store: &Store) -> Option<Table> {
        let (_, name) = self.records.first()?.0["eventSourceARN"].as_str()?.split_once(":table/")?;
        store.table_named(name.split('/').next()?)
    }
}

/// One change of one item. What is missing in its JSON reads as empty, so that an unreadable record does not make its
/// batch unreadable.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Record(Value);

impl Record {
    /// The whole record.
    pub const fn json(&self) -> &Value {
        &self.0
    }

    /// The record's id, which is the same in every delivery.
    pub fn id(&self) -> &str {
        self.0["eventID"].as_str().unwrap_or_default()
    }

    /// `INSERT`, `MODIFY` or `REMOVE`.
    pub fn event_name(&self) -> &str {
        self.0["eventName"].as_str().unwrap_or_default()
    }

    /// The record's position in its shard.
    pub fn sequence_number(&self) -> &str {
        self.0["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default()
    }

    /// The item before the change, as attribute values: `{"tenant": {"S": "acme"}}`.
    pub fn old_image(&self) -> Option<&Value> {
        self.0["dynamodb"].get("OldImage").filter(|image| !image.is_null())
    }

    /// The item after the change, as attribute values.
    pub fn new_image(&self) -> Option<&Value> {
        self.0["dynamodb"].get("NewImage").filter(|image| !image.is_null())
    }

    /// The time of the change, in whole seconds; `None` if it is not a time.
    pub fn changed_at(&self) -> Option<Timestamp> {
        Timestamp::from_number(self.0["dynamodb"]["ApproximateCreationDateTime"].as_f64()?)
    }

    /// Whether DynamoDB removed the item because it had expired.
    pub fn is_ttl_removal(&self) -> bool {
        let identity = &self.0["userIdentity"];
        let identity = (identity["type"].as_str(), identity["principalId"].as_str());
        self.event_name() == "REMOVE" && identity == (Some(TTL.0), Some(TTL.1))
    }
}

/// The response to a delivery: the record from which Lambda has to deliver again, if there is one.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<BatchItemFailure>,
    /// For the log line.
    #[serde(skip)]
    events: usize,
    #[serde(skip)]
    skipped: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

impl BatchResponse {
    /// Every record was processed.
    pub fn processed() -> Self {
        Self::default()
    }

    /// `record` was not processed: it and the records after it have to be delivered again.
    pub fn failed_at(record: &Record) -> Self {
        let item_identifier = record.sequence_number().to_owned();
        Self { batch_item_failures: vec![BatchItemFailure { item_identifier }], ..Self::default() }
    }

    /// The same response of a batch from which `events` were recorded, and of which `skipped` records went to the queue of
    /// dead letters.
    #[must_use]
    pub fn counting(self, events: usize, skipped: usize) -> Self {
        Self { events, skipped, ..self }
    }

    /// Whether a record was not processed.
    pub const fn has_failed(&self) -> bool {
        !self.batch_item_failures.is_empty()
    }
}

/// One instance of a function that consumes a stream.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) consumer: Consumer,
    pub(crate) consumption: Consumption,
    /// Whether it has processed a batch.
    pub(crate) is_warm: AtomicBool,
}

impl Instance {
    /// Processes a batch, or does what is due on the schedule.
    pub(crate) async fn handle(&self, invocation: Invocation) -> BatchResponse {
        match (invocation.records, self.consumer.schedule) {
            (Some(records), _) => self.process(&Batch { records }).await,
            (None, Some(schedule)) => {
                self.pass(schedule).await;
                BatchResponse::processed()
            }
            (None, None) => {
                tracing::error!("the function was invoked without records, and has no schedule");
                BatchResponse::processed()
            }
        }
    }

    /// Does what is due and writes its log line.
    async fn pass(&self, schedule: for<'b> fn(&'b Consumption) -> Pass<'b>) {
        let started = Instant::now();
        let (summary, consumed) = with_capacity_metering(schedule(&self.consumption)).await;
        tracing::info!(
            target: "hb_http::schedule",
            due = summary.due,
            latency_ms = started.elapsed().as_secs_f64() * 1e3,
            cold = u8::from(!self.is_warm.swap(true, Ordering::Relaxed)),
            failed = u8::from(summary.has_failed),
            events = summary.events,
            db_calls = consumed.calls,
            throttled = consumed.throttled,
            read_units = consumed.read_units,
            write_units = consumed.write_units,
            "schedule"
        );
        // A pass that has failed does not know: what it could not read may be older.
        if !summary.has_failed {
            tracing::info!(target: LATENESS, late_seconds = summary.late.as_secs_f64(), "late");
        }
    }

    /// Processes a batch and writes its log line.
    async fn process(&self, batch: &Batch) -> BatchResponse {
        let started = Instant::now();
        let handled = (self.consumer.handle)(&self.consumption, batch, self.consumption.clock.now());
        let (response, consumed) = with_capacity_metering(handled).await;
        tracing::info!(
            target: "hb_http::stream",
            table = batch.table(&self.consumption.store).map_or("unknown", |table| table.definition().name),
            records = batch.records.len(),
            latency_ms = started.elapsed().as_secs_f64() * 1e3,
            cold = u8::from(!self.is_warm.swap(true, Ordering::Relaxed)),
            failed = u8::from(response.has_failed()),
            events = response.events,
            skipped = response.skipped,
            db_calls = consumed.calls,
            throttled = consumed.throttled,
            read_units = consumed.read_units,
            write_units = consumed.write_units,
            "batch"
        );
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(name: &str, identity: &Value) -> Record {
        let change = json!({"SequenceNumber": "100", "OldImage": {"id": {"S": "x"}}, "Keys": {}, "ApproximateCreationDateTime": 1_795_521_600.0});
        let record = json!({"eventID": "e1", "eventName": name, "eventSourceARN": "arn:aws:dynamodb:eu-west-1:1:table/Memories/stream/1", "userIdentity": identity, "dynamodb": change});
        serde_json::from_value(record).expect("a record")
    }

    #[test]
    fn only_a_removal_by_dynamodb_itself_is_a_ttl_removal() {
        let ttl = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
        let replication = json!({"type": "Service", "principalId": "replication.dynamodb.amazonaws.com"});
        assert!(record("REMOVE", &ttl).is_ttl_removal());
        for (name, identity) in
            [("INSERT", &ttl), ("MODIFY", &ttl), ("REMOVE", &Value::Null), ("REMOVE", &replication)]
        {
            assert!(!record(name, identity).is_ttl_removal(), "{name} {identity}");
        }
    }

    #[test]
    fn the_response_names_the_record_that_failed() {
        let record = record("MODIFY", &Value::Null);
        assert_eq!(record.old_image(), Some(&json!({"id": {"S": "x"}})));
        assert_eq!((record.id(), record.new_image()), ("e1", None));
        assert_eq!(record.changed_at(), Timestamp::parse("2026-11-24T12:00:00Z"));
        let json = |response: &BatchResponse| serde_json::to_value(response).expect("JSON");
        assert_eq!(json(&BatchResponse::processed()), json!({"batchItemFailures": []}));
        let failed = BatchResponse::failed_at(&record);
        assert!(failed.has_failed());
        assert_eq!(json(&failed), json!({"batchItemFailures": [{"itemIdentifier": "100"}]}));
    }
}
