//! The order of evictions by examples, its bounds for any sequence of uses, and what becomes of a large index among many
//! small ones, in comparison with the rule of before.
//!
//! `cargo test -p hb-store greedy_dual -- --nocapture` prints the comparison.

use std::num::NonZeroUsize;

use proptest::prelude::*;

use super::*;

type Cache = GreedyDual<u32, ()>;

const HOUR: Duration = Duration::from_secs(3_600);
const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

fn at(second: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000).plus(Duration::from_secs(second))
}

/// Room for so many bytes of values in `entries` entries.
fn room(bytes: usize, entries: usize) -> Room {
    Room { bytes: bytes + entries * ENTRY_BYTES, spare: 0, lifetime: HOUR }
}

/// Uses a value that takes so many bytes, as a search does that reads it if it is not cached. Returns whether it was read.
fn search(cache: &mut Cache, key: u32, bytes: usize, room: Room, now: Timestamp) -> bool {
    let is_read = !cache.entries.contains(&key);
    cache.get(&key, now);
    if is_read {
        cache.resize(&key, bytes / 2, Phase::Reading, room, now);
        cache.resize(&key, bytes, Phase::Read, room, now);
    }
    is_read
}

fn cached(cache: &Cache) -> Vec<u32> {
    let mut keys: Vec<u32> = cache.entries.iter().map(|(key, _)| *key).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn small_values_are_evicted_before_a_large_one_and_of_equal_ones_the_least_recently_used() {
    let (mut cache, room) = (Cache::new(), room(100 * KIB, 4));
    search(&mut cache, 1, 60 * KIB, room, at(0));
    for key in [2, 3] {
        search(&mut cache, key, 20 * KIB, room, at(0));
    }
    assert_eq!(cached(&cache), [1, 2, 3], "all fit");
    assert!(!search(&mut cache, 2, 20 * KIB, room, at(0)));
    search(&mut cache, 4, 20 * KIB, room, at(0));
    assert_eq!(cached(&cache), [1, 2, 4]);
}

#[test]
fn a_large_value_that_is_not_used_is_evicted_in_the_end() {
    let (mut cache, room) = (Cache::new(), room(100 * KIB, 5));
    search(&mut cache, 0, 60 * KIB, room, at(0));
    let mut searches = 0;
    while cached(&cache).contains(&0) {
        searches += 1;
        search(&mut cache, 1 + searches % 100, 20 * KIB, room, at(0));
        assert!(searches < 100);
    }
    // Each time the rest of the cache has been read anew, the floor has risen by the size of a small value.
    println!("a value of 60 KiB is evicted after {searches} searches of 20 KiB in 40 KiB");
    assert!(searches > 3, "{searches}");
}

#[test]
fn a_value_that_was_not_used_for_its_lifetime_is_evicted_first() {
    let (mut cache, room) = (Cache::new(), room(100 * KIB, 3));
    search(&mut cache, 1, 80 * KIB, room, at(0));
    search(&mut cache, 2, 10 * KIB, room, at(3_599));
    search(&mut cache, 3, 20 * KIB, room, at(3_599));
    assert_eq!(cached(&cache), [1, 3], "it is worth most until then");
    search(&mut cache, 4, 20 * KIB, room, at(3_600));
    assert_eq!(cached(&cache), [3, 4]);
}

#[test]
fn a_value_stays_while_it_is_read_and_leaves_if_all_others_are_worth_more() {
    let within = |spare| Room { spare, ..room(100 * KIB, 3) };
    let read = |spare| {
        let mut cache = Cache::new();
        search(&mut cache, 1, 60 * KIB, within(spare), at(0));
        search(&mut cache, 2, 40 * KIB, within(spare), at(0));
        cache.get(&3, at(0));
        cache.resize(&3, 10 * KIB, Phase::Reading, within(spare), at(0));
        cache
    };
    let mut cache = read(10 * KIB);
    assert_eq!(cached(&cache), [1, 2, 3], "in the spare room");
    cache.resize(&3, 11 * KIB, Phase::Reading, within(10 * KIB), at(0));
    assert_eq!(cached(&cache), [1, 3], "beyond it, the one of the others that is worth least goes");
    let mut cache = read(10 * KIB);
    cache.resize(&3, 10 * KIB, Phase::Read, within(10 * KIB), at(0));
    assert_eq!(cached(&cache), [1, 2]);
    cache.resize(&3, 10 * KIB, Phase::Read, within(10 * KIB), at(0));
    assert_eq!(cached(&cache), [1, 2], "a size that is reported late is not counted");
    let mut cache = Cache::new();
    search(&mut cache, 1, 200 * KIB, within(0), at(0));
    assert_eq!(cached(&cache), [1], "the only one stays");
}

/// A step of a random sequence: a key, its size in KiB, whether it is still being read, and the seconds since the last.
fn step() -> impl Strategy<Value = (u32, usize, bool, u64)> {
    let seconds = prop_oneof![9 => 0..60_u64, 1 => 0..4_000_u64];
    (0..12_u32, prop_oneof![4 => 0..20_usize, 1 => 0..150_usize], any::<bool>(), seconds)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn the_bytes_are_bounded_and_the_value_in_use_stays(
        steps in prop::collection::vec(step(), 1..80), spare in 0..20_usize,
    ) {
        let (mut cache, room) = (Cache::new(), Room { spare: spare * KIB, ..room(100 * KIB, 3) });
        let mut now = 0;
        for (key, kib, is_reading, seconds) in steps {
            now += seconds;
            cache.get(&key, at(now));
            let phase = if is_reading { Phase::Reading } else { Phase::Read };
            cache.resize(&key, kib * KIB, phase, room, at(now));
            let most = if is_reading { room.bytes + room.spare } else { room.bytes };
            prop_assert!(cache.bytes <= most || cache.entries.len() == 1, "{} bytes", cache.bytes);
            prop_assert!(!is_reading || cache.entries.contains(&key));
            // All of the accounts agree.
            prop_assert_eq!(cache.bytes, cache.entries.iter().map(|(_, entry)| entry.bytes).sum::<usize>());
            let mut ranks: Vec<Rank> = cache.entries.iter().map(|(_, entry)| entry.rank).collect();
            ranks.sort_unstable();
            prop_assert_eq!(cache.by_worth.keys().copied().collect::<Vec<_>>(), ranks);
            for (_, entry) in &cache.entries {
                let within = cache.floor..=cache.floor + entry.bytes as u64;
                prop_assert!(within.contains(&entry.rank.worth), "{entry:?} and floor {}", cache.floor);
            }
        }
    }

    /// While small tenants read ten times the cache between two searches of the large one.
    #[test]
    fn a_large_value_in_use_is_not_evicted_by_small_ones(
        rounds in prop::collection::vec(prop::collection::vec((1..2_000_u32, 0..8_usize), 0..1_000), 1..4)
    ) {
        // Each small value takes up to 12 KiB, so the floor rises by less than 160 KiB between two uses.
        let (mut cache, room) = (Cache::new(), room(1_200 * KIB, 0));
        for round in rounds {
            let is_read = search(&mut cache, 0, 160 * KIB, room, at(0));
            let is_first = cache.uses <= 3;
            prop_assert_eq!(is_read, is_first);
            for (key, kib) in round {
                search(&mut cache, key, kib * KIB, room, at(0));
            }
        }
    }
}

/// The rule of before: the least recently used of 1,000 entries, within the same bytes.
struct Lru {
    entries: LruCache<u32, usize>,
    bytes: usize,
}

impl Lru {
    fn new() -> Self {
        Self { entries: LruCache::new(NonZeroUsize::new(1_000).expect("not zero")), bytes: 0 }
    }

    fn search(&mut self, key: u32, bytes: usize, room: Room) -> bool {
        let is_read = self.entries.get(&key).is_none();
        if is_read {
            let replaced = self.entries.push(key, bytes);
            self.bytes += bytes;
            self.bytes -= replaced.map_or(0, |(_, bytes)| bytes);
            while self.bytes > room.bytes {
                self.bytes -= self.entries.pop_lru().map_or(0, |(_, bytes)| bytes);
            }
        }
        is_read
    }
}

/// Within an hour, the large tenant searches once a minute and each of the small ones as often. A function of 512 MB; an index
/// takes 160 bytes a memory, and reading it 0.062 RCU.
#[test]
fn a_large_tenant_in_use_keeps_its_index_among_any_number_of_small_ones() {
    const LARGE: usize = 100_000;
    const SMALL: usize = 1_000;
    let room = Room { bytes: 256 * MIB, spare: 16 * MIB, lifetime: HOUR };
    for small_tenants in [500, 1_000, 2_000, 5_000] {
        let (mut new, mut old) = (Cache::new(), Lru::new());
        let (mut large, mut small) = ([0, 0], [0, 0]);
        for minute in 0..60 {
            let now = at(60 * minute);
            large[0] += u64::from(old.search(0, 160 * LARGE, room));
            large[1] += u64::from(search(&mut new, 0, 160 * LARGE, room, now));
            for tenant in 1..=small_tenants {
                small[0] += u64::from(old.search(tenant, 160 * SMALL, room));
                small[1] += u64::from(search(&mut new, tenant, 160 * SMALL, room, now));
            }
        }
        let units = |rule: usize| 6_200 * large[rule] + 62 * small[rule];
        println!(
            "{small_tenants} small tenants: the large index was read {} times in 60 searches, now {}; the small ones {} times, now {}; {} RCU, now {}",
            large[0],
            large[1],
            small[0],
            small[1],
            units(0),
            units(1)
        );
        assert_eq!(large[1], 1);
        assert!(units(1) <= units(0));
    }
}
