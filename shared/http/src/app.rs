//! The application: what requests share, and the path of one request through it.

mod dispatch;
mod pages;
#[cfg(test)]
mod tests;
mod work;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use hb_domain::dashboard::PublishableKey;
use hb_domain::webhook::UrlPolicy;
use hb_domain::{Clock, Error, RequestId, TenantId};
use hb_sender::Sender;
use hb_store::{Store, with_capacity_metering};
use lambda_http::{Body, Request, RequestExt, Response};

use crate::guard::Guard;
use crate::response::{RequestStats, ResponseContext, StrictTransport};
use crate::route::{self, Access, Route};
use crate::token::Tokens;
use crate::webhook_keys::WebhookKeyCache;
use crate::{Entropy, PublicUrl, Settings};
pub(crate) use dispatch::Dispatch;

/// The longest warm-up: Lambda ends an initialisation of more than 10 s.
const WARM_UP: Duration = Duration::from_secs(3);

/// One instance of the service; cheap to clone. Instances over one database share nothing else.
#[derive(Clone, Debug)]
pub struct App {
    shared: Arc<Shared>,
    public_url: Option<PublicUrl>,
}

#[derive(Debug)]
struct Shared {
    tables: Vec<&'static [Route]>,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    guard: Guard,
    strict_transport: Option<StrictTransport>,
    webhook_urls: UrlPolicy,
    sender: Sender,
    publishable_key: Option<PublishableKey>,
    webhook_keys: Arc<WebhookKeyCache>,
    /// Whether it has answered a request.
    is_warm: AtomicBool,
}

impl App {
    /// An instance that serves these route tables.
    pub fn new(
        tables: Vec<&'static [Route]>,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        settings: Settings,
    ) -> Self {
        let Settings { clerk, publishable_key, strict_transport, public_url, webhook_urls, sender } =
            settings;
        let guard = Guard::new(store.clone(), clock.clone(), Tokens::new(clerk));
        let is_warm = AtomicBool::new(false);
        let webhook_keys = Arc::default();
        let shared = Shared {
            tables,
            store,
            clock,
            entropy,
            guard,
            strict_transport,
            webhook_urls,
            sender: sender.unwrap_or_else(|| Sender::new(webhook_urls)),
            publishable_key,
            webhook_keys,
            is_warm,
        };
        Self { shared: Arc::new(shared), public_url }
    }

    /// The same instance, which clients reach at this address. Without one, the links of responses are relative.
    #[must_use]
    pub fn reached_at(self, public_url: Option<PublicUrl>) -> Self {
        Self { public_url, ..self }
    }

    /// Reads the secrets that every request needs and connects to DynamoDB ahead of the first request of a cold start. After
    /// a failure the first request tries again. An instance whose routes are all public needs neither key nor tenant.
    pub async fn warm_up(&self) {
        let tenant = TenantId::parse("warm-up").ok_or_else(|| Error::Internal("no tenant id".into()));
        let both = async {
            let (store, now) = (&self.shared.store, self.shared.clock.now());
            if !self.has_credentials() {
                return self.shared.guard.origin.warm_up(store, now).await;
            }
            let (pepper, origin, tenant) = tokio::join!(
                self.shared.guard.peppers.get(store, now),
                self.shared.guard.origin.warm_up(store, now),
                async { store.tenants().get(&tenant?).await }
            );
            pepper.map(|_| ()).and(origin).and(tenant.map(|_| ()))
        };
        match tokio::time::timeout(WARM_UP, both).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "warm-up failed; the first request tries again"),
            Err(_) => tracing::warn!("warm-up timed out; the first request tries again"),
        }
    }

    /// Whether any of the routes needs a credential.
    fn has_credentials(&self) -> bool {
        self.shared.tables.iter().copied().flatten().any(|route| route.access() != Access::Public)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.shared.store
    }

    pub(crate) fn entropy(&self) -> &Entropy {
        &self.shared.entropy
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.shared.guard
    }

    pub(crate) fn publishable_key(&self) -> Option<&PublishableKey> {
        self.shared.publishable_key.as_ref()
    }

    /// Handles one request. Every response is well-formed, also after a panic.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        let started = Instant::now();
        let now = self.shared.clock.now();
        let id = RequestId::mint(&mut self.shared.entropy.rng());
        let gateway_id = gateway_id(&request);
        let public_url = self.public_url.clone().or_else(|| gateway_url(&request));
        let (parts, body) = request.into_parts();

        let found = route::find(&self.shared.tables, &parts.method, parts.uri.path());
        let (surface, is_private) = (found.surface(), found.needs_credential());
        // On the heap: passed from layer to layer by value, the future takes a large part of a thread's stack.
        let dispatch = AssertUnwindSafe(Box::pin(self.dispatch(found, &parts, body, &id, now, public_url)))
            .catch_unwind();
        let (context, consumed) = with_capacity_metering(dispatch).await;
        let context = context.unwrap_or_else(|_| ResponseContext::anonymous(Err(panicked())));
        let context = ResponseContext { surface, is_private, public_url: self.public_url.clone(), ..context };
        let mut response = context.respond(&parts, &id, now);
        if let Some(strict_transport) = &self.shared.strict_transport {
            strict_transport.add_to(response.headers_mut());
        }
        let is_cold = !self.shared.is_warm.swap(true, Ordering::Relaxed);
        let stats = RequestStats { gateway_id, latency: started.elapsed(), is_cold, consumed };
        context.log(&response, &parts.method, &id, &stats);
        response
    }
}

fn panicked() -> Error {
    Error::Internal("a handler panicked".into())
}

fn gateway_id(request: &Request) -> Option<String> {
    let lambda_http::request::RequestContext::ApiGatewayV2(context) = request.request_context_ref()? else {
        return None;
    };
    context.request_id.clone()
}

/// The gateway's own address. The gateway, not the caller, determines it.
fn gateway_url(request: &Request) -> Option<PublicUrl> {
    let lambda_http::request::RequestContext::ApiGatewayV2(context) = request.request_context_ref()? else {
        return None;
    };
    PublicUrl::of_domain(context.domain_name.as_deref()?)
}
