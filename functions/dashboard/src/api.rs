//! The API's routes that pages use, and the data that they return.

use futures_util::future::try_join_all;
use hb_domain::{Error, Result, Timestamp};
use hb_http::{ApiRequest, PageCall};
use serde::Deserialize;

/// The number of keys whose usage is read at a time.
const CONCURRENT_READS: usize = 16;
/// The longest report of usage that the API has, in days.
pub(crate) const LONGEST_REPORT: u16 = 90;

/// An API key.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKey {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) key_prefix: String,
    pub(crate) environment: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) status: String,
    created_at: String,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    revoked_at: Option<String>,
}

/// An API key with its secret, which only the response to its creation or rotation has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewKey {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) plain_key: Option<String>,
}

/// The usage of a key.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct KeyUsage {
    pub(crate) daily: Vec<DayUsage>,
    pub(crate) scopes: Vec<ScopeUsage>,
    pub(crate) total: u64,
}

/// The usage of one day.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct DayUsage {
    pub(crate) date: String,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) limited: u64,
}

/// How many requests needed a scope; `None` if that is not known.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ScopeUsage {
    pub(crate) scope: String,
    pub(crate) requests: Option<u64>,
}

/// The rate-limit status of the tenant.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RateLimit {
    pub(crate) plan: String,
    pub(crate) month: Month,
    pub(crate) burst: Burst,
}

/// The requests of the month.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Month {
    pub(crate) limit: u64,
    pub(crate) used: u64,
    pub(crate) remaining: u64,
    resets_at: String,
}

/// The requests that may come at once.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Burst {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    pub(crate) requests_per_minute: u64,
}

#[derive(Deserialize)]
struct KeyList {
    keys: Vec<ApiKey>,
}

#[derive(Deserialize)]
struct MemoryList {
    pagination: Pagination,
}

#[derive(Deserialize)]
struct Pagination {
    total: Option<u64>,
}

impl ApiKey {
    pub(crate) fn is_active(&self) -> bool {
        self.status == "active"
    }

    pub(crate) fn created_at(&self) -> Result<Timestamp> {
        moment(&self.created_at)
    }

    pub(crate) fn expires_at(&self) -> Result<Option<Timestamp>> {
        self.expires_at.as_deref().map(moment).transpose()
    }

    pub(crate) fn last_used_at(&self) -> Result<Option<Timestamp>> {
        self.last_used_at.as_deref().map(moment).transpose()
    }

    pub(crate) fn revoked_at(&self) -> Result<Option<Timestamp>> {
        self.revoked_at.as_deref().map(moment).transpose()
    }
}

impl Month {
    pub(crate) fn resets_at(&self) -> Result<Timestamp> {
        moment(&self.resets_at)
    }
}

/// The keys of the tenant.
pub(crate) async fn keys(call: &PageCall) -> Result<Vec<ApiKey>> {
    let reply = call.api(ApiRequest::get(api_keys::ROUTES, "/api/v1/api-keys")).await?;
    Ok(reply.data::<KeyList>()?.keys)
}

/// One key.
pub(crate) async fn key(call: &PageCall, id: &str) -> Result<ApiKey> {
    let reply = call.api(ApiRequest::get(api_keys::ROUTES, format!("/api/v1/api-keys/{id}"))).await?;
    reply.data()
}

/// The usage of a key in so many days.
pub(crate) async fn usage(call: &PageCall, id: &str, days: u16) -> Result<KeyUsage> {
    let target = format!("/api/v1/api-keys/usage?keyId={id}&days={days}");
    call.api(ApiRequest::get(api_keys::ROUTES, target)).await?.data()
}

/// The usage of several keys, in their order.
pub(crate) async fn usages(call: &PageCall, keys: &[&ApiKey]) -> Result<Vec<KeyUsage>> {
    let mut usages = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(CONCURRENT_READS) {
        usages.extend(try_join_all(chunk.iter().map(|key| usage(call, &key.id, LONGEST_REPORT))).await?);
    }
    Ok(usages)
}

/// The rate-limit status of the tenant.
pub(crate) async fn rate_limit(call: &PageCall) -> Result<RateLimit> {
    call.api(ApiRequest::get(auth::ROUTES, "/api/v1/rate-limit")).await?.data()
}

/// How many memories the tenant has.
pub(crate) async fn memories(call: &PageCall) -> Result<u64> {
    let reply = call.api(ApiRequest::get(memories::ROUTES, "/api/v1/memories?limit=1")).await?;
    Ok(reply.data::<MemoryList>()?.pagination.total.unwrap_or(0))
}

fn moment(text: &str) -> Result<Timestamp> {
    Timestamp::parse(text).ok_or_else(|| Error::Internal(format!("the API returned the time {text}")))
}
