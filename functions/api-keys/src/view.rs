//! Keys as answers show them.

use hb_domain::key_summary::KeySummary;
use hb_domain::plan::Allowance;
use hb_domain::{ApiKey, Timestamp};
use serde_json::{Value, json};

/// A key in a list.
pub(crate) fn summary(key: &KeySummary, last_used_at: Option<Timestamp>, now: Timestamp) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "keyPrefix": key.key_prefix,
        "environment": key.environment,
        "scopes": key.scopes,
        "status": key.status(now),
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "lastUsedAt": last_used_at,
        "revokedAt": key.revoked_at,
    })
}

/// A key with its new plain text: the one time that it leaves the process.
#[expect(clippy::disallowed_methods, reason = "the create and rotate answers hand the plain key out")]
pub(crate) fn handed_out(key: &KeySummary, plain: &ApiKey, allowance: &Allowance) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "keyPrefix": key.key_prefix,
        "plainKey": plain.expose(),
        "environment": key.environment,
        "scopes": key.scopes,
        "rateLimit": {
            "requestsPerMinute": allowance.per_minute,
            "requestsPerMonth": allowance.per_month,
            "burst": allowance.burst,
        },
        "expiresAt": key.expires_at,
        "createdAt": key.created_at,
    })
}
