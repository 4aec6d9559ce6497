//! Limits the capacity that a command consumes per second.

use std::time::{Duration, Instant};

use hb_store::ConsumedCapacity;

/// A partition of DynamoDB provides three times as many read units as write units.
const READS_PER_WRITE: f64 = 3.0;

/// Spreads calls so that they consume at most a number of write units per second, on average.
#[derive(Debug)]
pub(super) struct Pacer {
    units_per_second: f64,
    /// When the capacity that was consumed so far is paid for.
    free_at: Instant,
}

impl Pacer {
    pub(super) fn new(units_per_second: u32, now: Instant) -> Self {
        Self { units_per_second: f64::from(units_per_second), free_at: now }
    }

    /// How long to pause at `now`, after calls that began at `began` and consumed `used`.
    pub(super) fn pause(&mut self, used: &ConsumedCapacity, began: Instant, now: Instant) -> Duration {
        let units = used.write_units + used.read_units / READS_PER_WRITE;
        // Time in which nothing was consumed is not saved up.
        self.free_at = self.free_at.max(began) + Duration::from_secs_f64(units / self.units_per_second);
        self.free_at.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_keep_the_rate_and_idle_time_is_not_saved_up() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let mut pacer = Pacer::new(10, start);
        let units = |write_units, read_units| ConsumedCapacity {
            write_units,
            read_units,
            ..ConsumedCapacity::default()
        };
        for (used, began, ended, pause) in [
            (units(20.0, 0.0), 0.0, 0.5, 1.5),
            (units(0.0, 30.0), 2.0, 2.25, 0.75),
            (units(1.0, 0.0), 3.0, 4.0, 0.0),
            // A late call begins a new account.
            (units(10.0, 3.0), 60.0, 60.0, 1.1),
            // Calls that follow without their pause pay later.
            (units(10.0, 0.0), 60.5, 60.5, 1.6),
        ] {
            let paused = pacer.pause(&used, at(began), at(ended)).as_secs_f64();
            assert!((paused - pause).abs() < 1e-6, "{used:?} at {began}: {paused} instead of {pause}");
        }
    }
}
