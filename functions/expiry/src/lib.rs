//! Releases the storage quota of memories that DynamoDB removed by TTL, and deletes the rows of their keys.
//!
//! The function consumes the stream of the table `memories`. Each removal is processed once, also when it is
//! delivered again. Other records are ignored, among them those of rewritten search documents, whose images have the same
//! `version` (infra/adr/0020).

mod removal;

use hb_domain::Timestamp;
use hb_http::stream::{Batch, BatchResponse, Consumer, Consumption};
use hb_store::{StreamContext, Table};

/// The consumer of this function.
pub const CONSUMER: Consumer = Consumer {
    tables: &[Table::Memories],
    handle: |consumption, batch, now| Box::pin(handle(consumption, batch, now)),
    schedule: None,
};

async fn handle(consumption: &Consumption, batch: &Batch, now: Timestamp) -> BatchResponse {
    let store = &consumption.store;
    let context = StreamContext::new(now);
    let mut skipped = 0;
    for record in &batch.records {
        let removal = match removal::of(record) {
            Ok(Some(removal)) => removal,
            Ok(None) => continue,
            Err(problem) => {
                // It would fail in every delivery and block the records after it. A recount corrects the usage.
                if consumption.pass_over(record, problem).await.is_err() {
                    return BatchResponse::failed_at(record).counting(0, skipped);
                }
                skipped += 1;
                continue;
            }
        };
        let expired = store.expired_memories(&context);
        if let Err(error) = expired.delete_key(&removal).await {
            tracing::error!(tenant = %removal.tenant, event = removal.event, %error, "the row of a key was not deleted");
            return BatchResponse::failed_at(record).counting(0, skipped);
        }
        match expired.release_storage(&removal).await {
            Ok(released) => {
                tracing::info!(tenant = %removal.tenant, event = removal.event, released, "an expired memory was removed");
            }
            Err(error) => {
                tracing::error!(tenant = %removal.tenant, event = removal.event, %error, "storage was not released");
                return BatchResponse::failed_at(record).counting(0, skipped);
            }
        }
    }
    BatchResponse::processed().counting(0, skipped)
}
