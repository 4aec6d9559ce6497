//! Keys in responses. Fields are in alphabetical order.

use hb_domain::key::Environment;
use hb_domain::key_summary::{KeyStatus, KeySummary};
use hb_domain::plan::Allowance;
use hb_domain::{ApiKey, KeyId, Scopes, Timestamp};
use serde::Serialize;

/// A key without its plain text.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyView {
    created_at: Timestamp,
    environment: Environment,
    expires_at: Option<Timestamp>,
    id: KeyId,
    key_prefix: String,
    last_used_at: Option<Timestamp>,
    name: String,
    revoked_at: Option<Timestamp>,
    scopes: Scopes,
    status: KeyStatus,
}

impl KeyView {
    pub(crate) fn of(key: KeySummary, last_used_at: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            status: key.status(now),
            created_at: key.created_at,
            environment: key.environment,
            expires_at: key.expires_at,
            id: key.id,
            key_prefix: key.key_prefix,
            last_used_at,
            name: key.name,
            revoked_at: key.revoked_at,
            scopes: key.scopes,
        }
    }
}

/// A key with its new plain text, which no other response contains.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlainKeyView<'a> {
    created_at: Timestamp,
    environment: Environment,
    expires_at: Option<Timestamp>,
    id: &'a KeyId,
    key_prefix: &'a str,
    name: &'a str,
    /// `null` in the response to a repeated request: the key is returned once.
    plain_key: Option<&'a str>,
    rate_limit: RateLimitView,
    scopes: Scopes,
}

/// The limits that apply to every key of the tenant.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct RateLimitView {
    burst: u32,
    requests_per_minute: u32,
    requests_per_month: u64,
}

impl<'a> PlainKeyView<'a> {
    #[expect(clippy::disallowed_methods, reason = "the responses to create and rotate contain the plain key")]
    pub(crate) fn of(key: &'a KeySummary, plain: &'a ApiKey, allowance: &Allowance) -> Self {
        Self {
            created_at: key.created_at,
            environment: key.environment,
            expires_at: key.expires_at,
            id: &key.id,
            key_prefix: &key.key_prefix,
            name: &key.name,
            plain_key: Some(plain.expose()),
            rate_limit: RateLimitView {
                burst: allowance.burst,
                requests_per_minute: allowance.per_minute,
                requests_per_month: allowance.per_month,
            },
            scopes: key.scopes,
        }
    }
}
