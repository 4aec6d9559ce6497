//! What a handler sees of a request: who asks, what for, and handles to that tenant's data.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hb_domain::fields::Fields;
use hb_domain::key::Environment;
use hb_domain::memory_ids::{IdSuffix, MemoryIds};
use hb_domain::pepper::KeyHash;
use hb_domain::plan::Allowance;
use hb_domain::tenant::RateLimitStatus;
use hb_domain::{ApiKey, Clock, Error, KeyId, MemoryId, Principal, Result, Scopes, Timestamp, batch, json};
use hb_store::{Context, Keys, LockedRecord, Memories, Store, Usage};
use http::header::{HeaderMap, IF_MATCH};
use lambda_http::Body;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::body;
use crate::guard::PepperCache;
use crate::token::{MintedToken, Tokens};

/// One admitted request. Its `Debug` says who asks, not what.
pub struct Call {
    pub(crate) context: Context,
    pub(crate) rate_limit: RateLimitStatus,
    pub(crate) started: Instant,
    pub(crate) clock: Clock,
    /// Makes ids: under a claim the same ones for whoever carries on.
    pub(crate) rng: StdRng,
    /// The ids of memories that it has made.
    pub(crate) memory_ids: MemoryIds,
    /// Makes secrets, which nobody could make again.
    pub(crate) secrets: StdRng,
    pub(crate) store: Store,
    pub(crate) peppers: Arc<PepperCache>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) captures: Vec<(&'static str, String)>,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

impl Call {
    /// Who asks.
    pub const fn principal(&self) -> &Principal {
        self.context.principal()
    }

    /// The limits of the caller's tenant.
    pub const fn allowance(&self) -> &Allowance {
        &self.rate_limit.allowance
    }

    /// When the request is taken to happen: for one that is carried on under a claim, when it first came.
    pub fn effective_at(&self) -> Timestamp {
        self.context.effective_at()
    }

    /// The present, by which things are there or have expired.
    pub const fn received_at(&self) -> Timestamp {
        self.context.received_at()
    }

    /// Milliseconds since the handler began, to the microsecond.
    pub fn elapsed_ms(&self) -> f64 {
        (self.started.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }

    /// The tenant's keys.
    pub fn keys(&self) -> Keys<'_> {
        self.store.with(&self.context).keys()
    }

    /// The tenant's usage.
    pub const fn usage(&self) -> Usage<'_> {
        self.store.with(&self.context).usage()
    }

    /// The tenant's memories.
    pub const fn memories(&self) -> Memories<'_> {
        self.store.with(&self.context).memories()
    }

    /// The same call under a claim, with the time and the ids of the first request of its key.
    pub(crate) fn under(self, locked: LockedRecord) -> Self {
        Self {
            rng: StdRng::from_seed(locked.record.seed.0),
            memory_ids: MemoryIds::default(),
            context: self.context.with_idempotency(locked),
            ..self
        }
    }

    /// How long the request has been worked on.
    pub fn worked_for(&self) -> Duration {
        let began = self.received_at().micros();
        Duration::from_micros(u64::try_from(self.clock.now().micros() - began).unwrap_or(0))
    }

    /// A token of our own for the caller, who came with a session, with these of its scopes.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for any other caller, [`Error::Unavailable`] when the key cannot be had.
    pub async fn new_token(&mut self, scopes: Scopes) -> Result<MintedToken> {
        self.principal().may_exchange()?;
        self.tokens
            .access
            .mint(
                &self.store,
                self.context.principal(),
                scopes,
                self.context.received_at(),
                &mut self.secrets,
            )
            .await
    }

    /// Whether there is a body at all.
    pub fn has_body(&self) -> bool {
        !self.body.is_empty()
    }

    /// The fields of the JSON body.
    ///
    /// # Errors
    /// When it is too large, not sent as JSON or not a JSON object.
    pub fn body(&self) -> Result<Fields> {
        body::json_fields(&self.headers, &self.body, body::MAX_JSON, json::MAX_VALUES)
    }

    /// The fields of a JSON body that holds many things.
    ///
    /// # Errors
    /// As [`body`](Self::body).
    pub fn bulk_body(&self) -> Result<Fields> {
        body::json_fields(&self.headers, &self.body, body::MAX_BULK, batch::MAX_VALUES)
    }

    /// Takes the body out of the call, to be read while the call is worked with.
    pub fn take_body(&mut self) -> TakenBody {
        TakenBody { headers: self.headers.clone(), body: std::mem::take(&mut self.body) }
    }

    /// The parameters of the query string.
    pub fn query(&self) -> Fields {
        query_fields(&self.query)
    }

    /// Refuses a body that is large or names another tenant, on a route that reads none.
    ///
    /// # Errors
    /// As [`body::check_unread`].
    pub(crate) fn check_unread_body(&self) -> Result<()> {
        body::check_unread(&self.body, Some(self.principal().tenant()))
    }

    /// Refuses query parameters other than the caller's `tenantId`.
    ///
    /// # Errors
    /// [`Error::Validation`] or [`Error::TenantMismatch`].
    pub fn no_query(&self) -> Result<()> {
        let mut query = self.query();
        query.check_tenant(self.principal().tenant());
        query.finish()
    }

    /// The id in the path.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not an id: nothing can have it.
    pub fn path_id<T>(&self, parse: fn(&str) -> Option<T>) -> Result<T> {
        let (_, text) = self.captures.first().ok_or_else(|| Error::Internal("the route has no id".into()))?;
        parse(text).ok_or(Error::NotFound)
    }

    /// The versions that `If-Match` accepts; `None` when it accepts any.
    ///
    /// A weak tag never matches (RFC 9110, section 13.1.1), nor does anything that is not a tag.
    pub fn expected_versions(&self) -> Option<Vec<String>> {
        let mut tags = Vec::new();
        for value in self.headers.get_all(IF_MATCH) {
            let value = value.to_str().unwrap_or_default();
            if value.trim() == "*" {
                return None;
            }
            // What is not a strong tag becomes the empty text, which no version is.
            let strong = |tag: &str| Some(tag.strip_prefix('"')?.strip_suffix('"')?.to_owned());
            tags.extend(value.split(',').map(|tag| strong(tag.trim()).unwrap_or_default()));
            // What a client sends is not worth more comparisons than this.
            tags.truncate(20);
        }
        self.headers.contains_key(IF_MATCH).then_some(tags)
    }

    /// An id for a memory that is created now. Those of one request rise.
    pub fn new_memory_id(&mut self) -> MemoryId {
        MemoryId::new(self.effective_at(), self.new_id_suffix())
    }

    /// For an id of whatever time: of one time, the ids of one request rise.
    pub fn new_id_suffix(&mut self) -> IdSuffix {
        self.memory_ids.next_suffix(&mut self.rng)
    }

    /// A name for a change: the version of a memory that it makes, or the rotation of a key.
    pub fn new_version(&mut self) -> String {
        format!("{:016x}", self.rng.random::<u64>())
    }

    /// An id for a key.
    pub fn new_key_id(&mut self) -> KeyId {
        KeyId::mint(&mut self.rng)
    }

    /// A new secret for a key, and the hash that is kept of it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the pepper cannot be had.
    pub async fn new_secret(&mut self, id: &KeyId, environment: Environment) -> Result<(ApiKey, KeyHash)> {
        let plain = ApiKey::mint(id, environment, &mut self.secrets);
        let hash = self.peppers.get(&self.store, self.received_at()).await?.current.hash(&plain);
        Ok((plain, hash))
    }
}

/// A body that was taken out of its call. Its `Debug` says nothing of it.
pub struct TakenBody {
    headers: HeaderMap,
    body: Body,
}

impl TakenBody {
    /// The lines of NDJSON that are not empty, with their numbers.
    ///
    /// # Errors
    /// When the body is too large or not sent as NDJSON.
    pub fn lines(&self) -> Result<Vec<(usize, &[u8])>> {
        body::ndjson_lines(&self.headers, &self.body)
    }
}

impl fmt::Debug for TakenBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TakenBody")
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

/// The parameters of a query string.
pub(crate) fn query_fields(query: &str) -> Fields {
    Fields::of_query(form_urlencoded::parse(query.as_bytes()).into_owned())
}
