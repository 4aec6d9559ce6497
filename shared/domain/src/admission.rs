//! One request's way through the conditional writes of its admission.
//!
//! DynamoDB conditions know neither `max()` nor sums, so an admission is one of two conditional writes, its
//! [`Branch`]es. An [`AdmissionAttempt`] chooses the first and says, from the item that a failed write has found, what comes
//! next. It does no I/O: the guard drives it against the database, tests against a simulated one.
//!
//! A request reads the clock once for both branches. Since `tat` only rises, in use, idle, in use is then the longest
//! way: a fourth failure says that the bucket is empty. The clock is read anew only to judge a refusal, so that a
//! request whose call was slow is judged by the time at which it came back.

use crate::Timestamp;
use crate::meter::{Branch, Bucket, Limit, UsageMeter};
use crate::plan::Allowance;

/// How many writes one admission may take: three for the branches, others when a wrong clock is repaired or when
/// calls are so slow that the bucket refills meanwhile.
pub const MAX_WRITES: u32 = 8;

/// So many admissions by others within the slack mean that `tat` is rarely behind it.
const BUSY: f64 = 2.0;
/// So many admissions by others since the last look mean that what was seen is out of date.
const OUTDATED: f64 = 2.0;
/// Over which time the rate of others is averaged, in seconds.
const AVERAGED_OVER: f64 = 0.2;

/// What an instance has last seen of a tenant's bucket, by which it guesses the branch that fits.
#[derive(Clone, Copy, Debug, Default)]
pub struct LastSeen {
    tat: i64,
    /// Requests of the month, and when they were that many.
    used: u64,
    at: Option<Timestamp>,
    /// Admissions a second by other instances.
    others: f64,
}

impl LastSeen {
    /// Notes what the database has shown at `now`; `is_own` says that this very write admitted a request.
    pub fn update(&mut self, meter: &UsageMeter, is_own: bool, now: Timestamp) {
        let used = meter.used(now.month());
        if let Some(at) = self.at {
            let seconds = (now.micros() - at.micros()) as f64 / 1e6;
            if seconds <= 0.0 || meter.tat < self.tat {
                // An answer that another has overtaken, or a bucket that was filled anew.
                self.tat = meter.tat;
                return;
            }
            // A month that has just begun has fewer.
            let others = used.saturating_sub(self.used + u64::from(is_own)) as f64 / seconds;
            let weight = (seconds / AVERAGED_OVER).min(1.0);
            self.others += weight * (others - self.others);
        }
        (self.tat, self.used, self.at) = (meter.tat, used, Some(now));
    }

    /// The branch to be tried first. Where others are at work and have moved `tat` since it was seen, the branch for a
    /// bucket in use accepts it wherever it is by now.
    fn branch(&self, bucket: Bucket, now: Timestamp) -> Branch {
        let age = self.at.map_or(0, |at| now.micros() - at.micros()) as f64 / 1e6;
        let is_busy = self.others * (bucket.slack as f64 / 1e6) > BUSY;
        if is_busy && self.others * age > OUTDATED { Branch::InUse } else { bucket.branch(self.tat, now) }
    }
}

/// An admission under way.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionAttempt {
    allowance: Allowance,
    now: Timestamp,
    branch: Branch,
    writes: u32,
}

/// What comes after a write that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The admission's [write](AdmissionAttempt::branch) is to be sent.
    Write,
    /// `tat` was written by a wrong clock: it is to be set from `seen` to `horizon` first.
    Repair {
        /// The `tat` that was found.
        seen: i64,
        /// The latest `tat` that a right clock writes.
        horizon: i64,
    },
    /// A limit refuses the request.
    Refuse(Limit),
}

impl AdmissionAttempt {
    /// An admission at `now` for a tenant whose bucket was last seen like this.
    pub fn new(allowance: &Allowance, seen: &LastSeen, now: Timestamp) -> Self {
        let branch = seen.branch(Bucket::of(allowance), now);
        Self { allowance: *allowance, now, branch, writes: 1 }
    }

    /// The form of the write to be sent.
    pub const fn branch(&self) -> Branch {
        self.branch
    }

    /// The time that the write is to carry.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// What the write that failed, having found `found`, means at `present`.
    pub fn failed(&mut self, found: &UsageMeter, present: Timestamp) -> Next {
        let (bucket, quota) = (Bucket::of(&self.allowance), self.allowance.per_month);
        if found.used(present.month()) >= quota {
            return Next::Refuse(Limit::Quota);
        }
        let is_last = self.writes >= MAX_WRITES;
        self.writes += 1;
        if bucket.is_from_a_wrong_clock(found.tat, present) && !is_last {
            (self.now, self.branch) = (present, Branch::InUse);
            return Next::Repair { seen: found.tat, horizon: bucket.horizon(present) };
        }
        if is_last {
            // Others were faster each time: the bucket is as good as empty.
            return Next::Refuse(Limit::Rate(bucket.interval()));
        }
        if found.tat > bucket.horizon(present) {
            return Next::Refuse(Limit::Rate(bucket.wait(found.tat, present)));
        }
        if found.tat > bucket.horizon(self.now) || found.used(self.now.month()) >= quota {
            // Only the time that has passed since the clock was read makes room.
            (self.now, self.branch) = (present, bucket.branch(found.tat, present));
        } else {
            self.branch = self.branch.other();
        }
        Next::Write
    }
}

#[cfg(test)]
mod tests;
