//! The wait before another attempt: exponential backoff with full jitter.
//!
//! Full jitter means a random time between zero and a bound that doubles with each attempt, so that callers that collided
//! spread out: <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The waits between the attempts of one operation. It is used up: every operation starts with a fresh one.
#[derive(Debug)]
pub(crate) struct Backoff {
    /// The bound of the first wait.
    first: Duration,
    /// The bound of every wait.
    longest: Duration,
    /// How many attempts may follow the first.
    retries: u32,
    /// How many waits are over.
    waits: u32,
}

impl Backoff {
    /// Conflicting transactions: 14 attempts, 3.6 s of waits on average and 7.3 s at most, in which dozens of
    /// transactions on the same row follow each other, also while each of them is slow.
    pub(crate) const fn transaction() -> Self {
        Self::new(10, 1_000, 13)
    }

    /// Throttled writes of memories: 7 attempts, 3.2 s of waits at most. All memories of a tenant are in one partition,
    /// which a large import saturates.
    pub(crate) const fn memory() -> Self {
        Self::new(50, 1_600, 6)
    }

    /// Throttled writes of counters and deletions: 4 attempts, 0.42 s of waits at most.
    pub(crate) const fn counter() -> Self {
        Self::new(60, 240, 3)
    }

    /// Keys that BatchGetItem left unprocessed: 8 attempts, 3.2 s of waits at most.
    pub(crate) const fn batch_read() -> Self {
        Self::new(50, 800, 7)
    }

    /// Deletions that BatchWriteItem left unprocessed: 10 attempts, 13 s of waits at most, on the operator's machine.
    pub(crate) const fn batch_write() -> Self {
        Self::new(50, 3_200, 9)
    }

    const fn new(first_ms: u64, longest_ms: u64, retries: u32) -> Self {
        let (first, longest) = (Duration::from_millis(first_ms), Duration::from_millis(longest_ms));
        Self { first, longest, retries, waits: 0 }
    }

    /// Waits before another attempt; returns `false` without a wait when no attempt is left.
    pub(crate) async fn wait(&mut self) -> bool {
        // Every `RandomState` has other keys, so the hash of nothing is a random number.
        let random = RandomState::new().build_hasher().finish();
        match self.next(random) {
            Some(wait) => {
                tokio::time::sleep(wait).await;
                true
            }
            None => false,
        }
    }

    /// The next wait, chosen by `random`; `None` when no attempt is left.
    fn next(&mut self, random: u64) -> Option<Duration> {
        if self.waits == self.retries {
            return None;
        }
        let bound = self.bound(self.waits);
        self.waits += 1;
        let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX - 1);
        Some(Duration::from_micros(random % (micros + 1)))
    }

    /// The longest possible wait after so many others.
    fn bound(&self, waits: u32) -> Duration {
        self.first.saturating_mul(1 << waits.min(16)).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_are_spread_and_end() {
        for attempt in 0..64 {
            let wait =
                |random| Backoff { retries: 64, waits: attempt, ..Backoff::transaction() }.next(random);
            let waits: Vec<Duration> =
                (0..1_000).filter_map(|n: u64| wait(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
            let bound = Duration::from_millis((10_u64 << attempt.min(10)).min(1_000));
            assert!(waits.iter().all(|wait| *wait <= bound), "{attempt}");
            let early = waits.iter().filter(|wait| **wait < bound / 2).count();
            assert!((400..600).contains(&early), "{attempt}: {early} of 1,000 in the first half");
        }
    }

    #[test]
    fn an_operation_has_so_many_attempts_and_waits_no_longer_than_its_caller_can() {
        for (mut backoff, attempts, longest_ms) in [
            (Backoff::transaction(), 14, 7_300),
            (Backoff::memory(), 7, 3_200),
            (Backoff::counter(), 4, 420),
            (Backoff::batch_read(), 8, 3_200),
            (Backoff::batch_write(), 10, 13_000),
        ] {
            let total: Duration = (0..backoff.retries).map(|waits| backoff.bound(waits)).sum();
            assert!(total <= Duration::from_millis(longest_ms), "{backoff:?}: {total:?}");
            let waits = std::iter::from_fn(|| backoff.next(0)).count();
            assert_eq!(waits + 1, attempts, "{backoff:?}");
        }
    }

    #[tokio::test]
    async fn two_operations_do_not_wait_for_the_same_time() {
        let random = || RandomState::new().build_hasher().finish();
        let numbers: std::collections::BTreeSet<u64> = (0..100).map(|_| random()).collect();
        assert_eq!(numbers.len(), 100);
    }
}
