//! A tenant as its one item has it: plan, status, epoch and meter.

use std::time::Duration;

use crate::Timestamp;
use crate::meter::{Bucket, UsageMeter};
use crate::plan::{Allowance, Plan};

/// Everything the tenant item says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Counts the changes that make cached keys and plans stale: revocations, rotations, changes of
    /// plan or status. It starts at the creation time in microseconds, so that a tenant that was
    /// erased and made again never matches an old cache.
    pub epoch: i64,
    /// The plan.
    pub plan: Plan,
    /// The limits, which the plan gives unless they were set for this tenant.
    pub allowance: Allowance,
    /// Whether the operator has suspended it.
    pub suspended: bool,
    /// What it has consumed.
    pub meter: UsageMeter,
    /// What searches have to know of.
    pub search: SearchVersion,
}

/// Counts the changes of a tenant's memories: an instance that holds what a search needs, of this version, has all
/// of it. They begin as [`Tenant::epoch`] does, and only rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchVersion {
    /// Requests that have changed memories.
    pub writes: i64,
    /// Those of them that have deleted some, which leaves no trace.
    pub deletes: i64,
    /// Those whose changes have times of their own, which a look at the latest changes does not show.
    pub backdated: i64,
    /// The earliest time among the changes of the last of these.
    pub backdated_since: Option<Timestamp>,
}

impl SearchVersion {
    /// How much further the counts of one tenant may be; more tells of another tenant that once had the id.
    const NEAR: i64 = 1_000_000;

    /// Whether whoever has everything of this version has everything of `other`.
    pub fn covers(&self, other: &Self) -> bool {
        let counts =
            [(self.writes, other.writes), (self.deletes, other.deletes), (self.backdated, other.backdated)];
        counts.into_iter().all(|(own, other)| (0..Self::NEAR).contains(&own.saturating_sub(other)))
    }

    /// From when on all changes have to be looked at by whoever lacks, of the reloads of `other`, just the last; `None`
    /// where that is not so.
    pub fn catch_up_from(&self, other: &Self) -> Option<Timestamp> {
        other.backdated_since.filter(|_| self.backdated.checked_add(1) == Some(other.backdated))
    }
}

impl Tenant {
    /// A tenant created at `now` on `plan`.
    pub fn new(plan: Plan, now: Timestamp) -> Self {
        Self {
            epoch: now.micros(),
            plan,
            allowance: plan.allowance(),
            suspended: false,
            meter: UsageMeter::default(),
            search: SearchVersion {
                writes: now.micros(),
                deletes: now.micros(),
                backdated: now.micros(),
                backdated_since: None,
            },
        }
    }

    /// How the tenant stands against its limits at `now`.
    pub fn rate_limit_status(&self, now: Timestamp) -> RateLimitStatus {
        let month = now.month();
        let used = self.meter.used(month);
        let bucket = Bucket::of(&self.allowance);
        RateLimitStatus {
            at: now,
            plan: self.plan,
            allowance: self.allowance,
            month_used: used,
            month_remaining: self.allowance.per_month.saturating_sub(used),
            month_start: month.start(),
            month_end: month.end(),
            burst_remaining: bucket.remaining(self.meter.tat, now),
            burst_full_in: Bucket::full_in(self.meter.tat, now),
        }
    }
}

/// How a tenant stands against its limits; what the rate-limit headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitStatus {
    /// When this was so.
    pub at: Timestamp,
    /// The plan.
    pub plan: Plan,
    /// The limits.
    pub allowance: Allowance,
    /// Requests admitted this month.
    pub month_used: u64,
    /// Requests left this month.
    pub month_remaining: u64,
    /// When this month began.
    pub month_start: Timestamp,
    /// When the next month begins and the count starts anew.
    pub month_end: Timestamp,
    /// Requests that would be admitted at once.
    pub burst_remaining: u64,
    /// How long until the bucket is full.
    pub burst_full_in: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_covers_those_before_it_of_the_same_tenant() {
        let version =
            |writes, deletes, backdated| SearchVersion { writes, deletes, backdated, backdated_since: None };
        let known = version(7, 5, 3);
        assert!(known.covers(&known) && known.covers(&version(1, 5, 3)) && known.covers(&version(6, 4, 2)));
        assert!(!known.covers(&version(8, 5, 3)), "something has changed");
        assert!(!known.covers(&version(7, 6, 3)), "something was deleted");
        assert!(!known.covers(&version(7, 5, 4)), "something has changed whose time tells nothing");
        let begun_before = version(7 - 60_000_000, 5 - 60_000_000, 3 - 60_000_000);
        assert!(!known.covers(&begun_before), "a tenant that was made again, by a clock a minute behind");
        assert!(!version(i64::MAX, 0, 0).covers(&version(i64::MIN, 0, 0)));
    }

    #[test]
    fn one_reload_is_caught_up_with_from_its_earliest_time() {
        let from = Timestamp::parse("2026-11-24T12:00:00Z");
        let version = |backdated, backdated_since| SearchVersion {
            backdated,
            backdated_since,
            ..SearchVersion::default()
        };
        let known = version(3, None);
        assert_eq!(known.catch_up_from(&version(4, from)), from);
        for other in [version(3, from), version(2, from), version(5, from), version(4, None)] {
            assert_eq!(known.catch_up_from(&other), None, "{other:?}");
        }
        assert_eq!(version(i64::MAX, None).catch_up_from(&version(i64::MIN, from)), None);
    }
}
