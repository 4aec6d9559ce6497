//! The conditional writes of one admission.
//!
//! Conditions of DynamoDB have neither `max()` nor arithmetic, so an admission is one of two conditional writes, its
//! [`Branch`]es. An [`AdmissionAttempt`] chooses the first write and derives each next step from the item that a
//! failed write returned. It does no I/O: the guard runs it against the database, tests run it against a simulated
//! one.
//!
//! A request reads the clock once for both branches. Since `tat` never decreases, the longest sequence is in use,
//! idle, in use; a fourth failure means that the bucket is empty. The clock is read again only to verify a refusal,
//! so that a slow call is judged by the time at which it returned.

use crate::Timestamp;
use crate::meter::{Branch, Bucket, Limit, UsageMeter};
use crate::plan::Allowance;

/// The maximum number of writes of one admission: three for the branches, and more where a wrong clock is repaired or
/// the bucket refills during slow calls.
pub const MAX_WRITES: u32 = 8;

/// With more admissions by other instances within the slack, `tat` is rarely behind it.
const BUSY: f64 = 2.0;
/// With more admissions by other instances since the last read, what was read is outdated.
const OUTDATED: f64 = 2.0;
/// The time over which the rate of other instances is averaged, in seconds.
const AVERAGED_OVER: f64 = 0.2;

/// The state of a tenant's bucket that an instance read last, from which it predicts the branch that fits.
#[derive(Clone, Copy, Debug, Default)]
pub struct LastSeen {
    tat: i64,
    /// The requests of the month at the time `at`.
    used: u64,
    at: Option<Timestamp>,
    /// Admissions per second by other instances.
    others: f64,
}

impl LastSeen {
    /// Records what the database returned at `now`. `is_own` means that this write admitted a request.
    pub fn update(&mut self, meter: &UsageMeter, is_own: bool, now: Timestamp) {
        let used = meter.used(now.month());
        if let Some(at) = self.at {
            let seconds = (now.micros() - at.micros()) as f64 / 1e6;
            if seconds <= 0.0 || meter.tat < self.tat {
                // A response that was overtaken by another, or a bucket that was reset.
                self.tat = meter.tat;
                return;
            }
            // The count decreases when a month begins.
            let others = used.saturating_sub(self.used + u64::from(is_own)) as f64 / seconds;
            let weight = (seconds / AVERAGED_OVER).min(1.0);
            self.others += weight * (others - self.others);
        }
        (self.tat, self.used, self.at) = (meter.tat, used, Some(now));
    }

    /// The branch to try first. Where other instances have moved `tat` since it was read, the branch for a bucket in
    /// use accepts its likely values.
    fn branch(&self, bucket: Bucket, now: Timestamp) -> Branch {
        let age = self.at.map_or(0, |at| now.micros() - at.micros()) as f64 / 1e6;
        let is_busy = self.others * (bucket.slack as f64 / 1e6) > BUSY;
        if is_busy && self.others * age > OUTDATED { Branch::InUse } else { bucket.branch(self.tat, now) }
    }
}

/// An admission in progress.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionAttempt {
    allowance: Allowance,
    now: Timestamp,
    branch: Branch,
    writes: u32,
}

/// The step after a write that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send the [write](AdmissionAttempt::branch).
    Write,
    /// `tat` was written by a wrong clock: set it from `seen` to `horizon` first.
    Repair {
        /// The `tat` that was found.
        seen: i64,
        /// The latest `tat` that a correct clock writes.
        horizon: i64,
    },
    /// A limit refuses the request.
    Refuse(Limit),
}

impl AdmissionAttempt {
    /// An admission at `now` for a tenant with this last known bucket.
    pub fn new(allowance: &Allowance, seen: &LastSeen, now: Timestamp) -> Self {
        let branch = seen.branch(Bucket::of(allowance), now);
        Self { allowance: *allowance, now, branch, writes: 1 }
    }

    /// The branch of the write to send.
    pub const fn branch(&self) -> Branch {
        self.branch
    }

    /// The time to use in the write.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The next step at `present`, after a write failed because of `found`.
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
            // Other requests were faster each time: the bucket is practically empty.
            return Next::Refuse(Limit::Rate(bucket.interval()));
        }
        if found.tat > bucket.horizon(present) {
            return Next::Refuse(Limit::Rate(bucket.wait(found.tat, present)));
        }
        if found.tat > bucket.horizon(self.now) || found.used(self.now.month()) >= quota {
            // The request fits only because of the time that has passed since the clock was read.
            (self.now, self.branch) = (present, bucket.branch(found.tat, present));
        } else {
            self.branch = self.branch.other();
        }
        Next::Write
    }
}

#[cfg(test)]
mod tests;
