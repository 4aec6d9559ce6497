//! The memory of an index is bounded by its limits, whatever is read and however the reading ends.

use proptest::prelude::*;

use super::*;

/// The most entries of a page, and the most facets of an entry.
const PAGE: usize = 6;
const FACETS: usize = 60;

/// What comes of one attempt to read a page.
#[derive(Clone, Debug)]
enum Read {
    /// Entries by number and facets, whether there is another page, and the seconds since the request began.
    Page(Vec<(usize, usize)>, bool, u64),
    Throttled,
    Failed,
    Dropped,
}

fn reads() -> impl Strategy<Value = Vec<Read>> {
    let entries = prop::collection::vec((0..300_usize, 0..=FACETS), 0..=PAGE);
    let page = (entries, prop::bool::weighted(0.9), prop::sample::select(vec![0, 0, 0, 0, 8, 16]));
    let read = prop_oneof![
        20 => page.prop_map(|(entries, has_more, seconds)| Read::Page(entries, has_more, seconds)),
        1 => Just(Read::Throttled),
        1 => Just(Read::Failed),
        1 => Just(Read::Dropped),
    ];
    prop::collection::vec(read, 0..40)
}

fn entry_of(number: usize, facets: usize) -> Entry {
    let mut entry = entry(number);
    entry.document.facets = vec![0; facets];
    entry
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn an_index_exceeds_its_limit_by_at_most_two_batches_and_pages(
        room in 1..40_usize,
        requests in prop::collection::vec((reads(), any::<bool>(), 0..400_i64), 1..12),
    ) {
        let page = PAGE * entry_of(0, FACETS).bytes();
        let room_bytes = room * entry_of(0, FACETS).bytes();
        let limits = RefreshLimits { room_bytes, max_bytes: room_bytes / 3 * 4, batch_bytes: room_bytes / 12, ..LIMITS };
        // A rebuild that is paused and the sync behind it each add a batch that a page has just filled.
        let most = limits.max_bytes + 2 * (limits.batch_bytes + page);
        let (mut cache, mut version, mut now) = (Cache::default(), VERSION, 0);
        for (reads, is_deletion, seconds) in requests {
            now += seconds * 1_000;
            version.writes += 1;
            version.deletes += i64::from(is_deletion);
            let mut reads = reads.into_iter();
            let mut refresh = cache.refresh(version, at(now), limits);
            let mut place = 0;
            while step(&refresh).is_some() {
                match reads.next().unwrap_or(Read::Page(vec![], false, 0)) {
                    Read::Page(entries, has_more, seconds) => {
                        let entries = entries.into_iter().map(|(number, facets)| entry_of(number, facets));
                        place += 1;
                        refresh.page(entries.collect(), has_more.then_some(place), Duration::from_secs(seconds));
                    }
                    Read::Throttled => { refresh.throttled(EARLY); }
                    Read::Failed => refresh.failed(),
                    Read::Dropped => break,
                }
                let used = refresh.cached.index.used_bytes();
                prop_assert!(used <= most, "{used} bytes, {} in excess", used - most);
            }
        }
    }
}
