//! Records the changes of memories and API keys, and the searches, as events in the feed of their tenant.
//!
//! Each event is queued for the endpoints that get it. The function talks to no receiver.
//!
//! The function consumes the streams of their tables. The events of a tenant are appended in the order of the records, which
//! for each item is the order of its changes. A record that is delivered again changes nothing: an event's id is derived from
//! the record's, and is appended once (infra/adr/0024).

mod image;
mod key;
mod memory;
mod read;

use std::pin::Pin;

use futures_util::stream::{self, StreamExt};
use hb_domain::event::Event;
use hb_domain::{TenantId, Timestamp};
use hb_http::stream::{Batch, BatchResponse, Consumer, Consumption, Record};
use hb_store::{AppendFailure, AppendOutcome, EventAppender, StreamContext, Table};

use crate::read::Read;

/// The consumer of this function.
pub const CONSUMER: Consumer = Consumer {
    tables: TABLES,
    handle: |consumption, batch, now| Box::pin(handle(consumption, batch, now)),
    schedule: None,
};

/// The tables that have events.
const TABLES: &[Table] = &[Table::Memories, Table::ApiKeys, Table::PendingEvents];

/// How many feeds are appended to at the same time.
const CONCURRENCY: usize = 8;

/// What became of the events of one tenant.
#[derive(Clone, Copy, Debug, Default)]
struct RecordOutcome {
    appended: usize,
    /// How many records went to the queue of dead letters, since the feed is corrupt.
    passed_over: usize,
    /// The first record whose events are not in the feed, though they belong there.
    failed_at: Option<usize>,
}

async fn handle(consumption: &Consumption, batch: &Batch, now: Timestamp) -> BatchResponse {
    let Some(first) = batch.records.first() else { return BatchResponse::processed() };
    let table = batch.table(&consumption.store).filter(|table| TABLES.contains(table));
    let Some(table) = table else {
        tracing::error!(event = first.id(), "the batch is not from a table of this function");
        return BatchResponse::failed_at(first);
    };
    let read = Read::all(consumption, table, &batch.records).await;
    let context = StreamContext::new(now);
    let appender = consumption.store.event_appender(&context);
    type Recording<'r> = Pin<Box<dyn Future<Output = RecordOutcome> + Send + 'r>>;
    let recordings = read.by_tenant.into_iter().map(|(tenant, events)| -> Recording<'_> {
        Box::pin(async move { record(consumption, &batch.records, appender, &tenant, events).await })
    });
    // A tenant whose events cannot be appended does not hold back the others.
    let recorded: Vec<RecordOutcome> = stream::iter(recordings).buffer_unordered(CONCURRENCY).collect().await;
    let failures = recorded.iter().filter_map(|recorded| recorded.failed_at);
    let failed_at = failures.chain(read.failed_at).min().and_then(|index| batch.records.get(index));
    let response = failed_at.map_or_else(BatchResponse::processed, BatchResponse::failed_at);
    let passed_over: usize = recorded.iter().map(|recorded| recorded.passed_over).sum();
    response.counting(recorded.iter().map(|recorded| recorded.appended).sum(), read.passed_over + passed_over)
}

/// Appends the events of a tenant, each with the index of its record.
async fn record(
    consumption: &Consumption,
    records: &[Record],
    appender: EventAppender<'_>,
    tenant: &TenantId,
    events: Vec<(usize, Event)>,
) -> RecordOutcome {
    let (indices, events): (Vec<usize>, Vec<Event>) = events.into_iter().unzip();
    let AppendOutcome { appended, settled, failure } = appender.append(tenant, &events).await;
    let (passed_over, failed_at) = match failure {
        None => (0, None),
        Some(AppendFailure::Failed(error)) => {
            tracing::error!(%tenant, appended, %error, "events were not recorded: their records are delivered again");
            (0, indices.get(settled).copied())
        }
        // It would fail in every delivery, and hold back the records of other tenants until they leave the stream.
        Some(AppendFailure::Corrupt(error)) => {
            tracing::error!(%tenant, appended, %error, "events were not recorded: their feed is corrupt");
            pass_over(consumption, records, indices.get(settled..).unwrap_or_default()).await
        }
    };
    RecordOutcome { appended, passed_over, failed_at }
}

/// Sends these records to the queue of dead letters. Returns how many there were, and the first that the queue did not take.
async fn pass_over(
    consumption: &Consumption,
    records: &[Record],
    indices: &[usize],
) -> (usize, Option<usize>) {
    let (mut passed_over, mut last) = (0, None);
    for index in indices {
        // A record can have two events.
        if last.replace(*index) == Some(*index) {
            continue;
        }
        let Some(record) = records.get(*index) else { continue };
        if consumption.pass_over(record, "the feed of its tenant").await.is_err() {
            return (passed_over, Some(*index));
        }
        passed_over += 1;
    }
    (passed_over, None)
}
