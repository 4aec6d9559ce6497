//! Keys in responses. Fields are in alphabetical order.

use hb_domain::key::Environment;
use hb_domain::key_summary::{KeyStatus, KeySummary};
use hb_domain::plan::Allowance;
use hb_domain::{ApiKey, KeyId, Scopes, Timestamp};
use serde::Serialize;

/// An API key. Its text is not stored: only the responses to its creation and its rotations have it.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "ApiKey"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyView {
    /// When the key was created.
    created_at: Timestamp,
    /// The label of the key, which is also in its text. It changes nothing.
    environment: Environment,
    /// From then on the key is refused. `null`: it does not expire.
    expires_at: Option<Timestamp>,
    /// The id of the key. A rotation keeps it.
    id: KeyId,
    /// The first characters of the key's text, by which people recognise it.
    key_prefix: String,
    /// When a request was last made with the key, at most a second late. `null`: never.
    last_used_at: Option<Timestamp>,
    /// The name for people, unique among the keys of the tenant and environment that are in use.
    name: String,
    /// When the key was revoked. `null`: it was not.
    revoked_at: Option<Timestamp>,
    /// What the key allows.
    scopes: Scopes,
    /// Whether the key is accepted.
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

/// A new API key, or one with a new secret: the only response that has the text of the key.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "ApiKeyWithSecret"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlainKeyView<'a> {
    /// When the key was created.
    created_at: Timestamp,
    /// The label of the key, which is also in its text. It changes nothing.
    environment: Environment,
    /// From then on the key is refused. `null`: it does not expire.
    expires_at: Option<Timestamp>,
    /// The id of the key. A rotation keeps it.
    id: &'a KeyId,
    /// The first characters of the key's text, by which people recognise it.
    key_prefix: &'a str,
    /// The name for people.
    name: &'a str,
    /// The text of the key, which requests send. Store it now. `null` in a response that is repeated for its
    /// `Idempotency-Key`.
    plain_key: Option<&'a str>,
    /// The limits of the tenant's plan, which all of its keys share.
    rate_limit: RateLimitView,
    /// What the key allows.
    scopes: Scopes,
}

/// The limits that apply to all keys of the tenant together.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "RateLimits"))]
#[serde(rename_all = "camelCase")]
struct RateLimitView {
    /// How many requests may come at once.
    burst: u32,
    /// How many requests per minute are admitted in the long run.
    requests_per_minute: u32,
    /// How many requests are admitted in a calendar month (UTC).
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
