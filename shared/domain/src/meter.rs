//! The arithmetic of admission: a token bucket kept as one number, and a monthly count.
//!
//! The bucket is GCRA, the generic cell rate algorithm (ITU-T I.371): instead of a number of tokens it stores `tat`,
//! the theoretical arrival time, at which the bucket will be full. A request is admitted when `tat ≤ now + tau`, and
//! then adds one interval to `tat`. The interval is a minute divided by the rate; `tau` is the burst minus one, in
//! intervals. One number needs one conditional write.
//!
//! Conditions of DynamoDB have neither `max()` nor arithmetic, so that write has two [`Branch`]es, and the `tat` that
//! was read last predicts which one fits. Where the interval is shorter than a call, `tat` moves around `now`, and
//! half of the predictions would be wrong. Therefore the branch for a bucket in use has a tolerance, the `slack`: it
//! accepts a `tat` that is up to `slack` in the past, and its horizon is `slack` earlier. Both branches then fit a
//! `tat` between `now - slack` and `now`. The guarantee is (infra/adr/0013): in any window, by the clocks that
//! requests read, no more requests are admitted than the burst, and the refill of that window and of the difference
//! of the clocks, as long as that difference is less than 2 s.
//!
//! [`UsageMeter`] models one write, [`crate::admission`] the sequence of writes.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Timestamp;
use crate::plan::Allowance;
use crate::time::Month;

mod bucket;

pub use bucket::{Branch, Bucket};

/// A tenant's consumption, as the tenant item stores it.
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
    /// The monthly quota is used up.
    Quota,
    /// The bucket is empty; the next request is admitted after this long.
    Rate(Duration),
}

impl UsageMeter {
    /// Admitted requests in `month`.
    pub fn used(&self, month: Month) -> u64 {
        self.months.get(&month).copied().unwrap_or(0)
    }

    /// Admits and counts one request at `now`, by the write of this branch or else of the other. A refused request
    /// changes nothing, except that a `tat` that a wrong clock wrote is set to the horizon.
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

    /// The conditional write of this branch: admits and counts one request, or changes nothing.
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

#[cfg(test)]
mod tests;
