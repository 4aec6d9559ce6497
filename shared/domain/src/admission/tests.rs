//! Concurrent admissions on a virtual clock. Each caller is an instance with its own clock and last known `tat`; each
//! write is a call that takes time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

const START: i64 = 1_800_000_000_000_000;
/// How long a call takes, in microseconds; the write happens in the middle of it.
const CALL: i64 = 5_000;
/// The maximum difference of clocks, in microseconds.
const SPREAD: i64 = 20_000;

/// A simulation.
struct Scene {
    allowance: Allowance,
    callers: usize,
    /// When requests arrive, in microseconds from the start.
    arrivals: Vec<i64>,
    seed: u64,
}

/// The result of a simulation.
#[derive(Debug, Default)]
struct Outcome {
    /// The times that admitted requests wrote, by their own clocks.
    admitted: Vec<i64>,
    refused: usize,
    writes: u32,
    most_writes: u32,
}

/// An event of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives(usize),
    Writes(usize),
    IsAnswered(usize),
}

/// One request in progress.
struct Request {
    caller: usize,
    admission: Option<AdmissionAttempt>,
    writes: u32,
    /// The meter after its last write, and whether it was admitted.
    answer: Option<(UsageMeter, bool)>,
}

impl Scene {
    fn run(&self) -> Outcome {
        let mut rng = StdRng::seed_from_u64(self.seed);
        let skews: Vec<i64> = (0..self.callers).map(|_| rng.random_range(-SPREAD / 2..=SPREAD / 2)).collect();
        let clock = |caller: usize, time: i64| Timestamp::from_micros(START + time + skews[caller]);
        let mut seen = vec![LastSeen::default(); self.callers];
        let mut meter = UsageMeter::default();
        let mut outcome = Outcome::default();
        let mut events = BinaryHeap::new();
        let mut requests = Vec::new();
        for (number, time) in self.arrivals.iter().enumerate() {
            events.push(Reverse((*time, Event::Arrives(number))));
            let caller = rng.random_range(0..self.callers);
            requests.push(Request { caller, admission: None, writes: 0, answer: None });
        }
        while let Some(Reverse((time, event))) = events.pop() {
            let (Event::Arrives(number) | Event::Writes(number) | Event::IsAnswered(number)) = event;
            let request = &mut requests[number];
            let now = clock(request.caller, time);
            match event {
                Event::Arrives(_) => {
                    request.admission =
                        Some(AdmissionAttempt::new(&self.allowance, &seen[request.caller], now));
                    events.push(Reverse((time + CALL / 2, Event::Writes(number))));
                }
                Event::Writes(_) => {
                    let admission = request.admission.expect("an admission");
                    let is_admitted = meter.write(&self.allowance, admission.now(), admission.branch());
                    request.writes += 1;
                    request.answer = Some((meter.clone(), is_admitted));
                    events.push(Reverse((time + CALL / 2, Event::IsAnswered(number))));
                }
                Event::IsAnswered(_) => {
                    let (found, is_admitted) = request.answer.take().expect("an answer");
                    seen[request.caller].update(&found, is_admitted, now);
                    let admission = request.admission.as_mut().expect("an admission");
                    let next = if is_admitted { None } else { Some(admission.failed(&found, now)) };
                    match next {
                        None => outcome.admitted.push(admission.now().micros()),
                        Some(Next::Write) => {
                            events.push(Reverse((time + CALL / 2, Event::Writes(number))));
                            continue;
                        }
                        Some(Next::Refuse(Limit::Rate(_))) => outcome.refused += 1,
                        Some(other) => panic!("{other:?}"),
                    }
                    outcome.writes += request.writes;
                    outcome.most_writes = outcome.most_writes.max(request.writes);
                }
            }
        }
        outcome.admitted.sort_unstable();
        outcome
    }
}

impl Outcome {
    /// The maximum number of requests by which any window exceeds the burst and the refill of the window and the
    /// clocks' difference. The guarantee is 0.
    fn excess(&self, allowance: &Allowance) -> i64 {
        let interval = Bucket::of(allowance).interval;
        let windows = self.admitted.iter().enumerate().flat_map(|(first, start)| {
            self.admitted[first..].iter().zip(1i64..).map(move |(end, count)| (end - start, count))
        });
        let excess =
            windows.map(|(window, count)| count - i64::from(allowance.burst) - (window + SPREAD) / interval);
        excess.max().unwrap_or(0).max(0)
    }
}

fn allowance(per_minute: u32, burst: u32) -> Allowance {
    Allowance { per_month: 1_000_000_000, per_minute, burst, memories: None }
}

fn seen_at(tat: i64) -> LastSeen {
    let mut seen = LastSeen::default();
    seen.update(&UsageMeter { tat, ..UsageMeter::default() }, false, Timestamp::from_micros(START));
    seen
}

/// Random arrivals at `load` times the rate, for `time` microseconds.
fn arrivals(allowance: &Allowance, load: f64, time: i64, seed: u64) -> Vec<i64> {
    let mean = 60e6 / f64::from(allowance.per_minute) / load;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut now = 0.0;
    let next = || {
        now -= mean * (1.0 - rng.random::<f64>()).ln();
        Some(now as i64)
    };
    std::iter::from_fn(next).take_while(|at| *at < time).collect()
}

#[test]
fn ordinary_concurrency_takes_one_write_an_admission() {
    for (per_minute, burst, load, most) in [
        (60_000, 10_000, 0.01, 1.1),
        (60_000, 10_000, 0.1, 1.2),
        (60_000, 10_000, 0.5, 1.1),
        (60_000, 10_000, 0.9, 1.1),
        (30_000, 10_000, 0.1, 1.2),
        (30_000, 10_000, 0.5, 1.1),
        (30_000, 10_000, 0.9, 1.1),
        (6_000, 2_000, 0.5, 1.2),
        (6_000, 2_000, 0.9, 1.2),
    ] {
        let allowance = allowance(per_minute, burst);
        let writes = [1, 4, 8, 32].map(|callers| {
            let time = 240_000_000_000 / i64::from(per_minute);
            let arrivals = arrivals(&allowance, load, time, 7);
            let all = arrivals.len();
            let outcome = Scene { allowance, callers, arrivals, seed: 11 }.run();
            assert_eq!((outcome.admitted.len(), outcome.refused), (all, 0), "{load} {callers}");
            assert_eq!(outcome.excess(&allowance), 0);
            f64::from(outcome.writes) / all as f64
        });
        println!(
            "{per_minute} a minute, {load} of it, 1, 4, 8, 32 callers: {writes:.3?} writes an admission"
        );
        assert!(writes.iter().all(|writes| *writes <= most), "{per_minute}, {load}: {writes:?}");
    }
}

#[test]
fn no_rate_and_burst_exceeds_the_guarantee_or_the_writes() {
    for (per_minute, burst) in
        [(10, 20), (100, 200), (599, 20), (601, 20), (6_000, 100), (60_000, 100), (60_000, 20), (30_000, 1)]
    {
        let allowance = allowance(per_minute, burst);
        for (load, seed) in [(0.5, 1), (0.9, 2), (1.0, 3), (3.0, 4), (20.0, 5)] {
            let time = (Bucket::of(&allowance).interval * 60).max(200_000);
            let mut arrivals = arrivals(&allowance, load, time, seed);
            // Bursts at the start and in the middle.
            arrivals.extend((0..2 * i64::from(burst)).map(|number| number % 3_000));
            arrivals.extend((0..2 * i64::from(burst)).map(|number| time / 2 + number % 3_000));
            let all = arrivals.len();
            let outcome = Scene { allowance, callers: 8, arrivals, seed }.run();
            assert_eq!(outcome.admitted.len() + outcome.refused, all);
            let context = format!("{per_minute} a minute, burst {burst}, load {load}: {outcome:?}");
            assert_eq!(outcome.excess(&allowance), 0, "{context}");
            assert!(outcome.admitted.len() >= burst as usize, "{context}");
            assert!(outcome.most_writes <= MAX_WRITES, "{context}");
        }
    }
}

/// A burst from idle gets exactly the burst, less the slack.
#[test]
fn a_crowd_from_idle_gets_the_burst_less_the_slack() {
    for (per_minute, burst) in [(10, 20), (100, 200), (60_000, 20), (30_000, 1), (60_000, 10_000)] {
        let allowance = allowance(per_minute, burst);
        let bucket = Bucket::of(&allowance);
        let arrivals = vec![0; 2 * burst as usize];
        let outcome = Scene { allowance, callers: 1, arrivals, seed: 1 }.run();
        let least = i64::from(burst) - (bucket.slack as u64).div_ceil(bucket.interval as u64) as i64;
        // Calls return after 5 ms and are judged by that time.
        let most = i64::from(burst) + (CALL * i64::from(MAX_WRITES)) / bucket.interval;
        let admitted = outcome.admitted.len() as i64;
        assert!((least..=most).contains(&admitted), "{per_minute}, {burst}: {admitted} of {least} to {most}");
        assert_eq!(outcome.excess(&allowance), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_guarantee_holds_for_any_rate_burst_and_load(
        per_minute in prop_oneof![1u32..1_000, 1_000u32..60_000], burst in prop_oneof![1u32..50, 50u32..20_000],
        callers in 1usize..33, load in 0.1f64..5.0, seed: u64,
    ) {
        let allowance = allowance(per_minute, burst);
        let mut arrivals = arrivals(&allowance, load, 1_000_000, seed);
        arrivals.extend((0..i64::from(burst.min(300))).map(|number| 500_000 + number));
        let all = arrivals.len();
        let outcome = Scene { allowance, callers, arrivals, seed }.run();
        prop_assert_eq!(outcome.admitted.len() + outcome.refused, all);
        prop_assert_eq!(outcome.excess(&allowance), 0);
        prop_assert!(outcome.most_writes <= MAX_WRITES);
    }
}

/// The conditional writes of an admission have the same result as the reference.
#[test]
fn an_admission_agrees_with_the_reference() {
    proptest!(|(
        (per_month, per_minute, burst) in prop_oneof![(1u64..500, 1u32..2_000, 1u32..100), (1u64..500, 20_000u32..60_000, 5_000u32..20_000)],
        tat in -10_000_000i64..100_000_000, used in 0u64..500, seen in -10_000_000i64..100_000_000,
    )| {
        let allowance = Allowance { per_month, per_minute, burst, memories: None };
        let now = Timestamp::from_micros(START);
        let mut written = UsageMeter { tat: START + tat, months: [(now.month(), used)].into() };
        let mut reference = written.clone();
        let mut admission = AdmissionAttempt::new(&allowance, &seen_at(START + seen), now);
        let mut first = admission.branch();
        let outcome = loop {
            if written.write(&allowance, admission.now(), admission.branch()) {
                break Ok(());
            }
            match admission.failed(&written, now) {
                Next::Write => {}
                Next::Repair { seen, horizon } => {
                    prop_assert_eq!(seen, written.tat);
                    written.tat = horizon;
                    first = Branch::InUse;
                }
                Next::Refuse(limit) => break Err(limit),
            }
        };
        prop_assert_eq!(outcome, reference.admit(&allowance, now, first));
        prop_assert_eq!(written, reference);
    });
}

#[test]
fn a_slow_call_is_judged_by_the_time_it_returns() {
    let allowance = allowance(10, 20);
    let bucket = Bucket::of(&allowance);
    let now = Timestamp::from_micros(START);
    let full = UsageMeter { tat: bucket.horizon(now) + 4_000_000, ..UsageMeter::default() };
    let mut admission = AdmissionAttempt::new(&allowance, &seen_at(START), now);
    // At 3.9 s it is still too early, by a tenth of a second.
    let wait = Duration::from_millis(100);
    assert_eq!(
        admission.failed(&full, now.plus(Duration::from_millis(3_900))),
        Next::Refuse(Limit::Rate(wait))
    );
    let later = now.plus(Duration::from_secs(4));
    let mut admission = AdmissionAttempt::new(&allowance, &seen_at(START), now);
    assert_eq!(admission.failed(&full, later), Next::Write);
    assert_eq!((admission.now(), admission.branch()), (later, Branch::InUse));
}

#[test]
fn a_request_that_loses_every_write_is_refused_by_the_rate() {
    let allowance = allowance(60_000, 20);
    let bucket = Bucket::of(&allowance);
    let mut now = Timestamp::from_micros(START);
    let mut admission = AdmissionAttempt::new(&allowance, &seen_at(START), now);
    for _ in 1..MAX_WRITES {
        now = now.plus(Duration::from_millis(5));
        // Other requests have used the bucket, and use its refill before each next write.
        let found = UsageMeter { tat: bucket.horizon(now), ..UsageMeter::default() };
        assert_eq!(admission.failed(&found, now), Next::Write);
    }
    let found = UsageMeter { tat: bucket.horizon(now), ..UsageMeter::default() };
    assert_eq!(admission.failed(&found, now), Next::Refuse(Limit::Rate(Duration::from_millis(1))));
}
