//! The arithmetic of admission: a token bucket kept as one number, and a monthly count.
//!
//! The bucket is GCRA, the generic cell rate algorithm (ITU-T I.371): instead of a number of tokens
//! it keeps `tat`, the moment at which the bucket will be full again. A request is admitted when
//! `tat ≤ now + tau` and then moves `tat` one interval on, where the interval is a minute divided by
//! the rate and `tau` is the burst less one, in intervals. One number means one conditional write.
//!
//! DynamoDB conditions know neither `max()` nor sums, so that write has two [`Branch`]es. Which one fits is a guess from
//! the `tat` last seen. Where the interval is shorter than a call takes, `tat` wanders around `now` and half of the
//! guesses would be wrong; so the branch for a bucket in use has a tolerance, the `slack`: it takes a `tat` that is up to
//! that far in the past, and its horizon lies as much earlier. Both branches then fit a `tat` between `now - slack` and
//! `now`. The law that holds all the same (infra/adr/0013): in any window, by the clocks that requests read, no more
//! are admitted than the burst and what the rate refills in that window and the difference of the clocks, as long as
//! that is less than 2 s.
//!
//! The [`UsageMeter`] states in plain code what a write does, [`crate::admission`] which write comes next.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Timestamp;
use crate::plan::Allowance;
use crate::time::Month;

/// A `tat` further ahead than the deepest bucket can bring it, plus this, was written by a wrong clock.
const CLOCK_TOLERANCE_MICROS: i64 = 2_000_000;

/// The most that the slack is, in microseconds.
const MAX_SLACK_MICROS: i64 = 100_000;

/// A token bucket's constants, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// What one request costs: a minute divided by the rate, rounded up.
    pub interval: i64,
    /// How far ahead of now `tat` may be for a request to be admitted.
    pub tau: i64,
    /// How far behind now `tat` may be for the bucket to count as in use: a hundredth of `tau`, 100 ms at most, and 0
    /// where that is no longer than an interval. So up to 600 requests a minute, and for small bursts, it is 0.
    pub slack: i64,
}

impl Bucket {
    /// The bucket of a tenant with this allowance.
    pub fn of(allowance: &Allowance) -> Self {
        let interval =
            (60_000_000 + i64::from(allowance.per_minute) - 1) / i64::from(allowance.per_minute.max(1));
        let tau = (i64::from(allowance.burst) - 1).max(0) * interval;
        let slack = (tau / 100).min(MAX_SLACK_MICROS);
        Self { interval, tau, slack: if slack > interval { slack } else { 0 } }
    }

    /// The latest `tat` that admits a request at `now`.
    pub const fn horizon(self, now: Timestamp) -> i64 {
        now.micros() - self.slack + self.tau
    }

    /// The earliest `tat` that counts as in use at `now`.
    pub const fn floor(self, now: Timestamp) -> i64 {
        now.micros() - self.slack
    }

    /// The branch to be tried first at `now` where `tat` was seen last.
    pub const fn branch(self, tat: i64, now: Timestamp) -> Branch {
        if tat < self.floor(now) { Branch::Idle } else { Branch::InUse }
    }

    /// How many requests would be admitted at `now`, one after the other.
    pub fn remaining(self, tat: i64, now: Timestamp) -> u64 {
        let from = match self.branch(tat, now) {
            Branch::Idle => now.micros(),
            Branch::InUse => tat,
        };
        let room = self.horizon(now) - from;
        if room < 0 { 0 } else { (room / self.interval + 1).unsigned_abs() }
    }

    /// How long until the next request is admitted; zero when it would be now.
    pub fn wait(self, tat: i64, now: Timestamp) -> Duration {
        micros(tat - self.horizon(now))
    }

    /// What one request costs.
    pub fn interval(self) -> Duration {
        micros(self.interval)
    }

    /// How long until the bucket is full.
    pub fn full_in(tat: i64, now: Timestamp) -> Duration {
        micros(tat - now.micros())
    }

    pub(crate) const fn is_from_a_wrong_clock(self, tat: i64, now: Timestamp) -> bool {
        tat > self.horizon(now) + self.interval + CLOCK_TOLERANCE_MICROS
    }
}

fn micros(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// A tenant's consumption: what the tenant item keeps besides plan and status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageMeter {
    /// When the bucket will be full, in microseconds since 1970.
    pub tat: i64,
    /// Admitted requests by month.
    pub months: BTreeMap<Month, u64>,
}

/// Why a request is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The month's requests are used up.
    Quota,
    /// The bucket is empty; the next request is admitted after this long.
    Rate(Duration),
}

impl UsageMeter {
    /// Admitted requests in `month`.
    pub fn used(&self, month: Month) -> u64 {
        self.months.get(&month).copied().unwrap_or(0)
    }

    /// Admits and counts one request at `now`, by the write of this branch if it fits and by the other if not, or
    /// refuses it and changes nothing, except that a `tat` which only a wrong clock can have written is brought back to
    /// the horizon.
    pub fn admit(&mut self, allowance: &Allowance, now: Timestamp, branch: Branch) -> Result<(), Limit> {
        let bucket = Bucket::of(allowance);
        if self.used(now.month()) >= allowance.per_month {
            return Err(Limit::Quota);
        }
        if bucket.is_from_a_wrong_clock(self.tat, now) {
            self.tat = bucket.horizon(now);
        }
        if !self.write(allowance, now, branch) && !self.write(allowance, now, branch.other()) {
            return Err(Limit::Rate(bucket.wait(self.tat, now)));
        }
        Ok(())
    }

    /// What the conditional write of this branch does: admits and counts one request, or changes nothing.
    pub fn write(&mut self, allowance: &Allowance, now: Timestamp, branch: Branch) -> bool {
        let bucket = Bucket::of(allowance);
        let fits = match branch {
            Branch::InUse => (bucket.floor(now)..=bucket.horizon(now)).contains(&self.tat),
            Branch::Idle => self.tat < now.micros(),
        };
        if !fits || self.used(now.month()) >= allowance.per_month {
            return false;
        }
        self.tat = match branch {
            Branch::InUse => self.tat,
            Branch::Idle => now.micros(),
        } + bucket.interval;
        *self.months.entry(now.month()).or_insert(0) += 1;
        true
    }
}

/// The two forms of the conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    /// `tat` is ahead of now, or behind it by the slack at most: add an interval to it.
    InUse,
    /// `tat` is past: the bucket is full, and `tat` becomes now and an interval.
    Idle,
}

impl Branch {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::InUse => Self::Idle,
            Self::Idle => Self::InUse,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::Plan;

    const FREE: Allowance = Plan::Free.allowance();

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + millis)
    }

    /// Admits as one would who knows the meter.
    fn admit(meter: &mut UsageMeter, allowance: &Allowance, now: Timestamp) -> Result<(), Limit> {
        let branch = Bucket::of(allowance).branch(meter.tat, now);
        meter.admit(allowance, now, branch)
    }

    #[test]
    fn a_full_bucket_admits_the_burst_then_the_rate() {
        let mut meter = UsageMeter::default();
        let admitted = (0..200).filter(|_| admit(&mut meter, &FREE, at(0)).is_ok()).count();
        assert_eq!(admitted, 20);
        assert_eq!(admit(&mut meter, &FREE, at(0)), Err(Limit::Rate(Duration::from_secs(6))));
        assert_eq!(admit(&mut meter, &FREE, at(5_999)), Err(Limit::Rate(Duration::from_millis(1))));
        assert_eq!(admit(&mut meter, &FREE, at(6_000)), Ok(()));
    }

    #[test]
    fn only_deep_and_fast_buckets_have_slack() {
        let slack = |per_minute, burst| {
            Bucket::of(&Allowance { per_month: 1, per_minute, burst, memories: None }).slack
        };
        for (per_minute, burst) in [
            (10, 20),
            (100, 200),
            (599, 20),
            (600, 200_000),
            (601, 20),
            (6_000, 100),
            (60_000, 100),
            (30_000, 1),
        ] {
            assert_eq!(slack(per_minute, burst), 0, "{per_minute}, {burst}");
        }
        assert_eq!(slack(60_000, 10_000), 99_990);
        assert_eq!(slack(30_000, 10_000), 100_000);
        assert_eq!(slack(601, 200_000), 100_000);
    }

    #[test]
    fn the_month_rolls_over_by_itself() {
        let mut meter = UsageMeter::default();
        let allowance = Allowance { per_month: 2, ..FREE };
        let last = Timestamp::parse("2026-11-30T23:59:59.999Z").expect("a time");
        let first = Timestamp::parse("2026-12-01T00:00:00Z").expect("a time");
        assert!(admit(&mut meter, &allowance, last).is_ok());
        assert!(admit(&mut meter, &allowance, last).is_ok());
        assert_eq!(admit(&mut meter, &allowance, last), Err(Limit::Quota));
        assert!(admit(&mut meter, &allowance, first).is_ok());
    }

    #[test]
    fn an_hour_ahead_does_not_lock_the_tenant_out() {
        let mut meter = UsageMeter::default();
        assert!(admit(&mut meter, &FREE, at(3_600_000)).is_ok());
        assert!(admit(&mut meter, &FREE, at(0)).is_ok());
    }

    fn allowances() -> impl Strategy<Value = Allowance> {
        let slow = (1u64..500, 1u32..2_000, 1u32..100);
        let fast = (1u64..500, 20_000u32..60_000, 5_000u32..20_000);
        prop_oneof![slow, fast].prop_map(|(per_month, per_minute, burst)| Allowance {
            per_month,
            per_minute,
            burst,
            memories: None,
        })
    }

    fn branches() -> impl Strategy<Value = Branch> {
        prop::sample::select(vec![Branch::InUse, Branch::Idle])
    }

    proptest! {
        /// The promise of a token bucket, over every window of the run: no more than the burst and
        /// what the rate refills meanwhile, whichever branches the requests try first.
        #[test]
        fn no_window_admits_more_than_burst_and_refill(
            allowance in allowances(), gaps in prop::collection::vec((0i64..3_000_000, branches()), 1..200), scale in 1i64..4_000,
        ) {
            let mut meter = UsageMeter::default();
            let mut now = at(0).micros();
            let mut admitted = Vec::new();
            for (gap, branch) in gaps {
                now += gap / scale;
                if meter.admit(&allowance, Timestamp::from_micros(now), branch).is_ok() {
                    admitted.push(now);
                }
            }
            let interval = Bucket::of(&allowance).interval;
            for (i, start) in admitted.iter().enumerate() {
                for (j, end) in admitted.iter().enumerate().skip(i) {
                    let (count, refilled) = ((j - i + 1) as i64, (end - start) / interval);
                    prop_assert!(count <= i64::from(allowance.burst) + refilled);
                }
            }
            prop_assert!(admitted.len() as u64 <= allowance.per_month);
        }

        #[test]
        fn a_refusal_changes_nothing_and_its_wait_is_exact(
            allowance in allowances(), taken in 0usize..150, branch in branches(), ahead in 0i64..2_000,
        ) {
            // Of a deep bucket nearly all has been taken before.
            let mut meter = UsageMeter { tat: Bucket::of(&allowance).horizon(at(0)) - ahead * 1_000, ..UsageMeter::default() };
            for _ in 0..taken {
                let _ = admit(&mut meter, &allowance, at(0));
            }
            let before = meter.clone();
            match meter.admit(&allowance, at(0), branch) {
                Ok(()) => prop_assert!(Bucket::of(&allowance).remaining(before.tat, at(0)) > 0),
                Err(Limit::Quota) => prop_assert_eq!(&meter, &before),
                Err(Limit::Rate(wait)) => {
                    prop_assert_eq!(&meter, &before);
                    prop_assert_eq!(Bucket::of(&allowance).remaining(before.tat, at(0)), 0);
                    prop_assert!(meter.clone().admit(&allowance, at(0).plus(wait - Duration::from_micros(1)), branch).is_err());
                    prop_assert!(meter.admit(&allowance, at(0).plus(wait), branch).is_ok());
                }
            }
        }

        #[test]
        fn what_remains_is_what_is_admitted_at_once(allowance in allowances(), tat in -300_000i64..3_000_000) {
            let allowance = Allowance { per_month: u64::MAX, ..allowance };
            let mut meter = UsageMeter { tat: at(0).micros() + tat, ..UsageMeter::default() };
            let expected = Bucket::of(&allowance).remaining(meter.tat, at(0));
            let mut admitted = 0;
            while !Bucket::of(&allowance).is_from_a_wrong_clock(meter.tat, at(0)) && admit(&mut meter, &allowance, at(0)).is_ok() {
                admitted += 1;
            }
            prop_assert_eq!(admitted, expected);
        }
    }
}
