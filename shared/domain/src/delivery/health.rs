//! Whether an endpoint's receiver works, when it is tried again, and when it is disabled.

use std::time::Duration;

use super::retry::{Jitter, lengthened};
use crate::Timestamp;
use crate::event::DisablingReason;

/// How long an endpoint fails before its disabling is announced.
const ANNOUNCED_AFTER: Duration = Duration::from_secs(4 * 86_400);
/// How long after the announcement it is disabled.
const NOTICE: Duration = Duration::from_secs(86_400);
/// How long a probe is under way at most: as long as the lease of an attempt.
pub const PROBE_LEASE: Duration = super::LEASE;
/// An attempt that takes longer is slow.
const SLOW: Duration = Duration::from_secs(2);
/// How long an endpoint is slow after such an attempt, whatever attempts follow.
const SLOW_FOR: Duration = Duration::from_secs(300);
/// The status code of a receiver that is gone for good.
const GONE: u16 = 410;

/// The health of an endpoint. The default is that of an endpoint that works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointHealth {
    /// The version of the endpoint that it is about. What is known of another version, with another URL or secret, does not count.
    pub version: String,
    /// How many attempts have failed since the last success; while it is not 0, the endpoint gets one probe at a time.
    pub failures: u64,
    /// When the first of them failed.
    pub failing_since: Option<Timestamp>,
    /// When the next probe is due.
    pub next_probe_at: Option<Timestamp>,
    /// Until when a probe is under way.
    pub probe_until: Option<Timestamp>,
    /// When it will be disabled, if that was announced.
    pub disables_at: Option<Timestamp>,
    /// Until when it is slow: such an endpoint is left to the schedule, so that it does not hold up the stream.
    pub slow_until: Option<Timestamp>,
}

/// What an attempt says of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When it ended.
    pub at: Timestamp,
    /// The status code of the response, if there was one.
    pub status_code: Option<u16>,
    /// How long it took.
    pub latency: Duration,
    /// How long the receiver asks to wait.
    pub retry_after: Option<Duration>,
}

/// What follows from a failure for the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// Another probe.
    Probe,
    /// Another probe, and its owner is told that it will be disabled at this time.
    Announce(Timestamp),
    /// It is disabled.
    Disable(DisablingReason),
}

impl Observation {
    /// Until when the endpoint is slow because of the attempt; `None` if it was quick.
    pub fn slow_until(&self) -> Option<Timestamp> {
        (self.latency > SLOW).then(|| self.at.plus(SLOW_FOR).to_millis())
    }
}

impl EndpointHealth {
    /// The health of a version of an endpoint that works.
    pub fn working(version: &str, slow_until: Option<Timestamp>) -> Self {
        Self { version: version.to_owned(), slow_until, ..Self::default() }
    }

    /// Whether the endpoint is slow at `now`.
    pub fn is_slow(&self, now: Timestamp) -> bool {
        self.slow_until.is_some_and(|until| now < until)
    }

    /// The health after an attempt that was acknowledged; `None` if nothing is to be written. A slow endpoint is noted again when half
    /// of the time is over, and a quick one is no more slow when all of it is.
    pub fn after_success(&self, attempt: &Observation) -> Option<Self> {
        let slow_until = match attempt.slow_until() {
            Some(_) if !self.is_failing() && self.is_slow(attempt.at.plus(SLOW_FOR / 2)) => self.slow_until,
            Some(until) => Some(until),
            None => self.slow_until.filter(|_| self.is_slow(attempt.at)),
        };
        let after = Self::working(&self.version, slow_until);
        (after != *self).then_some(after)
    }

    /// Whether the last attempt failed.
    pub const fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// When a probe may begin: when it is due, and no other one is under way. `None` for an endpoint that works.
    pub fn probes_from(&self) -> Option<Timestamp> {
        self.is_failing()
            .then(|| self.next_probe_at.max(self.probe_until).unwrap_or(Timestamp::from_micros(0)))
    }

    /// The health after a failed attempt, and what follows. The intervals between probes are those between attempts; the receiver
    /// lengthens them. Where they are longer, there is a probe at the time of the announcement and at that of the disabling.
    #[must_use]
    pub fn after_failure(&self, attempt: &Observation, jitter: Jitter) -> (Self, Consequence) {
        let at = attempt.at;
        let failures = self.failures.saturating_add(1);
        let since = self.failing_since.filter(|_| self.is_failing()).unwrap_or(at);
        let announced_at = since.plus(ANNOUNCED_AFTER);
        let (disables_at, consequence) = match self.disables_at {
            _ if attempt.status_code == Some(GONE) => (None, Consequence::Disable(DisablingReason::Gone)),
            Some(end) if end <= at => (None, Consequence::Disable(DisablingReason::Failing)),
            Some(end) => (Some(end), Consequence::Probe),
            None if announced_at <= at => (Some(at.plus(NOTICE)), Consequence::Announce(at.plus(NOTICE))),
            None => (None, Consequence::Probe),
        };
        let interval = jitter.interval(failures);
        let latest = disables_at.unwrap_or(announced_at);
        let probe_at = at.plus(interval).min(latest.max(at));
        let asked = at.plus(lengthened(Duration::ZERO, attempt.retry_after));
        let health = Self {
            version: self.version.clone(),
            failures,
            failing_since: Some(since),
            next_probe_at: Some(probe_at.max(asked)),
            probe_until: None,
            disables_at,
            slow_until: attempt.slow_until().or(self.slow_until),
        };
        (health, consequence)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const HOUR: u64 = 3600;
    const DAY: u64 = 24 * HOUR;

    fn after(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_795_521_600_000).plus(Duration::from_secs(seconds))
    }

    fn failure(at: Timestamp) -> Observation {
        Observation { at, status_code: Some(500), latency: Duration::from_millis(5), retry_after: None }
    }

    fn jitter(seed: u64) -> Jitter {
        Jitter::random(&mut StdRng::seed_from_u64(seed))
    }

    /// Follows an endpoint that fails at each probe, and returns the times of the probes and the last consequence.
    fn followed(seed: u64) -> (Vec<Timestamp>, Vec<(Timestamp, Consequence)>) {
        let (mut health, mut at) = (EndpointHealth::working("v", None), after(0));
        let (mut probes, mut consequences) = (Vec::new(), Vec::new());
        for step in 0..100 {
            probes.push(at);
            let (next, consequence) = health.after_failure(&failure(at), jitter(seed + step));
            if consequence != Consequence::Probe {
                consequences.push((at, consequence));
            }
            if matches!(consequence, Consequence::Disable(_)) {
                break;
            }
            assert_eq!(next.probes_from(), next.next_probe_at);
            (health, at) = (next.clone(), next.next_probe_at.expect("a probe"));
        }
        (probes, consequences)
    }

    #[test]
    fn an_endpoint_that_fails_is_announced_after_four_days_and_disabled_after_five() {
        for seed in 0..50 {
            let (probes, consequences) = followed(seed * 1_000);
            let disabled = Consequence::Disable(DisablingReason::Failing);
            assert_eq!(
                consequences,
                [(after(4 * DAY), Consequence::Announce(after(5 * DAY))), (after(5 * DAY), disabled)]
            );
            assert!(probes.windows(2).all(|pair| pair[1] > pair[0]), "{probes:?}");
            assert!(probes.len() >= 11, "{probes:?}");
        }
    }

    #[test]
    fn a_receiver_that_asks_for_more_time_gets_it_and_one_that_is_gone_is_disabled_at_once() {
        let working = EndpointHealth::working("v", None);
        for (asked, least, most) in [(0, 60, 66), (59, 60, 66), (600, 600, 600), (u64::MAX, DAY, DAY)] {
            let attempt = Observation { retry_after: Some(Duration::from_secs(asked)), ..failure(after(0)) };
            let (health, consequence) = working.after_failure(&attempt, jitter(asked));
            let next = health.next_probe_at.expect("a probe");
            assert!(next >= after(least) && next <= after(most), "{asked}: {next}");
            assert_eq!(consequence, Consequence::Probe);
        }
        // Also where the disabling would come before.
        let failing = EndpointHealth {
            failures: 9,
            failing_since: Some(after(0)),
            disables_at: Some(after(5 * DAY)),
            ..working.clone()
        };
        let late =
            Observation { retry_after: Some(Duration::from_secs(DAY)), ..failure(after(5 * DAY - 60)) };
        assert_eq!(failing.after_failure(&late, jitter(1)).0.next_probe_at, Some(after(6 * DAY - 60)));
        let gone = Observation { status_code: Some(410), ..failure(after(1)) };
        assert_eq!(working.after_failure(&gone, jitter(1)).1, Consequence::Disable(DisablingReason::Gone));
    }

    #[test]
    fn a_success_ends_the_count_and_another_probe_waits_for_one_that_is_under_way() {
        let (failing, _) = EndpointHealth::working("v", None).after_failure(&failure(after(0)), jitter(1));
        assert_eq!((failing.failures, failing.failing_since), (1, Some(after(0))));
        let probing = EndpointHealth { probe_until: Some(after(500)), ..failing.clone() };
        assert_eq!(probing.probes_from(), Some(after(500)));
        let (again, _) = probing.after_failure(&failure(after(5 * DAY)), jitter(1));
        assert_eq!((again.failures, again.failing_since, again.probe_until), (2, Some(after(0)), None));
        let (fresh, consequence) =
            EndpointHealth::working("v", Some(after(300))).after_failure(&failure(after(5 * DAY)), jitter(1));
        assert_eq!((fresh.failing_since, consequence), (Some(after(5 * DAY)), Consequence::Probe));
        assert_eq!(EndpointHealth::working("v", Some(after(300))).probes_from(), None);
    }

    #[test]
    fn an_attempt_of_more_than_two_seconds_is_slow() {
        for (millis, slow) in [(0, None), (2_000, None), (2_001, Some(300)), (15_000, Some(300))] {
            let attempt = Observation { latency: Duration::from_millis(millis), ..failure(after(0)) };
            let slow_until = slow.map(after);
            assert_eq!(attempt.slow_until(), slow_until, "{millis}");
            let (health, _) = EndpointHealth::default().after_failure(&attempt, jitter(1));
            assert_eq!(health.slow_until, slow_until);
        }
    }

    #[test]
    fn an_endpoint_is_slow_for_five_minutes_whatever_follows_and_this_is_seldom_written() {
        let attempt = |seconds, millis| Observation {
            latency: Duration::from_millis(millis),
            status_code: Some(200),
            ..failure(after(seconds))
        };
        let working = EndpointHealth::working("v", None);
        assert_eq!(working.after_success(&attempt(0, 5)), None);
        let slow = working.after_success(&attempt(0, 9_000)).expect("it is slow");
        assert!(slow.is_slow(after(299)) && !slow.is_slow(after(300)));
        for (seconds, millis, expected) in [
            (1, 5, None),
            (299, 5, None),
            (300, 5, Some(None)),
            (149, 9_000, None),
            (151, 9_000, Some(Some(after(451)))),
        ] {
            let written = slow.after_success(&attempt(seconds, millis));
            assert_eq!(written.map(|health| health.slow_until), expected, "{seconds} {millis}");
        }
        let (failing, _) = slow.after_failure(&failure(after(10)), jitter(1));
        let again = failing.after_success(&attempt(20, 5)).expect("it works again");
        assert_eq!((again.failures, again.slow_until), (0, Some(after(300))));
    }
}
