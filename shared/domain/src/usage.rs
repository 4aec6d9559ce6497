//! The daily usage of a key.

use crate::time::Day;

/// The requests of one key on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayCounts {
    /// Admitted requests. Exact.
    pub requests: u64,
    /// Admitted requests with a response of 400 or above.
    pub errors: u64,
    /// Requests refused by a rate limit or quota. A lower bound, since a refusal itself writes nothing.
    pub limited: u64,
}

/// One day of a usage report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyUsage {
    /// The UTC day.
    pub day: Day,
    /// The requests of the day.
    pub counts: DayCounts,
}
