//! An admitted request as its handler sees it: the caller, the input, and handles to the caller's tenant.

mod input;
mod mint;
mod send;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hb_domain::memory_ids::MemoryIds;
use hb_domain::plan::Allowance;
use hb_domain::tenant::RateLimitStatus;
use hb_domain::webhook::UrlPolicy;
use hb_domain::{Clock, Principal, Timestamp};
use hb_sender::Sender;
use hb_store::{Context, Deliveries, Keys, LockedRecord, Memories, Store, TenantStore, Usage, Webhooks};
use http::header::HeaderMap;
use lambda_http::Body;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::entropy::Entropy;
use crate::guard::PepperCache;
use crate::log::LOST_EVENT;
use crate::token::Tokens;
use crate::webhook_keys::WebhookKeyCache;
pub use input::TakenBody;
pub(crate) use input::{first_capture, query_fields};

/// One admitted request. Its `Debug` shows the caller, and nothing of the content.
pub struct Call {
    pub(crate) context: Context,
    pub(crate) rate_limit: RateLimitStatus,
    pub(crate) started: Instant,
    pub(crate) clock: Clock,
    /// Generates ids. A resumed request generates the same ones.
    pub(crate) rng: StdRng,
    /// The ids of memories that were generated so far.
    pub(crate) memory_ids: MemoryIds,
    /// Generates secrets, which are never the same again.
    pub(crate) secrets: StdRng,
    /// Generates nonces.
    pub(crate) entropy: Entropy,
    pub(crate) store: Store,
    pub(crate) peppers: Arc<PepperCache>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) webhook_keys: Arc<WebhookKeyCache>,
    pub(crate) webhook_urls: UrlPolicy,
    pub(crate) sender: Sender,
    pub(crate) captures: Vec<(&'static str, String)>,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// The media types that a JSON body may have.
    pub(crate) json_types: &'static [&'static str],
}

impl Call {
    /// The caller.
    pub const fn principal(&self) -> &Principal {
        self.context.principal()
    }

    /// The rate-limit status of the caller's tenant.
    pub const fn rate_limit(&self) -> &RateLimitStatus {
        &self.rate_limit
    }

    /// The limits of the caller's tenant.
    pub const fn allowance(&self) -> &Allowance {
        &self.rate_limit.allowance
    }

    /// The time at which the request takes effect: for a later attempt under an idempotency key, the time of the first.
    pub fn effective_at(&self) -> Timestamp {
        self.context.effective_at()
    }

    /// The time of this attempt, which decides whether something has expired.
    pub const fn received_at(&self) -> Timestamp {
        self.context.received_at()
    }

    /// Milliseconds since the handler began, to the microsecond.
    pub fn elapsed_ms(&self) -> f64 {
        (self.started.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }

    /// How long this attempt has taken so far, by the clock of the instance.
    pub fn worked_for(&self) -> Duration {
        let began = self.received_at().micros();
        Duration::from_micros(u64::try_from(self.clock.now().micros() - began).unwrap_or(0))
    }

    /// The data of the caller's tenant.
    pub const fn store(&self) -> TenantStore<'_> {
        self.store.with(&self.context)
    }

    /// The keys of the caller's tenant.
    pub fn keys(&self) -> Keys<'_> {
        self.store().keys()
    }

    /// The usage of the caller's tenant.
    pub const fn usage(&self) -> Usage<'_> {
        self.store().usage()
    }

    /// The memories of the caller's tenant.
    pub const fn memories(&self) -> Memories<'_> {
        self.store().memories()
    }

    /// Records that a search was answered with so many results, if the tenant's searches are recorded. The request is answered
    /// also when that fails: the event is lost, and a metric counts it.
    pub async fn record_search(&self, results: usize) {
        if let Err(error) = self.store().feed().record_search(results as u64).await {
            let tenant = self.principal().tenant();
            tracing::warn!(target: LOST_EVENT, %tenant, %error, lost_events = 1, "a search was not recorded");
        }
    }

    /// The webhook endpoints of the caller's tenant.
    pub const fn webhooks(&self) -> Webhooks<'_> {
        self.store().webhooks()
    }

    /// Which URLs webhooks may have.
    pub const fn webhook_urls(&self) -> UrlPolicy {
        self.webhook_urls
    }

    /// The deliveries to the webhook endpoints of the caller's tenant.
    pub const fn deliveries(&self) -> Deliveries<'_> {
        self.store().deliveries()
    }

    /// The same call under an idempotency record, with the time and the ids of the first attempt.
    pub(crate) fn under(self, locked: LockedRecord) -> Self {
        Self {
            rng: StdRng::from_seed(locked.record.seed.0),
            memory_ids: MemoryIds::default(),
            context: self.context.with_idempotency(locked),
            ..self
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("principal", self.principal())
            .field("effective_at", &self.effective_at())
            .finish_non_exhaustive()
    }
}
