//! The application: everything that requests share, and the way of one request through it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use hb_domain::bearer::Bearer;
use hb_domain::memory_ids::MemoryIds;
use hb_domain::tenant::RateLimitStatus;
use hb_domain::usage::DayCounts;
use hb_domain::{Clock, Error, Principal, RequestId, TenantId, Timestamp};
use hb_store::{Acquired, Context, Store, with_capacity_metering};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use lambda_http::{Body, Request, RequestExt, Response};

use crate::guard::{Admission, Guard};
use crate::reply::Completion;
use crate::response::{RequestStats, ResponseContext};
use crate::route::{self, Action, Authorize, Found, Handling, Route};
use crate::token::{ClerkSettings, Tokens};
use crate::{Call, Entropy, HandlerResult, Reply, body, call, idempotency};

/// How long warming up may take: Lambda ends an initialisation of more than 10 s.
const WARM_UP: Duration = Duration::from_secs(3);

/// One instance of the service; cheap to clone. Instances over one database know nothing of each other.
#[derive(Clone, Debug)]
pub struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    tables: Vec<&'static [Route]>,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    guard: Guard,
    /// Whether it has answered a request.
    is_warm: AtomicBool,
}

impl App {
    /// An instance that serves these route tables.
    /// Without settings of Clerk, its tokens are not valid.
    pub fn new(
        tables: Vec<&'static [Route]>,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        clerk: Option<ClerkSettings>,
    ) -> Self {
        let guard = Guard::new(store.clone(), clock.clone(), Tokens::new(clerk));
        Self(Arc::new(Shared { tables, store, clock, entropy, guard, is_warm: AtomicBool::new(false) }))
    }

    /// Does what a cold start can do ahead of the first request: reads the pepper and opens the
    /// connection to DynamoDB. A failure is left to the first request, which tries again.
    pub async fn warm_up(&self) {
        let nobody = TenantId::parse("warm-up").ok_or_else(|| Error::Internal("no tenant id".into()));
        let both = async {
            let (pepper, tenant) =
                tokio::join!(self.0.guard.peppers.get(&self.0.store, self.0.clock.now()), async {
                    self.0.store.tenants().get(&nobody?).await
                });
            pepper.map(|_| ()).and(tenant.map(|_| ()))
        };
        match tokio::time::timeout(WARM_UP, both).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "not warmed up: the first request tries again"),
            Err(_) => tracing::warn!("not warmed up in time: the first request tries again"),
        }
    }

    /// Answers one request. Whatever happens, the answer is well-formed.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        let started = Instant::now();
        let now = self.0.clock.now();
        let id = RequestId::mint(&mut self.0.entropy.rng());
        let gateway_id = gateway_id(&request);
        let (parts, body) = request.into_parts();

        // A panic is a bug, but one request's bug: the caller gets an answer, the log the request id.
        // On the heap: moved from layer to layer as a value, it takes a good part of a thread's stack.
        let answering = AssertUnwindSafe(Box::pin(self.answer(&parts, body, &id, now))).catch_unwind();
        let (answer, consumed) = with_capacity_metering(answering).await;
        let answer = answer.unwrap_or_else(|_| ResponseContext::anonymous(Err(panicked())));
        let response = answer.respond(&parts, &id, now);
        let is_cold = !self.0.is_warm.swap(true, Ordering::Relaxed);
        let stats = RequestStats { gateway_id, latency: started.elapsed(), is_cold, consumed };
        answer.log(&response, &parts.method, &id, &stats);
        response
    }

    async fn answer(&self, parts: &Parts, body: Body, id: &RequestId, now: Timestamp) -> ResponseContext {
        match route::find(&self.0.tables, &parts.method, parts.uri.path()) {
            Found::Unknown => ResponseContext::anonymous(Err(Error::UnknownRoute)),
            Found::WrongMethod(allow) => ResponseContext::anonymous(Err(Error::MethodNotAllowed { allow })),
            Found::Options(allow) => ResponseContext {
                allow: Some(allow),
                ..ResponseContext::anonymous(Reply::ok(&serde_json::Value::Null))
            },
            Found::Route(route, captures) => {
                let answer = match route.action {
                    Action::Public(answer) => {
                        ResponseContext::anonymous(body::check_unread(&body, None).and_then(|()| answer()))
                    }

                    Action::Keys(show) => {
                        let keys = self.0.guard.tokens.access.public_keys(&self.0.store, now).await;
                        let keys = body::check_unread(&body, None).and(keys);
                        ResponseContext::anonymous(keys.and_then(|keys| show(&keys)))
                    }
                    Action::RateLimitStatus(show) => self.show_rate_limit_status(parts, &body, show).await,
                    Action::Tenant(scope, handler) => {
                        let bearer = if route.tolerates_doubled_bearer {
                            Bearer::parse_doubled(authorization(&parts.headers))
                        } else {
                            Bearer::parse(authorization(&parts.headers))
                        };
                        self.call(parts, body, bearer, captures, id, async |call| {
                            if let Some(scope) = scope {
                                call.principal().require(scope)?;
                            }
                            if let Some(reveals) = &route.reveals {
                                reveals.check_conditions(call.principal(), &parts.headers)?;
                            }
                            if route.reads_no_body() {
                                call.check_unread_body()?;
                            }
                            let principal = call.principal().clone();
                            let done = if route.accepts_idempotency_key() {
                                self.work_once(parts, call, route.authorize, handler, id, now).await?
                            } else {
                                self.work(call, handler).await.map(Completion::Fresh)?
                            };
                            match &route.reveals {
                                Some(reveals) => done.shown_to(&principal, reveals),
                                None => Ok(done),
                            }
                        })
                        .await
                    }
                };
                ResponseContext { route: route.path, ..answer }
            }
        }
    }

    /// Runs the handler and, before anybody hears what it did, tells searches what it has changed.
    async fn work(&self, call: Call, handler: fn(Call) -> Handling) -> HandlerResult {
        let context = call.context.clone();
        let handling = AssertUnwindSafe(async { handler(call).await }).catch_unwind();
        let outcome = handling.await.unwrap_or_else(|_| Err(panicked()));
        // A change that searches do not hear of must not be acknowledged: the caller tries again.
        context.publish_changes(&self.0.store).await.and(outcome)
    }

    /// Runs the handler, unless the request repeats one that has been answered. The route's own authorisation runs
    /// first, so that it also decides about requests that are resumed or replayed.
    async fn work_once(
        &self,
        parts: &Parts,
        mut call: Call,
        authorize: Option<Authorize>,
        handler: fn(Call) -> Handling,
        id: &RequestId,
        now: Timestamp,
    ) -> Result<Completion, Error> {
        let Some(key) = idempotency::key_of(&parts.headers)? else {
            return self.work(call, handler).await.map(Completion::Fresh);
        };
        if let Some(authorize) = authorize {
            authorize(&call).await?;
        }
        let (store, context) = (&self.0.store, call.context.clone());
        let fresh = idempotency::new_record(parts, &mut call);
        match store.with(&context).idempotency().acquire(&key, fresh).await? {
            Acquired::Completed(stored) => Ok(Completion::Replayed(stored)),
            Acquired::Locked(locked) => {
                let outcome = self.work(call.under(locked.clone()), handler).await;
                idempotency::settle(store, &context, &locked, outcome, id, now).await.map(Completion::Fresh)
            }
        }
    }

    async fn show_rate_limit_status(
        &self,
        parts: &Parts,
        body: &[u8],
        show: fn(&RateLimitStatus, Timestamp) -> HandlerResult,
    ) -> ResponseContext {
        match self.0.guard.rate_limit_status(Bearer::parse(authorization(&parts.headers))).await {
            Ok(Admission { principal, rate_limit, .. }) => {
                let mut query = call::query_fields(parts.uri.query().unwrap_or_default());
                query.check_tenant(principal.tenant());
                let checked =
                    body::check_unread(body, Some(principal.tenant())).and_then(|()| query.finish());
                let outcome = checked.and_then(|()| show(&rate_limit, rate_limit.at));
                ResponseContext::of(outcome, Some(&principal), Some(rate_limit))
            }
            Err(refusal) => ResponseContext::refused(refusal),
        }
    }

    /// Admits the request, then runs its handler and beside it counts the request for its key.
    async fn call(
        &self,
        parts: &Parts,
        body: Body,
        bearer: Option<Bearer>,
        captures: Vec<(&'static str, String)>,
        id: &RequestId,
        work: impl AsyncFnOnce(Call) -> Result<Completion, Error>,
    ) -> ResponseContext {
        let admission = match self.0.guard.admit(bearer).await {
            Ok(admission) => admission,
            Err(refusal) => {
                if let (Error::RateLimited { .. } | Error::QuotaExhausted(_), Some(key)) =
                    (&refusal.error, refusal.principal.as_ref().and_then(Principal::key_id))
                {
                    self.0.guard.record_rate_limited(key);
                }
                return ResponseContext::refused(refusal);
            }
        };
        let (rate_limit, limited) = (admission.rate_limit, admission.limited);
        // What the request writes and what it counts for its key belong to one moment, and so to one day and month.
        let context = admission.into_context(id.clone());
        let call = Call {
            context: context.clone(),
            rate_limit,
            started: Instant::now(),
            clock: self.0.clock.clone(),
            rng: self.0.entropy.rng(),
            memory_ids: MemoryIds::default(),
            secrets: self.0.entropy.rng(),
            store: self.0.store.clone(),
            peppers: Arc::clone(&self.0.guard.peppers),
            tokens: Arc::clone(&self.0.guard.tokens),
            captures,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: without_credential(&parts.headers),
            body,
        };
        let handling = async {
            let handled = AssertUnwindSafe(work(call)).catch_unwind().await;
            handled.unwrap_or_else(|_| Err(panicked()))
        };
        let admitted = DayCounts { requests: 1, errors: 0, limited };
        let (outcome, ()) = tokio::join!(handling, self.count(&context, admitted));
        let failed = match &outcome {
            Ok(Completion::Fresh(_)) => false,
            Ok(Completion::Replayed(stored)) => stored.status >= 400,
            Err(_) => true,
        };
        if failed {
            self.count(&context, DayCounts { errors: 1, ..DayCounts::default() }).await;
        }
        ResponseContext::of_work(outcome, Some(context.principal()), Some(rate_limit))
    }

    /// Counts for the caller's key. The request has been admitted, so a failure here is not the caller's.
    async fn count(&self, context: &Context, counts: DayCounts) {
        let Some(key) = context.principal().key_id() else { return };
        if let Err(error) = self.0.store.with(context).usage().add(key, &counts).await {
            tracing::error!(%key, %error, ?counts, "usage was not counted");
        }
    }
}

fn panicked() -> Error {
    Error::Internal("a handler panicked".into())
}

fn authorization(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?;
    // Two credentials are no credential.
    if values.next().is_some() { Some(b"Bearer ambiguous") } else { Some(value.as_bytes()) }
}

/// Handlers have no use for the credential, and what they do not have they cannot let out.
fn without_credential(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove(AUTHORIZATION);
    headers
}

fn gateway_id(request: &Request) -> Option<String> {
    let lambda_http::request::RequestContext::ApiGatewayV2(context) = request.request_context_ref()? else {
        return None;
    };
    context.request_id.clone()
}
