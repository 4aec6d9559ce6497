//! Events of DynamoDB Streams: batches of records, and functions that consume the stream of one table.
//!
//! Records arrive at least once, and in the order of each item's changes.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html>

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use hb_domain::{Clock, Timestamp};
use hb_store::{Store, Table, with_capacity_metering};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The identity under which DynamoDB removes expired items.
const TTL: (&str, &str) = ("Service", "dynamodb.amazonaws.com");

/// A function that consumes the stream of a table.
#[derive(Clone, Copy, Debug)]
pub struct Consumer {
    /// The table.
    pub table: Table,
    /// Processes a batch in order, at the given time.
    pub handle: for<'b> fn(&'b Store, &'b Batch, Timestamp) -> Processing<'b>,
}

/// A batch that is being processed.
pub type Processing<'b> = Pin<Box<dyn Future<Output = BatchResponse> + Send + 'b>>;

/// The records of one delivery, in their order.
#[derive(Clone, Debug, Deserialize)]
pub struct Batch {
    /// The records.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// One change of one item.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The record's id, which is the same in every delivery.
    #[serde(rename = "eventID")]
    pub id: String,
    /// `INSERT`, `MODIFY` or `REMOVE`.
    pub event_name: String,
    user_identity: Option<UserIdentity>,
    dynamodb: Change,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity {
    #[serde(rename = "type")]
    kind: String,
    principal_id: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    sequence_number: String,
    old_image: Option<Value>,
    new_image: Option<Value>,
    approximate_creation_date_time: f64,
}

impl Record {
    /// The record's position in its shard.
    pub fn sequence_number(&self) -> &str {
        &self.dynamodb.sequence_number
    }

    /// The item before the change, as attribute values: `{"tenant": {"S": "acme"}}`.
    pub const fn old_image(&self) -> Option<&Value> {
        self.dynamodb.old_image.as_ref()
    }

    /// The item after the change, as attribute values.
    pub const fn new_image(&self) -> Option<&Value> {
        self.dynamodb.new_image.as_ref()
    }

    /// The time of the change, in whole seconds; `None` if it is not a time.
    pub fn changed_at(&self) -> Option<Timestamp> {
        Timestamp::from_number(self.dynamodb.approximate_creation_date_time)
    }

    /// Whether DynamoDB removed the item because it had expired.
    pub fn is_ttl_removal(&self) -> bool {
        let identity = self.user_identity.as_ref();
        let identity = identity.map(|identity| (identity.kind.as_str(), identity.principal_id.as_str()));
        self.event_name == "REMOVE" && identity == Some(TTL)
    }
}

/// The response to a delivery: the record from which Lambda has to deliver again, if there is one.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<BatchItemFailure>,
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
        Self { batch_item_failures: vec![BatchItemFailure { item_identifier }] }
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
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    /// Whether it has processed a batch.
    pub(crate) is_warm: AtomicBool,
}

impl Instance {
    /// Processes a batch and writes its log line.
    pub(crate) async fn process(&self, batch: &Batch) -> BatchResponse {
        let started = Instant::now();
        let handled = (self.consumer.handle)(&self.store, batch, self.clock.now());
        let (response, consumed) = with_capacity_metering(handled).await;
        tracing::info!(
            target: "hb_http::stream",
            table = %self.consumer.table,
            records = batch.records.len(),
            latency_ms = started.elapsed().as_secs_f64() * 1e3,
            cold = u8::from(!self.is_warm.swap(true, Ordering::Relaxed)),
            failed = u8::from(response.has_failed()),
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
        let record =
            json!({"eventID": "e1", "eventName": name, "userIdentity": identity, "dynamodb": change});
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
        assert_eq!(record.new_image(), None);
        assert_eq!(record.changed_at(), Timestamp::parse("2026-11-24T12:00:00Z"));
        let json = |response: &BatchResponse| serde_json::to_value(response).expect("JSON");
        assert_eq!(json(&BatchResponse::processed()), json!({"batchItemFailures": []}));
        let failed = BatchResponse::failed_at(&record);
        assert!(failed.has_failed());
        assert_eq!(json(&failed), json!({"batchItemFailures": [{"itemIdentifier": "100"}]}));
    }
}
