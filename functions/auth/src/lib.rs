//! Routes without a resource: health, the rate-limit status, token exchange, and, through the gateway's `$default` route,
//! the response to unknown paths.

mod exchange;
mod jwks;
mod view;

use hb_http::{Call, HandlerResult, Reply, Route};
use lambda_http::http::Method;

use crate::view::{Health, RateLimitView};

/// The routes of this function.
pub const ROUTES: &[Route] = &[
    Route::public(Method::GET, "/health", |_| Box::pin(health())),
    Route::unmetered(Method::GET, "/api/v1/rate-limit", |call| Box::pin(rate_limit(call))),
    Route::authenticated(Method::GET, "/auth/clerk-token", |call| Box::pin(exchange::exchange(call)))
        .accepting_doubled_bearer(),
    // It stores nothing: a repetition makes another token.
    Route::authenticated(Method::POST, "/auth/clerk-token", |call| Box::pin(exchange::exchange(call)))
        .read_only()
        .accepting_doubled_bearer(),
    Route::public(Method::GET, "/.well-known/jwks.json", |call| Box::pin(jwks::jwks(call))),
];

/// Responds without reading the database.
async fn health() -> HandlerResult {
    Reply::ok(&Health { status: "ok" })
}

async fn rate_limit(call: Call) -> HandlerResult {
    call.no_query()?;
    Reply::ok(&RateLimitView::of(call.rate_limit(), call.received_at()))
}
