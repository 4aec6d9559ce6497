//! When an issuer's keys may be fetched again.

use std::time::Duration;

use hb_domain::Timestamp;

/// The time from one fetch to the next, whatever they are for: two fetches a minute.
const INTERVAL: Duration = Duration::from_secs(30);
/// The time from a failed fetch to the next one.
const INTERVAL_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// The last fetch.
#[derive(Debug, Default)]
pub(super) struct Schedule(Option<Attempt>);

#[derive(Debug)]
struct Attempt {
    at: Timestamp,
    has_failed: bool,
}

impl Schedule {
    /// Whether the keys may be fetched at `now`.
    pub(super) fn may_fetch(&self, now: Timestamp) -> bool {
        let Some(last) = &self.0 else { return true };
        !is_within(last.at, now, if last.has_failed { INTERVAL_AFTER_FAILURE } else { INTERVAL })
    }

    /// Whether the last fetch failed.
    pub(super) fn has_failed(&self) -> bool {
        self.0.as_ref().is_some_and(|last| last.has_failed)
    }

    /// Records that a fetch begins. It counts as failed until it has succeeded, since its request may be dropped.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.0 = Some(Attempt { at: now, has_failed: true });
    }

    /// Records that the fetch has succeeded.
    pub(super) fn succeed(&mut self) {
        if let Some(last) = &mut self.0 {
            last.has_failed = false;
        }
    }
}

/// Whether two times are less than `span` apart. Requests that waited for each other have read their clocks in another
/// order, and a clock may be set back.
pub(super) fn is_within(a: Timestamp, b: Timestamp, span: Duration) -> bool {
    a < b.plus(span) && b < a.plus(span)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    #[test]
    fn a_fetch_waits_thirty_seconds_for_the_one_before_and_five_for_a_failed_one() {
        let mut schedule = Schedule::default();
        assert!(schedule.may_fetch(at(0)) && !schedule.has_failed());
        for (succeeds, millis) in [(true, 30_000), (false, 5_000)] {
            schedule.begin(at(0));
            if succeeds {
                schedule.succeed();
            }
            assert_eq!(schedule.has_failed(), !succeeds);
            for (now, expected) in
                [(0, false), (millis - 1, false), (millis, true), (1 - millis, false), (-millis, true)]
            {
                assert_eq!(schedule.may_fetch(at(now)), expected, "{succeeds} {now}");
            }
        }
    }

    proptest! {
        /// Whenever keys are asked for: at most two fetches in any minute, and twelve while every fetch fails.
        #[test]
        fn the_rate_of_fetches_is_bounded(
            steps in prop::collection::vec((0..3_000_i64, any::<bool>()), 1..300),
            is_away: bool,
        ) {
            let mut schedule = Schedule::default();
            let (mut now, mut fetches) = (0, Vec::new());
            for (step, is_needed) in steps {
                now += step;
                if is_needed && schedule.may_fetch(at(now)) {
                    schedule.begin(at(now));
                    if !is_away {
                        schedule.succeed();
                    }
                    fetches.push(now);
                }
            }
            let most = if is_away { 12 } else { 2 };
            for from in &fetches {
                let in_minute = fetches.iter().filter(|fetch| (*from..from + 60_000).contains(fetch)).count();
                prop_assert!(in_minute <= most, "{in_minute} from {from}");
            }
        }
    }
}
