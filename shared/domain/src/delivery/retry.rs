//! How long a delivery waits for its next attempt.

use std::time::Duration;

use rand::{Rng, RngExt};

use super::RETRY_INTERVALS;

/// The attempts of a delivery. After the last one it is exhausted.
pub const MAX_ATTEMPTS: u64 = RETRY_INTERVALS.len() as u64 + 1;

/// The longest time that a receiver can ask for.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The most by which chance lengthens an interval, in thousandths.
const MAX_JITTER: u32 = 100;

/// By how much chance lengthens the intervals after one attempt, so that deliveries that failed together do not come back
/// together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(u32);

impl Jitter {
    /// A random one: up to a tenth.
    pub fn random(rng: &mut impl Rng) -> Self {
        Self(rng.random_range(0..=MAX_JITTER))
    }

    /// The interval after so many failures. Behind the last interval it stays the same.
    pub(super) fn interval(self, failures: u64) -> Duration {
        let index = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
        let interval = RETRY_INTERVALS[index.min(RETRY_INTERVALS.len() - 1)];
        interval + interval * self.0 / 1_000
    }
}

/// How long a delivery waits after the failure of its attempt number `attempt`; `None` after the last one. `retry_after` is what
/// the receiver asked for: it lengthens the time, and never shortens it.
pub fn retry_delay(attempt: u64, retry_after: Option<Duration>, jitter: Jitter) -> Option<Duration> {
    (attempt < MAX_ATTEMPTS).then(|| lengthened(jitter.interval(attempt), retry_after))
}

/// `interval`, or what the receiver asked for if that is longer.
pub(super) fn lengthened(interval: Duration, retry_after: Option<Duration>) -> Duration {
    interval.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn the_intervals_are_those_of_the_documentation_and_the_tenth_attempt_is_the_last() {
        let minutes: Vec<Option<u64>> = (1..=11)
            .map(|attempt| retry_delay(attempt, None, Jitter(0)).map(|delay| delay.as_secs() / 60))
            .collect();
        let expected = [1, 5, 30, 120, 300, 600, 840, 1_200, 1_440];
        assert_eq!(minutes[..9], expected.map(Some));
        assert_eq!(minutes[9..], [None, None]);
        assert_eq!(retry_delay(1, None, Jitter(MAX_JITTER)), Some(Duration::from_secs(66)));
    }

    #[test]
    fn a_receiver_lengthens_an_interval_up_to_a_day_and_never_shortens_it() {
        for (attempt, asked, expected) in [
            (1, 0, 60),
            (1, 59, 60),
            (1, 61, 61),
            (1, 86_400, 86_400),
            (1, 86_401, 86_400),
            (1, u64::MAX, 86_400),
            (9, 1, 86_400),
            (5, 18_001, 18_001),
        ] {
            let delay = retry_delay(attempt, Some(Duration::from_secs(asked)), Jitter(0));
            assert_eq!(delay, Some(Duration::from_secs(expected)), "{attempt} {asked}");
        }
        assert_eq!(retry_delay(10, Some(Duration::from_secs(60)), Jitter(0)), None);
    }

    proptest! {
        #[test]
        fn chance_lengthens_an_interval_by_a_tenth_at_most(seed: u64, attempt in 1_u64..10) {
            let jitter = Jitter::random(&mut StdRng::seed_from_u64(seed));
            let (least, delay) = (retry_delay(attempt, None, Jitter(0)), retry_delay(attempt, None, jitter));
            prop_assert!(delay >= least && delay <= least.map(|least| least + least / 10));
        }
    }

    #[test]
    fn two_deliveries_do_not_wait_for_the_same_time() {
        let mut rng = StdRng::seed_from_u64(1);
        let delays: std::collections::BTreeSet<_> = (0..100).map(|_| Jitter::random(&mut rng).0).collect();
        assert!(delays.len() > 30, "{delays:?}");
    }
}
