//! `GET /api/v1/api-keys/usage`

use hb_domain::fields::Fields;
use hb_domain::time::Day;
use hb_domain::usage::{DailyUsage, DayCounts, KeyUsage, ScopeCounts};
use hb_domain::{KeyId, Result, Scope, rules};
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::target;

/// The longest report, in days.
const MAX_DAYS: u16 = 90;
const DEFAULT_DAYS: u16 = 30;

/// The query of the request.
pub(crate) struct UsageQuery {
    id: String,
    days: u16,
}

/// How often a key was used.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "ApiKeyUsage"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageReport<'a> {
    /// Each day (UTC), the oldest first.
    daily: Vec<DayView>,
    /// How many days the report covers, the present one included.
    days: u16,
    /// How many of the requests were answered with an error.
    errors: u64,
    /// The id of the key.
    key_id: &'a KeyId,
    /// How many requests were refused by a limit; they are not in `total`. A lower bound.
    limited: u64,
    /// Each scope that the key has, in a fixed order.
    scopes: Vec<ScopeView>,
    /// How many requests were admitted.
    total: u64,
}

/// How often a key was used on one day.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "DailyUsage"))]
struct DayView {
    /// The day (UTC).
    date: Day,
    /// How many of the requests were answered with an error.
    errors: u64,
    /// How many requests were refused by a limit. A lower bound.
    limited: u64,
    /// How many requests were admitted.
    requests: u64,
}

/// How often a scope of a key was needed.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "ScopeUsage"))]
#[serde(rename_all = "camelCase")]
struct ScopeView {
    /// How many requests were admitted whose route needs the scope, in the calendar months (UTC) that the report's days
    /// touch. 0: the scope was not used. `null`: unknown, since some of the requests were made before an upgrade of the
    /// service that counts them by scope.
    requests: Option<u64>,
    /// The scope.
    scope: Scope,
}

impl UsageQuery {
    fn parse(mut fields: Fields) -> Result<Self> {
        let id = target::take_key_id(&mut fields);
        let days = fields.take("days", rules::query_integer(1..=u64::from(MAX_DAYS)));
        let id = fields.finish_with(id)?;
        let days = days.map_or(DEFAULT_DAYS, |days| u16::try_from(days).unwrap_or(MAX_DAYS));
        Ok(Self { id, days })
    }
}

#[cfg(feature = "describe")]
impl hb_domain::describe::Request for UsageQuery {
    fn record(recorder: &hb_domain::describe::Recorder) {
        let _ = Self::parse(recorder.query());
    }
}

impl DayView {
    const fn of(usage: &DailyUsage) -> Self {
        let DayCounts { requests, errors, limited } = usage.counts;
        Self { date: usage.day, errors, limited, requests }
    }
}

impl ScopeView {
    fn of(scope: Scope, counts: Option<ScopeCounts>) -> Self {
        Self { requests: counts.map(|counts| counts.needing(scope)), scope }
    }
}

pub(crate) async fn usage(call: Call) -> HandlerResult {
    let UsageQuery { id, days } = UsageQuery::parse(call.query())?;

    let key = target::find(&call, &id).await?;
    let KeyUsage { daily, scopes } = call.usage().report(&key.id, days).await?;
    Reply::ok(&UsageReport {
        days,
        errors: daily.iter().map(|usage| usage.counts.errors).sum(),
        key_id: &key.id,
        limited: daily.iter().map(|usage| usage.counts.limited).sum(),
        scopes: key.scopes.iter().map(|scope| ScopeView::of(scope, scopes)).collect(),
        total: daily.iter().map(|usage| usage.counts.requests).sum(),
        daily: daily.iter().map(DayView::of).collect(),
    })
}
