//! One attempt to deliver an event: it is claimed, sent, logged, and ended or moved to the time of the next attempt.

use hb_domain::delivery::{Attempt, DeliveryStatus, Jitter, MIN_LEASE, Observation, RETENTION, retry_delay};
use hb_domain::event::Event;
use hb_domain::webhook::WebhookStatus;
use hb_domain::{Result, Timestamp};
use hb_sender::{Message, Outcome};
use hb_store::{Claim, ClaimedDelivery, DeliveryKey, DueEndpoint, VersionedWebhook};

use crate::endpoint::Endpoint;
use crate::payload;

/// The most that is logged of a response.
const RESPONSE_BYTES: usize = 1024;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempted {
    /// It was sent and acknowledged.
    Acknowledged,
    /// It was sent and not acknowledged.
    Refused,
    /// It was given up, or is gone.
    Ended,
    /// It waits as before.
    Left,
    /// The database or a secret could not be used. It waits until its lease ends.
    Error,
}

/// Attempts a delivery, unless another instance does. So many attempts to the endpoint have failed since the last success: where
/// there are some, this one is the probe.
pub(crate) async fn run(endpoint: &Endpoint<'_>, key: &DeliveryKey, failures: u64) -> Attempted {
    match Box::pin(try_run(endpoint, key, failures)).await {
        Ok(attempted) => attempted,
        Err(error) => {
            let (tenant, webhook) = (&key.endpoint.tenant, &key.endpoint.id);
            tracing::error!(%tenant, %webhook, event = %key.event_id, %error, "a delivery could not be attempted or ended: it is attempted again");
            // What prevents one attempt would prevent the others.
            endpoint.close();
            Attempted::Error
        }
    }
}

async fn try_run(endpoint: &Endpoint<'_>, key: &DeliveryKey, failures: u64) -> Result<Attempted> {
    let (queue, clock) = (endpoint.queue(), &endpoint.consumption.clock);
    let claimed = match queue.claim(key, clock.now()).await? {
        Claim::Claimed(claimed) => claimed,
        Claim::Held(_) => return Ok(Attempted::Left),
        Claim::Gone => return Ok(Attempted::Ended),
        Claim::Corrupt(error) => {
            let (tenant, webhook) = (&key.endpoint.tenant, &key.endpoint.id);
            tracing::error!(%tenant, %webhook, event = %key.event_id, %error, "a delivery cannot be read: it is discarded");
            queue.delete_corrupt(key).await?;
            return Ok(Attempted::Ended);
        }
    };
    let writes = endpoint.writes().await;
    let contents = queue.contents(&claimed.delivery).await?;
    endpoint.note_read(writes, &contents.state).await;
    let Some(webhook) = contents.state.endpoint else {
        endpoint.close();
        queue.drop_delivery(&claimed).await?;
        return Ok(Attempted::Ended);
    };
    if webhook.webhook.status == WebhookStatus::Inactive {
        endpoint.close();
        queue.release(&claimed).await?;
        return Ok(Attempted::Left);
    }
    let (event, now) = (&claimed.delivery.event, clock.now());
    if !webhook.webhook.events.matches(event.occurrence.event_type()) || event.at.plus(RETENTION) <= now {
        let discarded = discarded(event, now);
        report(endpoint, &discarded);
        queue.end(&claimed, &discarded).await?;
        return Ok(Attempted::Ended);
    }
    let secrets = payload::secrets(endpoint.consumption, &endpoint.id, &webhook).await?;
    let body = payload::body(&endpoint.id, event, contents.subject.as_ref(), now)?;
    let at = clock.now();
    // Another attempt may have failed meanwhile: what is behind it waits without using attempts.
    let is_held_back = failures == 0 && !endpoint.is_open();
    if is_held_back || at.plus(MIN_LEASE) > claimed.lease_until {
        queue.release(&claimed).await?;
        return Ok(Attempted::Left);
    }
    let message = Message { id: event.id.as_str(), at, body, secrets: &secrets };
    let outcome = endpoint.consumption.sender.send(&webhook.webhook.url, &message).await;
    Box::pin(conclude(endpoint, &claimed, &webhook, failures, &outcome, at)).await
}

/// Records what became of an attempt that began at `at`, when so many attempts to the endpoint had failed.
async fn conclude(
    endpoint: &Endpoint<'_>,
    claimed: &ClaimedDelivery,
    webhook: &VersionedWebhook,
    failures: u64,
    outcome: &Outcome,
    at: Timestamp,
) -> Result<Attempted> {
    let (queue, now) = (endpoint.queue(), endpoint.consumption.clock.now());
    let observation = Observation {
        at: now,
        status_code: outcome.status_code,
        latency: outcome.latency,
        retry_after: outcome.retry_after,
    };
    if outcome.is_acknowledged() {
        endpoint.note_success(&webhook.version, &observation).await;
        let succeeded = attempt_of(claimed, outcome, DeliveryStatus::Succeeded, at, None);
        report(endpoint, &succeeded);
        queue.end(claimed, &succeeded).await?;
        return Ok(Attempted::Acknowledged);
    }
    let jitter = Jitter::random(&mut endpoint.consumption.entropy.rng());
    let probe_at = endpoint.note_failure(webhook, failures, &observation, jitter).await;
    let number = claimed.delivery.attempts.saturating_add(1);
    let Some(delay) = retry_delay(number, outcome.retry_after, jitter) else {
        let exhausted = attempt_of(claimed, outcome, DeliveryStatus::Exhausted, at, None);
        report(endpoint, &exhausted);
        queue.end(claimed, &exhausted).await?;
        return Ok(Attempted::Refused);
    };
    let due_at = now.plus(delay).to_millis();
    let next_at = probe_at.map_or(due_at, |probe_at| probe_at.max(due_at));
    // Without a next probe the endpoint was disabled: there is no next attempt before its owner activates it.
    let failed = attempt_of(claimed, outcome, DeliveryStatus::Failed, at, probe_at.map(|_| next_at));
    report(endpoint, &failed);
    queue.put_due_endpoint(&DueEndpoint::new(endpoint.id.clone(), next_at)).await?;
    queue.retry(claimed, due_at, &failed).await?;
    Ok(Attempted::Refused)
}

/// Logs an attempt for the operator of the service.
fn report(endpoint: &Endpoint<'_>, attempt: &Attempt) {
    let (tenant, webhook) = (&endpoint.id.tenant, &endpoint.id.id);
    let Attempt { event_id: event, number, status, status_code, latency, .. } = attempt;
    tracing::info!(
        target: "hb_http::delivery",
        %tenant,
        %webhook,
        %event,
        attempt = number,
        %status,
        status_code,
        latency_ms = latency,
        "delivery"
    );
}

fn attempt_of(
    claimed: &ClaimedDelivery,
    outcome: &Outcome,
    status: DeliveryStatus,
    at: Timestamp,
    next_attempt_at: Option<Timestamp>,
) -> Attempt {
    let event = &claimed.delivery.event;
    Attempt {
        event_id: event.id.clone(),
        event_type: event.occurrence.event_type(),
        number: claimed.delivery.attempts.saturating_add(1),
        status,
        status_code: outcome.status_code,
        latency: Some(u64::try_from(outcome.latency.as_millis()).unwrap_or(u64::MAX)),
        response: Some(response_of(outcome)),
        at,
        next_attempt_at,
    }
}

/// What is logged of a response: its beginning, after what prevented its completion.
fn response_of(outcome: &Outcome) -> String {
    let Outcome { failure, response, .. } = outcome;
    let mut text = match failure {
        None => response.clone(),
        Some(failure) if response.is_empty() => failure.clone(),
        Some(failure) => format!("{failure}: {response}"),
    };
    text.truncate(text.floor_char_boundary(RESPONSE_BYTES));
    text
}

fn discarded(event: &Event, at: Timestamp) -> Attempt {
    Attempt {
        event_id: event.id.clone(),
        event_type: event.occurrence.event_type(),
        number: 0,
        status: DeliveryStatus::Discarded,
        status_code: None,
        latency: None,
        response: None,
        at,
        next_attempt_at: None,
    }
}
