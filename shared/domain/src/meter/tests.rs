//! Meters under any sequence of requests.

use proptest::prelude::*;

use super::*;
use crate::plan::Plan;

const FREE: Allowance = Plan::Free.allowance();

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + millis)
}

/// Admits a request with the branch that fits the meter.
fn admit(meter: &mut UsageMeter, allowance: &Allowance, now: Timestamp) -> Result<(), Limit> {
    let branch = Bucket::of(allowance).branch(meter.tat, now);
    meter.admit(allowance, now, branch)
}

#[test]
fn a_full_bucket_admits_the_burst_then_the_rate() {
    let mut meter = UsageMeter::default();
    let admitted = (0..200).filter(|_| admit(&mut meter, &FREE, at(0)).is_ok()).count();
    assert_eq!(admitted, 20);
    assert_eq!(admit(&mut meter, &FREE, at(0)), Err(Limit::Rate(Duration::from_secs(6))));
    assert_eq!(admit(&mut meter, &FREE, at(5_999)), Err(Limit::Rate(Duration::from_millis(1))));
    assert_eq!(admit(&mut meter, &FREE, at(6_000)), Ok(()));
}

#[test]
fn only_deep_and_fast_buckets_have_slack() {
    let slack =
        |per_minute, burst| Bucket::of(&Allowance { per_month: 1, per_minute, burst, memories: None }).slack;
    for (per_minute, burst) in
        [(10, 20), (100, 200), (599, 20), (600, 200_000), (601, 20), (6_000, 100), (60_000, 100), (30_000, 1)]
    {
        assert_eq!(slack(per_minute, burst), 0, "{per_minute}, {burst}");
    }
    assert_eq!(slack(60_000, 10_000), 99_990);
    assert_eq!(slack(30_000, 10_000), 100_000);
    assert_eq!(slack(601, 200_000), 100_000);
}

#[test]
fn the_month_rolls_over_by_itself() {
    let mut meter = UsageMeter::default();
    let allowance = Allowance { per_month: 2, ..FREE };
    let last = Timestamp::parse("2026-11-30T23:59:59.999Z").expect("a time");
    let first = Timestamp::parse("2026-12-01T00:00:00Z").expect("a time");
    assert!(admit(&mut meter, &allowance, last).is_ok());
    assert!(admit(&mut meter, &allowance, last).is_ok());
    assert_eq!(admit(&mut meter, &allowance, last), Err(Limit::Quota));
    assert!(admit(&mut meter, &allowance, first).is_ok());
}

#[test]
fn an_hour_ahead_does_not_lock_the_tenant_out() {
    let mut meter = UsageMeter::default();
    assert!(admit(&mut meter, &FREE, at(3_600_000)).is_ok());
    assert!(admit(&mut meter, &FREE, at(0)).is_ok());
}

fn allowances() -> impl Strategy<Value = Allowance> {
    let slow = (1u64..500, 1u32..2_000, 1u32..100);
    let fast = (1u64..500, 20_000u32..60_000, 5_000u32..20_000);
    prop_oneof![slow, fast].prop_map(|(per_month, per_minute, burst)| Allowance {
        per_month,
        per_minute,
        burst,
        memories: None,
    })
}

fn branches() -> impl Strategy<Value = Branch> {
    prop::sample::select(vec![Branch::InUse, Branch::Idle])
}

proptest! {
    /// The guarantee of a token bucket, over every window of the run: at most the burst and the refill of the window,
    /// whichever branches the requests try first.
    #[test]
    fn no_window_admits_more_than_burst_and_refill(
        allowance in allowances(), gaps in prop::collection::vec((0i64..3_000_000, branches()), 1..200), scale in 1i64..4_000,
    ) {
        let mut meter = UsageMeter::default();
        let mut now = at(0).micros();
        let mut admitted = Vec::new();
        for (gap, branch) in gaps {
            now += gap / scale;
            if meter.admit(&allowance, Timestamp::from_micros(now), branch).is_ok() {
                admitted.push(now);
            }
        }
        let interval = Bucket::of(&allowance).interval;
        for (i, start) in admitted.iter().enumerate() {
            for (j, end) in admitted.iter().enumerate().skip(i) {
                let (count, refilled) = ((j - i + 1) as i64, (end - start) / interval);
                prop_assert!(count <= i64::from(allowance.burst) + refilled);
            }
        }
        prop_assert!(admitted.len() as u64 <= allowance.per_month);
    }

    #[test]
    fn a_refusal_changes_nothing_and_its_wait_is_exact(
        allowance in allowances(), taken in 0usize..150, branch in branches(), ahead in 0i64..2_000,
    ) {
        // Most of a deep bucket is used already.
        let mut meter = UsageMeter { tat: Bucket::of(&allowance).horizon(at(0)) - ahead * 1_000, ..UsageMeter::default() };
        for _ in 0..taken {
            let _ = admit(&mut meter, &allowance, at(0));
        }
        let before = meter.clone();
        match meter.admit(&allowance, at(0), branch) {
            Ok(()) => prop_assert!(Bucket::of(&allowance).remaining(before.tat, at(0)) > 0),
            Err(Limit::Quota) => prop_assert_eq!(&meter, &before),
            Err(Limit::Rate(wait)) => {
                prop_assert_eq!(&meter, &before);
                prop_assert_eq!(Bucket::of(&allowance).remaining(before.tat, at(0)), 0);
                prop_assert!(meter.clone().admit(&allowance, at(0).plus(wait - Duration::from_micros(1)), branch).is_err());
                prop_assert!(meter.admit(&allowance, at(0).plus(wait), branch).is_ok());
            }
        }
    }

    #[test]
    fn what_remains_is_what_is_admitted_at_once(allowance in allowances(), tat in -300_000i64..3_000_000) {
        let allowance = Allowance { per_month: u64::MAX, ..allowance };
        let mut meter = UsageMeter { tat: at(0).micros() + tat, ..UsageMeter::default() };
        let expected = Bucket::of(&allowance).remaining(meter.tat, at(0));
        let mut admitted = 0;
        while !Bucket::of(&allowance).is_from_a_wrong_clock(meter.tat, at(0)) && admit(&mut meter, &allowance, at(0)).is_ok() {
            admitted += 1;
        }
        prop_assert_eq!(admitted, expected);
    }
}
