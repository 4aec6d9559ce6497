//! A tenant: plan, status, epoch and meter, which one item stores.

use std::time::Duration;

use crate::Timestamp;
use crate::meter::{Bucket, UsageMeter};
use crate::plan::{Allowance, Plan};

/// The tenant item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Counts the changes that make cached keys and plans stale: revocations, rotations, changes of
    /// plan or status. It starts at the creation time in microseconds, so that a tenant that was deleted and created
    /// again never matches an old cache.
    pub epoch: i64,
    /// The plan.
    pub plan: Plan,
    /// The limits: those of the plan, unless they were set for this tenant.
    pub allowance: Allowance,
    /// Whether the operator has suspended it.
    pub suspended: bool,
    /// What it has consumed.
    pub meter: UsageMeter,
    /// The version of its memories, for searches.
    pub search: SearchVersion,
    /// Whether its searches are recorded.
    pub recording: Recording,
}

/// Whether the searches of a tenant are recorded as events: while it has a webhook endpoint. For its changes, the number of endpoints in
/// the head of its feed decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// Whether they are.
    pub is_on: bool,
    /// Counts how often it was switched on. It is switched off on the condition that this has not changed. The count begins like
    /// [`Tenant::epoch`], so that it is not that of a tenant that had the id before.
    pub version: i64,
}

/// Counts the changes of a tenant's memories. A cached index of this version contains all changes. The counts begin
/// like [`Tenant::epoch`] and never decrease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchVersion {
    /// The number of requests that changed memories.
    pub writes: i64,
    /// The number of requests that deleted memories, which cannot be found by their times.
    pub deletes: i64,
    /// The number of requests with backdated changes, which a query for the latest changes does not return.
    pub backdated: i64,
    /// The earliest time of the changes of the last backdated request.
    pub backdated_since: Option<Timestamp>,
}

impl SearchVersion {
    /// The maximum difference of the counts of one tenant. A larger difference means that another tenant had the id before.
    const NEAR: i64 = 1_000_000;

    /// The counts: they change with every change of a memory.
    pub const fn counts(&self) -> [i64; 3] {
        [self.writes, self.deletes, self.backdated]
    }

    /// Whether an index of this version contains all changes of `other`.
    pub fn covers(&self, other: &Self) -> bool {
        let counts =
            [(self.writes, other.writes), (self.deletes, other.deletes), (self.backdated, other.backdated)];
        counts.into_iter().all(|(own, other)| (0..Self::NEAR).contains(&own.saturating_sub(other)))
    }

    /// The time from which an index of this version has to sync changes to contain those of `other`, where exactly
    /// the last backdated request is missing; otherwise `None`.
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
            recording: Recording { is_on: false, version: now.micros() },
        }
    }

    /// The rate-limit status of the tenant at `now`.
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

/// The rate-limit status of a tenant, which the rate-limit headers contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitStatus {
    /// The time of the status.
    pub at: Timestamp,
    /// The plan.
    pub plan: Plan,
    /// The limits.
    pub allowance: Allowance,
    /// The number of requests admitted this month.
    pub month_used: u64,
    /// The number of requests left this month.
    pub month_remaining: u64,
    /// When this month began.
    pub month_start: Timestamp,
    /// When the next month begins and the count is reset.
    pub month_end: Timestamp,
    /// The number of requests that would be admitted immediately.
    pub burst_remaining: u64,
    /// The time until the bucket is full.
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
        assert!(!known.covers(&version(7, 5, 4)), "something has changed at an earlier time");
        let begun_before = version(7 - 60_000_000, 5 - 60_000_000, 3 - 60_000_000);
        assert!(!known.covers(&begun_before), "a tenant that was created again, by a clock a minute behind");
        assert!(!version(i64::MAX, 0, 0).covers(&version(i64::MIN, 0, 0)));
    }

    #[test]
    fn one_backdated_request_is_synced_from_its_earliest_time() {
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
