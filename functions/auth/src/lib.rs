//! Routes without a resource: health, the rate-limit status, token exchange, and, through the gateway's `$default` route,
//! the response to unknown paths.

mod exchange;
mod jwks;
mod view;

use hb_http::description::{NoParameters, Operation};
use hb_http::{Call, HandlerResult, Reply, Route};
use lambda_http::http::Method;

use crate::exchange::{AccessToken, TokenBody, TokenQuery};
use crate::view::{Health, KeySet, RateLimitView};

/// The routes of this function.
pub const ROUTES: &[Route] = &[
    Route::public(Method::GET, "/health", |_| Box::pin(health()))
        .describing::<(), (), Health>()
        .operation(Operation::new("health.check", "Check that the service runs")),
    Route::unmetered(Method::GET, "/api/v1/rate-limit", |call| Box::pin(rate_limit(call)))
        .describing::<NoParameters, (), RateLimitView>()
        .operation(Operation::new("usage.rateLimit", "Get the rate-limit status")),
    Route::authenticated(Method::GET, "/auth/clerk-token", |call| Box::pin(exchange::exchange(call)))
        .accepting_doubled_bearer()
        .describing::<TokenQuery, TokenBody, AccessToken<'static>>()
        .operation(Operation::new("auth.exchangeByGet", "Exchange a Clerk session for an access token")),
    // It stores nothing: a repetition makes another token.
    Route::authenticated(Method::POST, "/auth/clerk-token", |call| Box::pin(exchange::exchange(call)))
        .read_only()
        .accepting_doubled_bearer()
        .describing::<TokenQuery, TokenBody, AccessToken<'static>>()
        .operation(Operation::new("auth.exchange", "Exchange a Clerk session for an access token")),
    Route::public(Method::GET, "/.well-known/jwks.json", |call| Box::pin(jwks::jwks(call)))
        .describing::<(), (), KeySet>()
        .operation(Operation::new("auth.jwks", "Get the public keys of access tokens").bare()),
];

/// Responds without reading the database.
async fn health() -> HandlerResult {
    Reply::ok(&Health { status: "ok" })
}

async fn rate_limit(call: Call) -> HandlerResult {
    call.no_query()?;
    Reply::ok(&RateLimitView::of(call.rate_limit(), call.received_at()))
}
