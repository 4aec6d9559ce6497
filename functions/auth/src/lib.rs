//! What belongs to no resource: health, the tenant's standing against its limits, tokens for sessions, and,
//! through the gateway's `$default` route, the answer to every path that does not exist.

mod trade;

use hb_domain::Timestamp;
use hb_domain::tenant::Standing;
use hb_http::{Outcome, Reply, Route};
use lambda_http::http::Method;
use serde_json::json;

/// The routes of this function.
pub const ROUTES: &[Route] = &[
    Route::public(Method::GET, "/health", health),
    Route::standing(Method::GET, "/api/v1/rate-limit", rate_limit),
    Route::trade(Method::GET, "/auth/clerk-token", |call| Box::pin(trade::trade(call))),
    Route::trade(Method::POST, "/auth/clerk-token", |call| Box::pin(trade::trade(call))),
    Route::keys(Method::GET, "/.well-known/jwks.json", Reply::bare),
];

/// Says that the function answers; asks no database.
fn health() -> Outcome {
    Reply::ok(&json!({ "status": "ok" }))
}

fn rate_limit(standing: &Standing, now: Timestamp) -> Outcome {
    let allowance = &standing.allowance;
    Reply::ok(&json!({
        "plan": standing.plan,
        "month": {
            "limit": allowance.per_month,
            "used": standing.month_used,
            "remaining": standing.month_remaining,
            "resetsAt": standing.month_end,
        },
        "burst": {
            "limit": allowance.burst,
            "remaining": standing.burst_remaining,
            "requestsPerMinute": allowance.per_minute,
            "fullAt": now.plus(standing.burst_full_in),
        },
    }))
}
