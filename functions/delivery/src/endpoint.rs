//! One endpoint within an invocation: its health, and whether another attempt may begin.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt};
use hb_domain::delivery::{Consequence, EndpointHealth, EndpointId, Jitter, Observation, PROBE_LEASE};
use hb_domain::event::DisablingReason;
use hb_domain::{Result, Timestamp};
use hb_http::stream::Consumption;
use hb_store::{
    DeliveryKey, DeliveryQueue, EndpointState, HealthWrite, StreamContext, VersionedWebhook, known_health,
};
use rand::RngExt;
use tokio::sync::Mutex;

use crate::attempt::{self, Attempted};

/// The most attempts to one endpoint at the same time.
const CONCURRENCY: usize = 8;

/// What became of a list of deliveries.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// How many were sent, with success or without.
    pub(crate) sent: usize,
    /// How many wait at their time no longer: they were sent, or given up.
    pub(crate) settled: usize,
    /// Whether one could not be attempted because of an error.
    pub(crate) has_failed: bool,
}

impl Progress {
    pub(crate) fn add(&mut self, attempted: Attempted) {
        match attempted {
            Attempted::Acknowledged | Attempted::Refused => {
                self.sent += 1;
                self.settled += 1;
            }
            Attempted::Ended => self.settled += 1,
            Attempted::Left => {}
            Attempted::Error => self.has_failed = true,
        }
    }
}

/// The health of an endpoint, as it is stored.
struct Stored {
    health: Option<EndpointHealth>,
    /// How often this invocation has written it.
    writes: u64,
}

impl Stored {
    fn known(&self, version: &str) -> EndpointHealth {
        known_health(self.health.as_ref(), version)
    }

    fn replace(&mut self, health: Option<EndpointHealth>) {
        self.health = health;
        self.writes += 1;
    }

    /// Takes over what a write came to.
    fn apply(&mut self, new: EndpointHealth, written: HealthWrite) {
        self.replace(match written {
            HealthWrite::Written => Some(new),
            HealthWrite::Changed(found) => found,
        });
    }
}

/// A claimed probe.
struct Probe {
    /// How many attempts have failed since the last success.
    failures: u64,
    until: Timestamp,
}

/// An endpoint in this invocation.
pub(crate) struct Endpoint<'c> {
    pub(crate) consumption: &'c Consumption,
    pub(crate) id: EndpointId,
    stored: Mutex<Stored>,
    is_failing: AtomicBool,
    /// Whether this invocation makes no more attempts, for another reason than failures.
    is_closed: AtomicBool,
    context: StreamContext,
}

impl<'c> Endpoint<'c> {
    pub(crate) fn new(consumption: &'c Consumption, id: EndpointId, state: &EndpointState) -> Self {
        Self {
            consumption,
            id,
            is_failing: AtomicBool::new(state.known_health().is_failing()),
            stored: Mutex::new(Stored { health: state.health.clone(), writes: 0 }),
            is_closed: AtomicBool::new(false),
            context: StreamContext::new(consumption.clock.now()),
        }
    }

    pub(crate) const fn queue(&self) -> DeliveryQueue<'_> {
        self.consumption.store.delivery_queue(&self.context)
    }

    /// Makes no more attempts in this invocation.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    /// Whether another attempt may begin, apart from a probe.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_closed.load(Ordering::Relaxed) && !self.is_failing.load(Ordering::Relaxed)
    }

    /// How often this invocation has written the health.
    pub(crate) async fn writes(&self) -> u64 {
        self.stored.lock().await.writes
    }

    /// Notes the health that was read when it had been written so often. Another instance may have noted a failure.
    pub(crate) async fn note_read(&self, writes: u64, state: &EndpointState) {
        let mut stored = self.stored.lock().await;
        if stored.writes != writes {
            return;
        }
        if state.known_health().is_failing() {
            self.is_failing.store(true, Ordering::Relaxed);
        }
        stored.health.clone_from(&state.health);
    }

    /// Attempts these deliveries, some at the same time, as long as the endpoint works and new attempts may begin.
    pub(crate) async fn attempt_all(&self, keys: &[DeliveryKey], deadline: Timestamp) -> Progress {
        type Attempting<'a> = Pin<Box<dyn Future<Output = Attempted> + Send + 'a>>;
        let attempts: Vec<Attempting<'_>> = keys
            .iter()
            .map(|key| -> Attempting<'_> {
                Box::pin(async move {
                    if !self.is_open() || self.consumption.clock.now() >= deadline {
                        return Attempted::Left;
                    }
                    attempt::run(self, key, 0).await
                })
            })
            .collect();
        let mut progress = Progress::default();
        let mut attempts = stream::iter(attempts).buffer_unordered(CONCURRENCY);
        while let Some(attempted) = attempts.next().await {
            progress.add(attempted);
        }
        progress
    }

    /// Attempts the first of these deliveries that can be attempted, if a probe is due and no other instance makes it.
    pub(crate) async fn probe(&self, keys: &[DeliveryKey], version: &str) -> Result<Progress> {
        let mut progress = Progress::default();
        if keys.is_empty() {
            return Ok(progress);
        }
        let Some(probe) = self.claim_probe(version).await? else { return Ok(progress) };
        for key in keys {
            let attempted = attempt::run(self, key, probe.failures).await;
            progress.add(attempted);
            if progress.sent > 0 || self.is_closed.load(Ordering::Relaxed) {
                break;
            }
        }
        if progress.sent == 0 && !progress.has_failed {
            self.release_probe(version, probe.until).await;
        }
        Ok(progress)
    }

    /// Claims the probe, if it is due and no other instance has it.
    async fn claim_probe(&self, version: &str) -> Result<Option<Probe>> {
        let mut stored = self.stored.lock().await;
        let (known, now) = (stored.known(version), self.consumption.clock.now());
        if known.probes_from().is_none_or(|from| now < from) {
            return Ok(None);
        }
        let failures = known.failures;
        let until = now.plus(PROBE_LEASE).to_millis();
        let probing = EndpointHealth { probe_until: Some(until), ..known };
        let written = self.queue().put_health(&self.id, &probing, stored.health.as_ref()).await?;
        let claimed = (written == HealthWrite::Written).then_some(Probe { failures, until });
        stored.apply(probing, written);
        Ok(claimed)
    }

    /// Gives a probe back that was not sent, since no delivery could be attempted.
    async fn release_probe(&self, version: &str, until: Timestamp) {
        let mut stored = self.stored.lock().await;
        let known = stored.known(version);
        if known.probe_until != Some(until) {
            return;
        }
        let waiting = EndpointHealth { probe_until: None, ..known };
        match self.queue().put_health(&self.id, &waiting, stored.health.as_ref()).await {
            Ok(written) => stored.apply(waiting, written),
            Err(error) => self.warn(&error),
        }
    }

    /// When the next probe may begin; `None` if the endpoint works.
    pub(crate) async fn probes_from(&self, version: &str) -> Option<Timestamp> {
        self.stored.lock().await.known(version).probes_from()
    }

    /// Notes that an attempt was acknowledged. Where that cannot be written, the endpoint is probed once more.
    pub(crate) async fn note_success(&self, version: &str, attempt: &Observation) {
        let mut stored = self.stored.lock().await;
        self.is_failing.store(false, Ordering::Relaxed);
        let Some(working) = stored.known(version).after_success(attempt) else { return };
        let written = if working.slow_until.is_some() {
            let written = self.queue().put_health(&self.id, &working, stored.health.as_ref()).await;
            written.map(|written| match written {
                HealthWrite::Written => Some(working),
                HealthWrite::Changed(found) => found,
            })
        } else {
            self.queue().delete_health(&self.id, version).await.map(|()| None)
        };
        match written {
            Ok(health) => stored.replace(health),
            Err(error) => self.warn(&error),
        }
    }

    /// Notes that an attempt failed, when so many had failed at its beginning, and does what follows from it. Attempts that fail at
    /// the same time count once. Returns when the next probe is due.
    pub(crate) async fn note_failure(
        &self,
        webhook: &VersionedWebhook,
        failures: u64,
        attempt: &Observation,
        jitter: Jitter,
    ) -> Option<Timestamp> {
        let mut stored = self.stored.lock().await;
        let known = stored.known(&webhook.version);
        let (new, consequence) = known.after_failure(attempt, jitter);
        if let Consequence::Disable(reason) = consequence {
            self.close();
            if let Err(error) = self.disable(webhook, attempt.at, reason).await {
                self.warn(&error);
            }
            return None;
        }
        self.is_failing.store(true, Ordering::Relaxed);
        if known.failures > failures {
            return known.next_probe_at;
        }
        let next = new.next_probe_at;
        let written = match consequence {
            Consequence::Announce(end) => {
                let times = (attempt.at, end);
                self.queue().announce(&self.id, &new, stored.health.as_ref(), times).await
            }
            _ => self.queue().put_health(&self.id, &new, stored.health.as_ref()).await,
        };
        match written {
            Ok(written) => stored.apply(new, written),
            Err(error) => self.warn(&error),
        }
        next
    }

    async fn disable(
        &self,
        webhook: &VersionedWebhook,
        now: Timestamp,
        reason: DisablingReason,
    ) -> Result<()> {
        let version = format!("{:016x}", self.consumption.entropy.rng().random::<u64>());
        if self.queue().disable(&self.id, webhook, &version, (now, reason)).await? {
            let EndpointId { tenant, id } = &self.id;
            tracing::warn!(%tenant, webhook = %id, %reason, "an endpoint was disabled");
        }
        Ok(())
    }

    fn warn(&self, error: &hb_domain::Error) {
        let EndpointId { tenant, id } = &self.id;
        tracing::warn!(%tenant, webhook = %id, %error, "the health of an endpoint was not written");
    }
}
