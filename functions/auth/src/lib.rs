//! What belongs to no resource: health, the tenant's standing against its limits, tokens for sessions, and,
//! through the gateway's `$default` route, the answer to every path that does not exist.

mod exchange;

use hb_domain::Timestamp;
use hb_domain::tenant::RateLimitStatus;
use hb_http::{HandlerResult, Reply, Route};
use lambda_http::http::Method;
use serde_json::json;

/// The routes of this function.
pub const ROUTES: &[Route] = &[
    Route::public(Method::GET, "/health", health),
    Route::rate_limit_status(Method::GET, "/api/v1/rate-limit", rate_limit),
    Route::exchange(Method::GET, "/auth/clerk-token", |call| Box::pin(exchange::exchange(call))),
    Route::exchange(Method::POST, "/auth/clerk-token", |call| Box::pin(exchange::exchange(call))),
    Route::keys(Method::GET, "/.well-known/jwks.json", Reply::bare),
];

/// Says that the function answers; asks no database.
fn health() -> HandlerResult {
    Reply::ok(&json!({ "status": "ok" }))
}

fn rate_limit(rate_limit: &RateLimitStatus, now: Timestamp) -> HandlerResult {
    let allowance = &rate_limit.allowance;
    Reply::ok(&json!({
        "plan": rate_limit.plan,
        "month": {
            "limit": allowance.per_month,
            "used": rate_limit.month_used,
            "remaining": rate_limit.month_remaining,
            "resetsAt": rate_limit.month_end,
        },
        "burst": {
            "limit": allowance.burst,
            "remaining": rate_limit.burst_remaining,
            "requestsPerMinute": allowance.per_minute,
            "fullAt": now.plus(rate_limit.burst_full_in),
        },
    }))
}
