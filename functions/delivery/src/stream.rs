//! A batch of the stream of deliveries: what is new is attempted at once. A batch never fails because of a receiver or of the
//! database, since the schedule finds what is left: so no receiver holds up the stream.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::join_all;
use hb_domain::Timestamp;
use hb_domain::delivery::EndpointId;
use hb_domain::webhook::WebhookStatus;
use hb_http::stream::{Batch, BatchResponse, Consumption, Record};
use hb_store::{DeliveryKey, EndpointState, StreamContext, Table};

use crate::endpoint::{Endpoint, Progress};

/// How long a batch begins attempts.
const BUDGET: Duration = Duration::from_secs(10);
/// How far the clock of the instance that queued a delivery may be ahead. A retry is due later.
const CLOCKS: Duration = Duration::from_secs(5);

pub(crate) async fn handle(consumption: &Consumption, batch: &Batch) -> BatchResponse {
    let Some(first) = batch.records.first() else { return BatchResponse::processed() };
    if batch.table(&consumption.store) != Some(Table::Deliveries) {
        tracing::error!(event = first.id(), "the batch is not from a table of this function");
        return BatchResponse::failed_at(first);
    }
    let now = consumption.clock.now();
    let mut new = BTreeMap::<EndpointId, Vec<DeliveryKey>>::new();
    for key in batch.records.iter().filter_map(|record| new_delivery(record, now)) {
        new.entry(key.endpoint.clone()).or_default().push(key);
    }
    let context = StreamContext::new(now);
    let ids: Vec<EndpointId> = new.keys().cloned().collect();
    let states = match consumption.store.delivery_queue(&context).states(&ids).await {
        Ok(states) => states,
        Err(error) => {
            tracing::error!(%error, "new deliveries were not attempted: the schedule finds them");
            return BatchResponse::processed();
        }
    };
    type Attempting<'a> = Pin<Box<dyn Future<Output = Progress> + Send + 'a>>;
    let attempts = states.iter().filter(|(_, state)| is_attempted(state, now)).filter_map(|(id, state)| {
        let keys = new.get(id)?;
        let endpoint = Endpoint::new(consumption, id.clone(), state);
        let attempting: Attempting<'_> =
            Box::pin(async move { endpoint.attempt_all(keys, now.plus(BUDGET)).await });
        Some(attempting)
    });
    let done = join_all(attempts.collect::<Vec<_>>()).await;
    BatchResponse::processed().counting(done.iter().map(|progress| progress.sent).sum(), 0)
}

/// The key of the delivery of a record, if it is new and due now.
fn new_delivery(record: &Record, now: Timestamp) -> Option<DeliveryKey> {
    if record.event_name() != "INSERT" {
        return None;
    }
    let key = DeliveryKey::of_json(&record.json()["dynamodb"]["Keys"]);
    let key = key.inspect_err(|error| {
        tracing::error!(event = record.id(), %error, "the key of a delivery cannot be read");
    });
    key.ok().filter(|key| key.due_at <= now.plus(CLOCKS))
}

/// Whether new deliveries to the endpoint are attempted at once. The schedule attempts those to one that fails or is slow, and
/// deletes those to one that is gone.
fn is_attempted(state: &EndpointState, now: Timestamp) -> bool {
    let is_active =
        state.endpoint.as_ref().is_some_and(|endpoint| endpoint.webhook.status == WebhookStatus::Active);
    let health = state.known_health();
    is_active && !health.is_failing() && !health.is_slow(now)
}
