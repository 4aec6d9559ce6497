//! Responses of the routes without a resource. Fields are in alphabetical order.

use hb_domain::Timestamp;
use hb_domain::plan::Plan;
use hb_domain::tenant::RateLimitStatus;
use serde::Serialize;

/// The response of the health check.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
pub(crate) struct Health {
    pub(crate) status: &'static str,
}

/// A tenant's limits and what is left of them.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
pub(crate) struct RateLimitView {
    burst: BurstView,
    month: MonthView,
    plan: Plan,
}

#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct BurstView {
    full_at: Timestamp,
    limit: u32,
    remaining: u64,
    requests_per_minute: u32,
}

#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct MonthView {
    limit: u64,
    remaining: u64,
    resets_at: Timestamp,
    used: u64,
}

impl RateLimitView {
    pub(crate) fn of(status: &RateLimitStatus, now: Timestamp) -> Self {
        let allowance = &status.allowance;
        Self {
            burst: BurstView {
                full_at: now.plus(status.burst_full_in),
                limit: allowance.burst,
                remaining: status.burst_remaining,
                requests_per_minute: allowance.per_minute,
            },
            month: MonthView {
                limit: allowance.per_month,
                remaining: status.month_remaining,
                resets_at: status.month_end,
                used: status.month_used,
            },
            plan: status.plan,
        }
    }
}

/// The public keys of access tokens, as RFC 7517 defines them.
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[expect(dead_code, reason = "describes a document that is made of the signing keys")]
pub(crate) struct KeySet {
    keys: Vec<PublicKey>,
}

/// An Ed25519 key, as RFC 8037 defines it.
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[expect(dead_code, reason = "describes a document that is made of the signing keys")]
struct PublicKey {
    alg: String,
    crv: String,
    kid: String,
    kty: String,
    r#use: String,
    x: String,
}
