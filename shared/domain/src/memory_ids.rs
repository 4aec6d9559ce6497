//! The ids of the memories that one request creates, in ascending order.
//!
//! As in ULID's monotonic factory (<https://github.com/ulid/spec#monotonicity>) the first suffix is random and each
//! further one is larger, here by a random step, so that an id does not predict the next. Suffixes ascend over the
//! whole request: of the items of one millisecond, each sorts behind those before it, whatever the times of the others.

use std::ops::RangeInclusive;

use rand::{Rng, RngExt};

/// The number of suffixes: thirteen base-36 digits, 67 bits.
const SUFFIXES: u128 = 36_u128.pow(13);
/// The distance between a suffix and the next.
const STEP: RangeInclusive<u128> = 1..=1 << 32;
/// The room above the first suffix: enough for four billion steps of any size.
const HEADROOM: u128 = 1 << 64;

/// The part of a memory's id behind the time.
#[cfg_attr(feature = "describe", derive(Default))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdSuffix(u128);

impl IdSuffix {
    /// The suffix as a number of at most thirteen base-36 digits.
    pub(crate) const fn number(self) -> u128 {
        self.0
    }
}

/// The suffixes that one request has used.
#[derive(Clone, Debug, Default)]
pub struct MemoryIds {
    last: Option<IdSuffix>,
}

impl MemoryIds {
    /// The suffix of the next item, larger than all before. An item that is refused takes one, too, so that a resumed
    /// request gives every other item the same id again.
    pub fn next_suffix(&mut self, rng: &mut impl Rng) -> IdSuffix {
        let number = match self.last {
            None => rng.random_range(0..SUFFIXES - HEADROOM),
            // The headroom keeps this below the end; at the end it would stay rather than wrap around.
            Some(IdSuffix(last)) => (last + rng.random_range(STEP)).min(SUFFIXES - 1),
        };
        *self.last.insert(IdSuffix(number))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::{MemoryId, Timestamp};

    /// Far more than the API accepts, so that times alone do not separate the ids.
    const ITEMS: usize = 3_000;

    proptest! {
        #[test]
        fn ids_of_one_time_rise_whatever_other_times_come_between(
            seed: u64, times in prop::collection::vec(0i64..4, 2..200)
        ) {
            let (mut ids, mut rng) = (MemoryIds::default(), StdRng::seed_from_u64(seed));
            let mut last: [Option<MemoryId>; 4] = Default::default();
            for time in times {
                let id = MemoryId::new(Timestamp::from_millis(time), ids.next_suffix(&mut rng));
                prop_assert_eq!(id.created_at().millis(), time);
                prop_assert_eq!(MemoryId::parse(id.as_str()), Some(id.clone()));
                let last = &mut last[time as usize];
                prop_assert!(last.as_ref().is_none_or(|last| *last < id), "{:?} {:?}", last, id);
                *last = Some(id);
            }
        }

        #[test]
        fn the_same_seed_gives_the_same_ids(seed: u64, count in 1..100usize) {
            let ids = || {
                let (mut ids, mut rng) = (MemoryIds::default(), StdRng::seed_from_u64(seed));
                (0..count).map(|_| ids.next_suffix(&mut rng)).collect::<Vec<_>>()
            };
            prop_assert_eq!(ids(), ids());
        }

        #[test]
        fn the_highest_first_suffix_leaves_room_for_more_items_than_any_request_has(seed: u64) {
            let mut ids = MemoryIds { last: Some(IdSuffix(SUFFIXES - HEADROOM - 1)) };
            let mut rng = StdRng::seed_from_u64(seed);
            let suffixes: Vec<IdSuffix> = (0..ITEMS).map(|_| ids.next_suffix(&mut rng)).collect();
            prop_assert!(suffixes.is_sorted_by(|a, b| a < b));
            prop_assert!(suffixes[ITEMS - 1].number() < SUFFIXES - HEADROOM / 2);
        }

        #[test]
        fn suffixes_do_not_wrap_around_at_the_end(seed: u64, left in 0u128..1 << 34) {
            let mut ids = MemoryIds { last: Some(IdSuffix(SUFFIXES - 1 - left)) };
            let mut rng = StdRng::seed_from_u64(seed);
            let mut last = SUFFIXES - 1 - left;
            for _ in 0..20 {
                let suffix = ids.next_suffix(&mut rng);
                prop_assert!(suffix.number() >= last && suffix.number() < SUFFIXES);
                let id = MemoryId::new(Timestamp::from_millis(7), suffix);
                prop_assert_eq!(id.created_at().millis(), 7);
                last = suffix.number();
            }
        }
    }

    #[test]
    fn an_id_does_not_predict_the_next() {
        let mut steps: Vec<u128> = Vec::new();
        for seed in 0..2_000 {
            let (mut ids, mut rng) = (MemoryIds::default(), StdRng::seed_from_u64(seed));
            let (first, second) = (ids.next_suffix(&mut rng), ids.next_suffix(&mut rng));
            steps.push(second.number() - first.number());
        }
        assert!(steps.iter().all(|step| STEP.contains(step)));
        let upper = steps.iter().filter(|step| **step > 1 << 31).count();
        assert!((800..1_200).contains(&upper), "{upper} of 2,000 steps are in the upper half");
        steps.sort_unstable();
        steps.dedup();
        assert!(steps.len() > 1_990, "{} distinct steps", steps.len());
    }
}
