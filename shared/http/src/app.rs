//! The application: what requests share, and the path of one request through it.

mod dispatch;
#[cfg(test)]
mod tests;
mod work;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use hb_domain::{Clock, Error, RequestId, TenantId};
use hb_store::{Store, with_capacity_metering};
use lambda_http::{Body, Request, RequestExt, Response};

use crate::Entropy;
use crate::guard::Guard;
use crate::response::{RequestStats, ResponseContext};
use crate::route::{self, Route};
use crate::token::{ClerkSettings, Tokens};

/// The longest warm-up: Lambda ends an initialisation of more than 10 s.
const WARM_UP: Duration = Duration::from_secs(3);

/// One instance of the service; cheap to clone. Instances over one database share nothing else.
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
    /// An instance that serves these route tables. Without Clerk settings no token is valid.
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

    /// Reads the pepper and connects to DynamoDB ahead of the first request of a cold start. After a failure the first
    /// request tries again.
    pub async fn warm_up(&self) {
        let tenant = TenantId::parse("warm-up").ok_or_else(|| Error::Internal("no tenant id".into()));
        let both = async {
            let (pepper, tenant) =
                tokio::join!(self.0.guard.peppers.get(&self.0.store, self.0.clock.now()), async {
                    self.0.store.tenants().get(&tenant?).await
                });
            pepper.map(|_| ()).and(tenant.map(|_| ()))
        };
        match tokio::time::timeout(WARM_UP, both).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "warm-up failed; the first request tries again"),
            Err(_) => tracing::warn!("warm-up timed out; the first request tries again"),
        }
    }

    /// Handles one request. Every response is well-formed, also after a panic.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        let started = Instant::now();
        let now = self.0.clock.now();
        let id = RequestId::mint(&mut self.0.entropy.rng());
        let gateway_id = gateway_id(&request);
        let (parts, body) = request.into_parts();

        let found = route::find(&self.0.tables, &parts.method, parts.uri.path());
        let surface = found.surface();
        // On the heap: passed from layer to layer by value, the future takes a large part of a thread's stack.
        let dispatch =
            AssertUnwindSafe(Box::pin(self.dispatch(found, &parts, body, &id, now))).catch_unwind();
        let (context, consumed) = with_capacity_metering(dispatch).await;
        let context = context.unwrap_or_else(|_| ResponseContext::anonymous(Err(panicked())));
        let context = ResponseContext { surface, ..context };
        let response = context.respond(&parts, &id, now);
        let is_cold = !self.0.is_warm.swap(true, Ordering::Relaxed);
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
