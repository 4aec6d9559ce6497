//! Responses of the routes without a resource. Fields are in alphabetical order.

use hb_domain::Timestamp;
use hb_domain::plan::Plan;
use hb_domain::tenant::RateLimitStatus;
use serde::Serialize;

/// That the service runs.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
pub(crate) struct Health {
    /// Always `ok`.
    pub(crate) status: &'static str,
}

/// The limits of the tenant and what is left of them.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "RateLimitStatus"))]
pub(crate) struct RateLimitView {
    /// The requests that may come at once.
    burst: BurstView,
    /// The requests of the calendar month (UTC).
    month: MonthView,
    /// The plan of the tenant.
    plan: Plan,
}

/// The requests that may come at once.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "BurstStatus"))]
#[serde(rename_all = "camelCase")]
struct BurstView {
    /// When `remaining` is `limit` again, without further requests.
    full_at: Timestamp,
    /// How many there are at most.
    limit: u32,
    /// How many are left now.
    remaining: u64,
    /// How many are added in each minute.
    requests_per_minute: u32,
}

/// The requests of the calendar month (UTC).
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "MonthStatus"))]
#[serde(rename_all = "camelCase")]
struct MonthView {
    /// How many there are.
    limit: u64,
    /// How many are left.
    remaining: u64,
    /// When the next month begins.
    resets_at: Timestamp,
    /// How many were made.
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
    /// The keys. During a change of the signing key there are several: `kid` in the header of a token says which one
    /// has signed it.
    keys: Vec<PublicKey>,
}

/// An Ed25519 key, as RFC 8037 defines it.
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[expect(dead_code, reason = "describes a document that is made of the signing keys")]
struct PublicKey {
    /// The algorithm: `EdDSA`.
    alg: String,
    /// The curve: `Ed25519`.
    crv: String,
    /// The id of the key.
    kid: String,
    /// The type of the key: `OKP`.
    kty: String,
    /// What the key is for: `sig`.
    r#use: String,
    /// The public key, in base64url.
    x: String,
}
