//! The arithmetic of admission: a token bucket kept as one number, and a monthly count.
//!
//! The bucket is GCRA, the generic cell rate algorithm (ITU-T I.371): instead of a number of tokens
//! it keeps `tat`, the moment at which the bucket will be full again. A request is admitted when
//! `tat ≤ now + tau` and then moves `tat` one interval on, where the interval is a minute divided by
//! the rate and `tau` is the burst less one, in intervals. One number means one conditional write.
//!
//! DynamoDB conditions know neither `max()` nor sums, so that write has two [`Branch`]es; the
//! [`Meter`] here states in plain code what the two together do, and tests hold one to the other.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Timestamp;
use crate::plan::Allowance;
use crate::time::Month;

/// A `tat` further ahead than the deepest bucket can bring it, plus this, was written by a wrong clock.
const CLOCK_TOLERANCE_MICROS: i64 = 2_000_000;

/// A token bucket's constants, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// What one request costs: a minute divided by the rate, rounded up.
    pub interval: i64,
    /// How far ahead of now `tat` may be for a request to be admitted.
    pub tau: i64,
}

impl Bucket {
    /// The bucket of a tenant with this allowance.
    pub fn of(allowance: &Allowance) -> Self {
        let interval =
            (60_000_000 + i64::from(allowance.per_minute) - 1) / i64::from(allowance.per_minute.max(1));
        Self { interval, tau: (i64::from(allowance.burst) - 1).max(0) * interval }
    }

    /// The latest `tat` that admits a request at `now`.
    pub const fn horizon(self, now: Timestamp) -> i64 {
        now.micros() + self.tau
    }

    /// How many requests would be admitted at `now`, one after the other.
    pub fn remaining(self, tat: i64, now: Timestamp) -> u64 {
        let room = self.horizon(now) - tat.max(now.micros());
        if room < 0 { 0 } else { (room / self.interval + 1).unsigned_abs() }
    }

    /// How long until the next request is admitted; zero when it would be now.
    pub fn wait(self, tat: i64, now: Timestamp) -> Duration {
        micros(tat - self.horizon(now))
    }

    /// How long until the bucket is full.
    pub fn full_in(tat: i64, now: Timestamp) -> Duration {
        micros(tat - now.micros())
    }

    const fn is_from_a_wrong_clock(self, tat: i64, now: Timestamp) -> bool {
        tat > self.horizon(now) + self.interval + CLOCK_TOLERANCE_MICROS
    }
}

fn micros(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// A tenant's consumption: what the tenant item keeps besides plan and status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meter {
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

impl Meter {
    /// Admitted requests in `month`.
    pub fn used(&self, month: Month) -> u64 {
        self.months.get(&month).copied().unwrap_or(0)
    }

    /// Admits and counts one request at `now`, or refuses it and changes nothing, except that a `tat`
    /// which only a wrong clock can have written is brought back to the horizon.
    pub fn admit(&mut self, allowance: &Allowance, now: Timestamp) -> Result<(), Limit> {
        let bucket = Bucket::of(allowance);
        if self.used(now.month()) >= allowance.per_month {
            return Err(Limit::Quota);
        }
        if bucket.is_from_a_wrong_clock(self.tat, now) {
            self.tat = bucket.horizon(now);
        }
        if self.tat > bucket.horizon(now) {
            return Err(Limit::Rate(bucket.wait(self.tat, now)));
        }
        self.tat = self.tat.max(now.micros()) + bucket.interval;
        *self.months.entry(now.month()).or_insert(0) += 1;
        Ok(())
    }
}

/// The two forms of the conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    /// `tat` is now or ahead: add an interval to it.
    InUse,
    /// `tat` is past: the bucket is full, and `tat` becomes now and an interval.
    Idle,
}

impl Branch {
    /// The branch that fits `tat` at `now`.
    pub const fn fitting(tat: i64, now: Timestamp) -> Self {
        if tat < now.micros() { Self::Idle } else { Self::InUse }
    }
}

/// What a failed conditional write means, read off the meter it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A limit refuses the request.
    Refused(Limit),
    /// `tat` was written by a wrong clock and has to be brought back to the horizon first.
    WrongClock,
    /// The write tried the branch that did not fit; the other one does.
    Retry(Branch),
}

impl Verdict {
    /// Judges the meter that made a conditional write of an admission fail.
    pub fn of(found: &Meter, allowance: &Allowance, now: Timestamp) -> Self {
        let bucket = Bucket::of(allowance);
        if found.used(now.month()) >= allowance.per_month {
            Self::Refused(Limit::Quota)
        } else if bucket.is_from_a_wrong_clock(found.tat, now) {
            Self::WrongClock
        } else if found.tat > bucket.horizon(now) {
            Self::Refused(Limit::Rate(bucket.wait(found.tat, now)))
        } else {
            Self::Retry(Branch::fitting(found.tat, now))
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

    #[test]
    fn a_full_bucket_admits_the_burst_then_the_rate() {
        let mut meter = Meter::default();
        let admitted = (0..200).filter(|_| meter.admit(&FREE, at(0)).is_ok()).count();
        assert_eq!(admitted, 20);
        assert_eq!(meter.admit(&FREE, at(0)), Err(Limit::Rate(Duration::from_secs(6))));
        assert_eq!(meter.admit(&FREE, at(5_999)), Err(Limit::Rate(Duration::from_millis(1))));
        assert_eq!(meter.admit(&FREE, at(6_000)), Ok(()));
    }

    #[test]
    fn the_month_rolls_over_by_itself() {
        let mut meter = Meter::default();
        let allowance = Allowance { per_month: 2, ..FREE };
        let last = Timestamp::parse("2026-11-30T23:59:59.999Z").expect("a time");
        let first = Timestamp::parse("2026-12-01T00:00:00Z").expect("a time");
        assert!(meter.admit(&allowance, last).is_ok());
        assert!(meter.admit(&allowance, last).is_ok());
        assert_eq!(meter.admit(&allowance, last), Err(Limit::Quota));
        assert!(meter.admit(&allowance, first).is_ok());
    }

    #[test]
    fn an_hour_ahead_does_not_lock_the_tenant_out() {
        let mut meter = Meter::default();
        assert!(meter.admit(&FREE, at(3_600_000)).is_ok());
        assert!(meter.admit(&FREE, at(0)).is_ok());
    }

    fn allowances() -> impl Strategy<Value = Allowance> {
        (1u64..500, 1u32..2_000, 1u32..100).prop_map(|(per_month, per_minute, burst)| Allowance {
            per_month,
            per_minute,
            burst,
            memories: None,
        })
    }

    proptest! {
        /// The promise of a token bucket, over every window of the run: no more than the burst and
        /// what the rate refills meanwhile.
        #[test]
        fn no_window_admits_more_than_burst_and_refill(allowance in allowances(), gaps in prop::collection::vec(0i64..3_000, 1..200)) {
            let mut meter = Meter::default();
            let mut now = 0;
            let mut admitted = Vec::new();
            for gap in gaps {
                now += gap;
                if meter.admit(&allowance, at(now)).is_ok() {
                    admitted.push(now);
                }
            }
            let interval = Bucket::of(&allowance).interval;
            for (i, start) in admitted.iter().enumerate() {
                for (j, end) in admitted.iter().enumerate().skip(i) {
                    let refilled = (end - start) * 1_000 / interval;
                    prop_assert!((j - i) as i64 <= i64::from(allowance.burst) - 1 + refilled + 1);
                }
            }
            prop_assert!(admitted.len() as u64 <= allowance.per_month);
        }

        #[test]
        fn a_refusal_changes_nothing_and_its_wait_is_exact(allowance in allowances(), taken in 0usize..150) {
            let mut meter = Meter::default();
            for _ in 0..taken {
                let _ = meter.admit(&allowance, at(0));
            }
            let before = meter.clone();
            match meter.admit(&allowance, at(0)) {
                Ok(()) => prop_assert!(Bucket::of(&allowance).remaining(before.tat, at(0)) > 0),
                Err(Limit::Quota) => prop_assert_eq!(&meter, &before),
                Err(Limit::Rate(wait)) => {
                    prop_assert_eq!(&meter, &before);
                    prop_assert_eq!(Bucket::of(&allowance).remaining(before.tat, at(0)), 0);
                    prop_assert!(meter.clone().admit(&allowance, at(0).plus(wait - Duration::from_micros(1))).is_err());
                    prop_assert!(meter.admit(&allowance, at(0).plus(wait)).is_ok());
                }
            }
        }

        /// The conditional write as the verdict drives it comes to the same end as the reference.
        #[test]
        fn branches_and_verdicts_agree_with_the_reference(
            allowance in allowances(), tat in -10_000_000i64..100_000_000, used in 0u64..500,
        ) {
            let now = at(0);
            let meter = Meter { tat: now.micros() + tat, months: [(now.month(), used)].into() };
            let mut reference = meter.clone();
            let expected = reference.admit(&allowance, now);

            let bucket = Bucket::of(&allowance);
            let mut written = meter;
            let mut branch = Branch::Idle;
            let outcome = loop {
                let fits = written.used(now.month()) < allowance.per_month && match branch {
                    Branch::InUse => (now.micros()..=bucket.horizon(now)).contains(&written.tat),
                    Branch::Idle => written.tat < now.micros(),
                };
                if fits {
                    written.tat = if branch == Branch::Idle { now.micros() } else { written.tat } + bucket.interval;
                    *written.months.entry(now.month()).or_insert(0) += 1;
                    break Ok(());
                }
                match Verdict::of(&written, &allowance, now) {
                    Verdict::Refused(limit) => break Err(limit),
                    Verdict::WrongClock => written.tat = bucket.horizon(now),
                    Verdict::Retry(other) => {
                        prop_assert_ne!(other, branch);
                        branch = other;
                    }
                }
                if branch == Branch::Idle { branch = Branch::fitting(written.tat, now); }
            };
            prop_assert_eq!(outcome, expected);
            prop_assert_eq!(written, reference);
        }
    }
}
