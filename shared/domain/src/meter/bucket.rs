//! A token bucket that is stored as one number.

use std::time::Duration;

use crate::Timestamp;
use crate::plan::Allowance;

/// A `tat` that exceeds the horizon of an empty bucket by more than this was written by a wrong clock.
const CLOCK_TOLERANCE_MICROS: i64 = 2_000_000;

/// The maximum slack, in microseconds.
const MAX_SLACK_MICROS: i64 = 100_000;

/// The constants of a token bucket, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The cost of one request: a minute divided by the rate, rounded up.
    pub interval: i64,
    /// How far in the future `tat` may be for a request to be admitted.
    pub tau: i64,
    /// How far in the past `tat` may be for the bucket to count as in use: a hundredth of `tau`, at most 100 ms, and
    /// 0 where that is not longer than an interval, as with up to 600 requests a minute and with small bursts.
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

    /// The branch to try first at `now`, for the `tat` that was read last.
    pub const fn branch(self, tat: i64, now: Timestamp) -> Branch {
        if tat < self.floor(now) { Branch::Idle } else { Branch::InUse }
    }

    /// The number of requests that would be admitted at `now`, one after the other.
    pub fn remaining(self, tat: i64, now: Timestamp) -> u64 {
        let from = match self.branch(tat, now) {
            Branch::Idle => now.micros(),
            Branch::InUse => tat,
        };
        let room = self.horizon(now) - from;
        if room < 0 { 0 } else { (room / self.interval + 1).unsigned_abs() }
    }

    /// The time until the next request is admitted; zero when it would be admitted now.
    pub fn wait(self, tat: i64, now: Timestamp) -> Duration {
        micros(tat - self.horizon(now))
    }

    /// The cost of one request.
    pub fn interval(self) -> Duration {
        micros(self.interval)
    }

    /// The time until the bucket is full.
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

/// The two forms of the conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    /// `tat` is in the future, or in the past by at most the slack: adds an interval to it.
    InUse,
    /// `tat` is in the past, so the bucket is full: sets it to now plus an interval.
    Idle,
}

impl Branch {
    /// The other branch.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::InUse => Self::Idle,
            Self::Idle => Self::InUse,
        }
    }
}
