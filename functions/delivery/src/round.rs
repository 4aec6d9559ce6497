//! One round of an endpoint in a pass of the schedule: at most 100 of its due deliveries, so that all endpoints get their turn.

use std::time::Duration;

use hb_domain::delivery::EndpointId;
use hb_domain::webhook::WebhookStatus;
use hb_domain::{Result, Timestamp};
use hb_http::stream::Consumption;
use hb_store::{DueEndpoint, FoundDueEndpoint, StreamContext, VersionedWebhook};

use crate::endpoint::{Endpoint, Progress};
use crate::recovery::continue_recovery;

/// The most deliveries of a round.
const DELIVERIES: usize = 100;
/// When the schedule looks again at an endpoint that could not be processed.
const AFTER_ERROR: Duration = Duration::from_secs(30);

/// How a round ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// More is due now.
    More,
    /// More is due at this time.
    At(Timestamp),
    /// Nothing waits that the schedule has to look at.
    Nothing,
}

/// What a round has done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Round {
    /// How many events were sent.
    pub(crate) sent: usize,
    /// Whether another round follows.
    pub(crate) has_more: bool,
}

/// Processes what is due of an endpoint, and replaces the due endpoints that led to it by the next one, unless more is due now.
pub(crate) async fn run(
    consumption: &Consumption,
    id: &EndpointId,
    found: &[FoundDueEndpoint],
    deadline: Timestamp,
) -> Round {
    let (progress, end) = match Box::pin(process(consumption, id, deadline)).await {
        Ok(done) => done,
        Err(error) => {
            tracing::error!(tenant = %id.tenant, webhook = %id.id, %error, "the deliveries of an endpoint could not be processed");
            (Progress::default(), End::At(consumption.clock.now().plus(AFTER_ERROR)))
        }
    };
    let has_more = end == End::More;
    if !has_more && let Err(error) = Box::pin(replace(consumption, id, found, end)).await {
        tracing::error!(tenant = %id.tenant, webhook = %id.id, %error, "a due endpoint was not replaced: the next pass looks at it again");
    }
    Round { sent: progress.sent, has_more }
}

/// Has a later pass go on with an endpoint for which no time is left in this one.
pub(crate) async fn postpone(consumption: &Consumption, id: &EndpointId, found: &[FoundDueEndpoint]) {
    let end = End::At(consumption.clock.now());
    if let Err(error) = Box::pin(replace(consumption, id, found, end)).await {
        tracing::error!(tenant = %id.tenant, webhook = %id.id, %error, "a due endpoint was not replaced: the next pass looks at it again");
    }
}

async fn process(consumption: &Consumption, id: &EndpointId, deadline: Timestamp) -> Result<(Progress, End)> {
    let context = StreamContext::new(consumption.clock.now());
    let queue = consumption.store.delivery_queue(&context);
    let Some(state) = queue.states(std::slice::from_ref(id)).await?.remove(id) else {
        return Ok((Progress::default(), End::At(consumption.clock.now().plus(AFTER_ERROR))));
    };
    let Some(webhook) = &state.endpoint else {
        let end = if queue.purge(id).await? { End::Nothing } else { End::More };
        return Ok((Progress::default(), end));
    };
    // An activation puts a due endpoint.
    if webhook.webhook.status == WebhookStatus::Inactive {
        return Ok((Progress::default(), End::Nothing));
    }
    // Before the deliveries are read: when the recovery has ended, all of its deliveries are there.
    let recovers_at = continue_recovery(consumption, id, webhook).await?;
    let due = queue.due(id, consumption.clock.now(), DELIVERIES).await?;
    let endpoint = Endpoint::new(consumption, id.clone(), &state);
    let (is_probe, version) = (!endpoint.is_open(), &webhook.version);
    let progress = if is_probe {
        Box::pin(endpoint.probe(&due, version)).await?
    } else {
        Box::pin(endpoint.attempt_all(&due, deadline)).await
    };
    let has_recovery_step = recovers_at.is_some_and(|at| at <= consumption.clock.now());
    let may_go_on = endpoint.is_open() && progress.settled > 0;
    if progress.has_failed {
        return Ok((progress, End::At(consumption.clock.now().plus(AFTER_ERROR))));
    }
    if has_recovery_step
        || (may_go_on && (is_probe || due.len() == DELIVERIES || consumption.clock.now() >= deadline))
    {
        return Ok((progress, End::More));
    }
    let end = Box::pin(next(&endpoint, webhook, recovers_at)).await?;
    Ok((progress, end))
}

/// When the schedule has to look at the endpoint again.
async fn next(
    endpoint: &Endpoint<'_>,
    webhook: &VersionedWebhook,
    recovers_at: Option<Timestamp>,
) -> Result<End> {
    let first = endpoint.queue().first_due(&endpoint.id).await?;
    let attempt_at = match endpoint.probes_from(&webhook.version).await {
        Some(probes_from) => first.map(|first| first.max(probes_from)),
        None => first,
    };
    let Some(next) = [attempt_at, recovers_at].into_iter().flatten().min() else { return Ok(End::Nothing) };
    // A later due endpoint than those that are replaced.
    Ok(End::At(next.max(endpoint.consumption.clock.now().plus(Duration::from_millis(1)))))
}

/// Puts the next due endpoint, if one is needed, and deletes those that were found.
async fn replace(
    consumption: &Consumption,
    id: &EndpointId,
    found: &[FoundDueEndpoint],
    end: End,
) -> Result<()> {
    let context = StreamContext::new(consumption.clock.now());
    let queue = consumption.store.delivery_queue(&context);
    if let End::At(at) = end {
        queue.put_due_endpoint(&DueEndpoint::new(id.clone(), at)).await?;
    }
    for found in found {
        queue.delete_due_endpoint(found).await?;
    }
    Ok(())
}
