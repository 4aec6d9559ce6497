//! The usage of 30 days, of the tenant or of one key.

use hb_domain::Result;

use crate::api::{DayUsage, KeyUsage};
use crate::{chart, format};

/// The days that a chart shows.
pub(crate) const DAYS: usize = 30;

/// The usage as pages show it.
pub(crate) struct UsageView {
    pub(crate) has_requests: bool,
    pub(crate) requests: String,
    pub(crate) errors: String,
    pub(crate) limited: String,
    pub(crate) chart: String,
    pub(crate) summary: String,
    pub(crate) days: Vec<DayView>,
}

/// The usage of one day.
pub(crate) struct DayView {
    pub(crate) day: String,
    pub(crate) requests: String,
    pub(crate) errors: String,
    pub(crate) limited: String,
}

impl UsageView {
    /// The sum of the last 30 days of these reports, which end on the same day.
    pub(crate) fn of(usages: &[&KeyUsage]) -> Result<Self> {
        let mut days: Vec<DayUsage> = Vec::new();
        for usage in usages {
            let recent = &usage.daily[usage.daily.len().saturating_sub(DAYS)..];
            days.resize_with(days.len().max(recent.len()), DayUsage::default);
            for (sum, day) in days.iter_mut().zip(recent) {
                sum.date.clone_from(&day.date);
                sum.requests += day.requests;
                sum.errors += day.errors;
                sum.limited += day.limited;
            }
        }
        let total = |count: fn(&DayUsage) -> u64| days.iter().map(count).sum::<u64>();
        let (requests, errors, limited) =
            (total(|day| day.requests), total(|day| day.errors), total(|day| day.limited));
        let busiest = days.iter().max_by_key(|day| day.requests).filter(|day| day.requests > 0);
        let busiest = busiest.map(|day| {
            format!(
                " The busiest day was {} with {}.",
                format::date(&day.date),
                format::count(day.requests, "request")
            )
        });
        Ok(Self {
            has_requests: requests + limited > 0,
            requests: format::number(requests),
            errors: format::number(errors),
            limited: format::number(limited),
            chart: chart::chart(&days)?,
            summary: format!(
                "{} with API keys in {DAYS} days, of which {} ended with an error; {} more {} refused by a limit.{}",
                format::count(requests, "request"),
                format::number(errors),
                format::number(limited),
                if limited == 1 { "was" } else { "were" },
                busiest.unwrap_or_default(),
            ),
            // The newest first, as people look for it.
            days: days.iter().rev().map(DayView::of).collect(),
        })
    }
}

impl DayView {
    fn of(day: &DayUsage) -> Self {
        Self {
            day: format::date(&day.date),
            requests: format::number(day.requests),
            errors: format::number(day.errors),
            limited: format::number(day.limited),
        }
    }
}
