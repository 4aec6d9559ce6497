//! `GET /dashboard`: limits, usage, and what should be mended.

use std::collections::HashMap;
use std::time::Duration;

use askama::Template;
use hb_domain::Timestamp;
use hb_http::{HandlerResult, PageCall};

use crate::api::{self, ApiKey, KeyUsage, LONGEST_REPORT};
use crate::hygiene::{self, Hint};
use crate::page::{Page, render};
use crate::usage::UsageView;
use crate::{format, keys};

/// The most hints that are shown.
const MAX_HINTS: usize = 20;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    page: Page,
    may_manage: bool,
    has_keys: bool,
    plan: String,
    quota: QuotaTile,
    burst: BurstTile,
    memories: MemoriesTile,
    usage: UsageView,
    has_hints: bool,
    hints: Vec<Hint>,
    /// That there are more; empty if there are none.
    hidden_hints: String,
}

/// The requests of the month.
struct QuotaTile {
    used: String,
    limit: String,
    left: String,
    value: u64,
    max: u64,
    resets: String,
    resets_at: String,
    level: &'static str,
}

/// The bucket.
struct BurstTile {
    left: String,
    limit: String,
    per_minute: String,
    value: u64,
    max: u64,
    level: &'static str,
}

/// The memories.
struct MemoriesTile {
    unlimited: bool,
    used: String,
    limit: String,
    left: String,
    value: u64,
    max: u64,
    level: &'static str,
}

pub(crate) async fn overview(call: PageCall) -> HandlerResult {
    let (limits, keys, stored) =
        tokio::try_join!(api::rate_limit(&call), api::keys(&call), api::memories(&call))?;
    let now = call.now();
    let mut used = Vec::new();
    for key in &keys {
        if is_in_report(key.last_used_at()?, now) {
            used.push(key);
        }
    }
    let usages = api::usages(&call, &used).await?;
    let by_key: HashMap<&str, &KeyUsage> = used.iter().map(|key| key.id.as_str()).zip(&usages).collect();
    let may_manage = keys::may_manage(&call);
    let active: Vec<&ApiKey> = keys.iter().filter(|key| key.is_active()).collect();
    let mut hints = Vec::new();
    for key in &active {
        hints.extend(hygiene::hints(key, by_key.get(key.id.as_str()).copied(), may_manage, now)?);
    }
    hints.sort_by_key(|hint| hint.severity == "low");
    let hidden = hints.len().saturating_sub(MAX_HINTS);
    hints.truncate(MAX_HINTS);

    let resets_at = limits.month.resets_at()?;
    let limit = call.allowance().memories;
    render(&Overview {
        page: Page::of(&call, "overview"),
        may_manage,
        has_keys: !active.is_empty(),
        plan: capitalized(&limits.plan),
        quota: QuotaTile {
            used: format::number(limits.month.used),
            limit: format::number(limits.month.limit),
            left: format::number(limits.month.remaining),
            value: limits.month.used.min(limits.month.limit),
            max: limits.month.limit.max(1),
            resets: format::time(resets_at),
            resets_at: resets_at.to_string(),
            level: level(limits.month.used, limits.month.limit),
        },
        burst: BurstTile {
            left: format::number(limits.burst.remaining),
            limit: format::number(limits.burst.limit),
            per_minute: format::number(limits.burst.requests_per_minute),
            value: limits.burst.remaining.min(limits.burst.limit),
            max: limits.burst.limit.max(1),
            level: level(limits.burst.limit.saturating_sub(limits.burst.remaining), limits.burst.limit),
        },
        memories: MemoriesTile {
            unlimited: limit.is_none(),
            used: format::number(stored),
            limit: format::number(limit.unwrap_or(0)),
            left: format::number(limit.unwrap_or(0).saturating_sub(stored)),
            value: stored.min(limit.unwrap_or(stored)),
            max: limit.unwrap_or(1).max(1),
            level: limit.map_or("ok", |limit| level(stored, limit)),
        },
        usage: UsageView::of(&usages.iter().collect::<Vec<_>>())?,
        has_hints: !hints.is_empty(),
        hints,
        hidden_hints: match hidden {
            0 => String::new(),
            more => format!("{} more, once these are mended.", format::number(more as u64)),
        },
    })
}

/// Whether a key was used so recently that the report of its usage has something.
fn is_in_report(last_used_at: Option<Timestamp>, now: Timestamp) -> bool {
    let report = Duration::from_secs(86_400) * u32::from(LONGEST_REPORT);
    last_used_at.is_some_and(|last_used_at| last_used_at.plus(report) > now)
}

/// How close a limit is: from 80 % on it is a warning.
fn level(used: u64, limit: u64) -> &'static str {
    if used >= limit {
        "critical"
    } else if u128::from(used) * 5 >= u128::from(limit) * 4 {
        "warning"
    } else {
        "ok"
    }
}

/// `pro` as `Pro`.
pub(crate) fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
