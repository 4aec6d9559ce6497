//! What a key did, day by day.

use crate::time::Day;

/// What one credential did on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayCounts {
    /// Admitted requests; exact.
    pub requests: u64,
    /// Admitted requests that were answered with 400 or above.
    pub errors: u64,
    /// Requests refused by a limit; a lower bound, since a refusal writes nothing by itself.
    pub limited: u64,
}

/// One day of a usage report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyUsage {
    /// The UTC day.
    pub day: Day,
    /// What happened on it.
    pub counts: DayCounts,
}
