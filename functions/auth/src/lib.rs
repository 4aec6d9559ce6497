//! Routes without a resource: health, the rate-limit status, token exchange, and, through the gateway's `$default` route,
//! the response to unknown paths.

mod exchange;
mod view;

use hb_domain::Timestamp;
use hb_domain::tenant::RateLimitStatus;
use hb_http::{HandlerResult, Reply, Route};
use lambda_http::http::Method;

use crate::view::{Health, RateLimitView};

/// The routes of this function.
pub const ROUTES: &[Route] = &[
    Route::public(Method::GET, "/health", health),
    Route::rate_limit_status(Method::GET, "/api/v1/rate-limit", rate_limit),
    Route::exchange(Method::GET, "/auth/clerk-token", |call| Box::pin(exchange::exchange(call))),
    Route::exchange(Method::POST, "/auth/clerk-token", |call| Box::pin(exchange::exchange(call))),
    Route::keys(Method::GET, "/.well-known/jwks.json", Reply::bare),
];

/// Responds without reading the database.
fn health() -> HandlerResult {
    Reply::ok(&Health { status: "ok" })
}

fn rate_limit(status: &RateLimitStatus, now: Timestamp) -> HandlerResult {
    Reply::ok(&RateLimitView::of(status, now))
}
