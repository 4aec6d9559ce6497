//! From a request to its handler, by the access that the route gives.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use hb_domain::bearer::Bearer;
use hb_domain::memory_ids::MemoryIds;
use hb_domain::tenant::RateLimitStatus;
use hb_domain::usage::UsageIncrement;
use hb_domain::{Error, Principal, RequestId, Scope, Timestamp};
use hb_store::Context;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use lambda_http::Body;

use super::{App, panicked};
use crate::completion::Completion;
use crate::guard::origin;
use crate::response::{ResponseContext, is_preflight};
use crate::route::{Effect, Found, Handler, Handling, Route, Surface};
use crate::{Call, PublicCall, PublicUrl, body};

/// One request on its way to the handler of its route.
pub(crate) struct Dispatch<'r> {
    pub(crate) route: &'static Route,
    pub(crate) captures: Vec<(&'static str, String)>,
    pub(crate) parts: &'r Parts,
    pub(crate) id: &'r RequestId,
    pub(crate) received_at: Timestamp,
    /// The address at which the request has reached the service, if it is known.
    pub(crate) public_url: Option<PublicUrl>,
}

impl App {
    pub(super) async fn dispatch(
        &self,
        found: Found<'static>,
        parts: &Parts,
        body: Body,
        id: &RequestId,
        received_at: Timestamp,
        public_url: Option<PublicUrl>,
    ) -> ResponseContext {
        // First, so that other requests learn nothing about routes, and cost nothing.
        if let Err(error) =
            self.shared.guard.origin.check(&self.shared.store, &parts.headers, received_at).await
        {
            return ResponseContext::anonymous(Err(error));
        }
        let (route, captures) = match found {
            Found::Route(route, captures) => (route, captures),
            Found::Options { allow, .. } => {
                return ResponseContext::anonymous(Ok(Completion::Options(Some(allow))));
            }
            Found::WrongMethod { allow, .. } => {
                return ResponseContext::anonymous(Err(Error::MethodNotAllowed { allow }));
            }
            Found::Unknown if is_preflight(parts) => {
                return ResponseContext::anonymous(Ok(Completion::Options(None)));
            }
            Found::Unknown => return ResponseContext::anonymous(Err(Error::UnknownRoute)),
        };
        let request = Dispatch { route, captures, parts, id, received_at, public_url };
        if let Err(error) = request.check_origin() {
            return ResponseContext::anonymous(Err(error));
        }
        let context = match route.handler() {
            Handler::Public(handler) => self.call_public(&request, body, handler).await,
            Handler::Page(handler) => Box::pin(self.call_page(&request, &body, handler)).await,
            // Boxed, since the compiler limits how deep futures may be nested.
            Handler::Unmetered(handler) => {
                let bearer = bearer(&request);
                let calling = Box::pin(self.call_unmetered(request, bearer.clone(), body, handler));
                self.renewing_keys(bearer, received_at, calling).await
            }
            Handler::Metered(scope, handler) => {
                let bearer = bearer(&request);
                let calling = Box::pin(self.call_metered(request, bearer.clone(), body, scope, handler));
                self.renewing_keys(bearer, received_at, calling).await
            }
        };
        ResponseContext { route: route.path, ..context }
    }

    /// Runs `calling`, and beside it the renewal of the issuer's keys when that is due. Both end before the response,
    /// because Lambda suspends the process after it.
    async fn renewing_keys(
        &self,
        bearer: Option<Bearer>,
        now: Timestamp,
        calling: impl Future<Output = ResponseContext>,
    ) -> ResponseContext {
        let renewing = async {
            if let Some(Bearer::Token(token)) = &bearer {
                self.shared.guard.tokens.renew_keys(token, now).await;
            }
        };
        let (context, ()) = tokio::join!(calling, renewing);
        context
    }

    async fn call_public(
        &self,
        request: &Dispatch<'_>,
        body: Body,
        handler: fn(PublicCall) -> Handling,
    ) -> ResponseContext {
        let call = PublicCall {
            received_at: request.received_at,
            store: self.shared.store.clone(),
            tokens: Arc::clone(&self.shared.guard.tokens),
            captures: request.captures.clone(),
            query: request.parts.uri.query().unwrap_or_default().to_owned(),
            app: self.clone(),
            headers: without_credential(&request.parts.headers),
            body,
            public_url: request.public_url.clone(),
        };
        let (headers, body) = (&call.headers, &call.body);
        // A form is checked where it is read.
        let is_read = request.route.surface == Surface::Page && request.route.effect == Effect::Writes;
        let unread = || if is_read { Ok(()) } else { body::check_unread(body, None) };
        let outcome = match body::check_coding(headers, body).and_then(|()| unread()) {
            Ok(()) => handler(call).await,
            Err(error) => Err(error),
        };
        let outcome = outcome.map(Completion::Fresh);
        ResponseContext::anonymous(outcome.and_then(|completion| completion.meeting_if_match(request.parts)))
    }

    async fn call_unmetered(
        &self,
        request: Dispatch<'_>,
        bearer: Option<Bearer>,
        body: Body,
        handler: fn(Call) -> Handling,
    ) -> ResponseContext {
        let admission = match self.shared.guard.admit_unmetered(bearer).await {
            Ok(admission) => admission,
            Err(refusal) => return ResponseContext::refused(refusal),
        };
        let rate_limit = admission.rate_limit;
        let context = admission.into_context(request.id.clone());
        let call = self.new_call(&request, body, context.clone(), rate_limit);
        let outcome = self.perform(&request, call, None, handler).await;
        ResponseContext::of(outcome, Some(context.principal()), Some(rate_limit))
    }

    /// Admits the request and runs its handler, and counts the request for its key at the same time.
    async fn call_metered(
        &self,
        request: Dispatch<'_>,
        bearer: Option<Bearer>,
        body: Body,
        scope: Option<Scope>,
        handler: fn(Call) -> Handling,
    ) -> ResponseContext {
        let admission = match self.shared.guard.admit(bearer).await {
            Ok(admission) => admission,
            Err(refusal) => {
                if let (Error::RateLimited { .. } | Error::QuotaExhausted(_), Some(key)) =
                    (&refusal.error, refusal.principal.as_ref().and_then(Principal::key_id))
                {
                    self.shared.guard.record_rate_limited(key);
                }
                return ResponseContext::refused(refusal);
            }
        };
        let (rate_limit, limited) = (admission.rate_limit, admission.limited);
        // What the request writes and what it counts for its key has one time, and so lies in one day and month.
        let context = admission.into_context(request.id.clone());
        let call = self.new_call(&request, body, context.clone(), rate_limit);
        let handling = async {
            let performing = AssertUnwindSafe(self.perform(&request, call, scope, handler)).catch_unwind();
            performing.await.unwrap_or_else(|_| Err(panicked()))
        };
        let admitted = UsageIncrement::Admitted { scope, limited };
        let (outcome, ()) = tokio::join!(handling, self.count_usage(&context, admitted));
        let failed = match &outcome {
            Ok(Completion::Fresh(_) | Completion::Options(_)) => false,
            Ok(Completion::Replayed(stored)) => stored.status >= 400,
            Err(_) => true,
        };
        if failed {
            self.count_usage(&context, UsageIncrement::Failed).await;
        }
        ResponseContext::of(outcome, Some(context.principal()), Some(rate_limit))
    }

    pub(crate) fn new_call(
        &self,
        request: &Dispatch<'_>,
        body: Body,
        context: Context,
        rate_limit: RateLimitStatus,
    ) -> Call {
        Call {
            context,
            rate_limit,
            started: Instant::now(),
            clock: self.shared.clock.clone(),
            rng: self.shared.entropy.rng(),
            memory_ids: MemoryIds::default(),
            secrets: self.shared.entropy.rng(),
            entropy: self.shared.entropy.clone(),
            store: self.shared.store.clone(),
            peppers: Arc::clone(&self.shared.guard.peppers),
            tokens: Arc::clone(&self.shared.guard.tokens),
            webhook_keys: Arc::clone(&self.shared.webhook_keys),
            webhook_urls: self.shared.webhook_urls,
            sender: self.shared.sender.clone(),
            captures: request.captures.clone(),
            query: request.parts.uri.query().unwrap_or_default().to_owned(),
            headers: without_credential(&request.parts.headers),
            body,
            json_types: body::json_types(&request.route.method),
        }
    }

    /// Counts for the caller's key. The request was admitted, so a failure here does not fail it.
    async fn count_usage(&self, context: &Context, increment: UsageIncrement) {
        let Some(key) = context.principal().key_id() else { return };
        if let Err(error) = self.shared.store.with(context).usage().add(key, increment).await {
            tracing::error!(%key, %error, ?increment, "usage was not counted");
        }
    }
}

/// The credential of a request. Two `Authorization` headers are ambiguous, so neither is accepted.
fn bearer(request: &Dispatch<'_>) -> Option<Bearer> {
    let mut values = request.parts.headers.get_all(AUTHORIZATION).iter().map(|value| value.as_bytes());
    match (values.next(), values.next()) {
        (_, Some(_)) => Some(Bearer::Unknown),
        (header, None) if request.route.accepts_doubled_bearer => Bearer::parse_doubled(header),
        (header, None) => Bearer::parse(header),
    }
}

/// The headers without the credential and the origin secret: a handler has no use for them, and cannot leak them.
fn without_credential(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove(AUTHORIZATION);
    headers.remove(origin::HEADER);
    headers
}
