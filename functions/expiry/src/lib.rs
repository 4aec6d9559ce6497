//! Upkeep: a memory that the table has removed because its time was over gives its place back.
//!
//! The events come from the stream of the table of memories, at least once each and in the order of each
//! memory's changes. Every event is dealt with once, whatever is delivered again.

mod event;

use hb_domain::Timestamp;
use hb_store::{Store, StreamContext};
use serde_json::{Value, json};

pub use event::{Event, Record};

/// Deals with the events of one delivery, in their order. Gives what the event source mapping asks for
/// (`ReportBatchItemFailures`): where to begin again, when the database failed.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
pub async fn handle(store: &Store, event: &Event, now: Timestamp) -> Value {
    let context = StreamContext::new(now);
    for record in &event.records {
        let removal = match record.removal() {
            Ok(Some(removal)) => removal,
            Ok(None) => continue,
            Err(problem) => {
                // It would fail for ever and hold up all that follow: a recount puts the count right.
                tracing::error!(
                    event = record.id(),
                    problem,
                    "an event that is not understood is passed over"
                );
                continue;
            }
        };
        match store.expired_memories(&context).release_storage(&removal).await {
            Ok(released) => {
                tracing::info!(tenant = %removal.tenant, event = removal.event, released, "an expired memory was removed");
            }
            Err(error) => {
                tracing::error!(tenant = %removal.tenant, event = removal.event, %error, "a place was not given back");
                return json!({"batchItemFailures": [{"itemIdentifier": record.sequence_number()}]});
            }
        }
    }
    json!({"batchItemFailures": []})
}
