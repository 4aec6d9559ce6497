//! Whatever is written, read, throttled and given up: a cache that says that it is complete has what the table has.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    /// The time of change in milliseconds.
    updated_at: i64,
    content: u8,
    /// The number of the write.
    write: i64,
}

/// The table's local index, as the tenant's version describes it.
#[derive(Debug)]
struct Table {
    rows: BTreeMap<usize, Row>,
    version: SearchVersion,
    now: i64,
    /// How far the searching instance's clock is ahead.
    skew: i64,
}

/// What happens between two searches, or between two pages of one.
#[derive(Clone, Debug)]
enum Event {
    /// A change that is committed so many milliseconds after its time.
    Write(usize, u8, i64),
    /// A change with a time of its own, so many milliseconds ago.
    Backdate(usize, u8, i64),
    Delete(usize),
    Wait(i64),
    /// The clock of the searching instance is set.
    SetClock(i64),
}

/// What comes of one attempt to read a page.
#[derive(Clone, Copy, Debug)]
enum Read {
    /// A page of so many entries, after so many seconds.
    Page(usize, u64),
    Throttled,
    Failed,
    /// The request is dropped.
    Dropped,
}

impl Table {
    fn apply(&mut self, event: &Event) {
        let (number, updated_at, content, is_backdated) = match *event {
            Event::Wait(millis) => {
                self.now += millis;
                return;
            }
            Event::SetClock(skew) => {
                self.skew = skew;
                return;
            }
            Event::Delete(number) => {
                self.rows.remove(&number);
                self.version.writes += 1;
                self.version.deletes += 1;
                return;
            }
            Event::Write(number, content, delay) => (number, self.now - delay, content, false),
            Event::Backdate(number, content, ago) => (number, self.now - ago, content, true),
        };
        self.version.writes += 1;
        self.rows.insert(number, Row { updated_at, content, write: self.version.writes });
        if is_backdated {
            self.version.backdated += 1;
            self.version.backdated_since = Some(at(updated_at));
        }
    }

    /// A page of the changes since a time, the latest first, behind a place in their order.
    fn page(
        &self,
        from: Option<Place>,
        since: Option<Timestamp>,
        count: usize,
    ) -> (Vec<Entry>, Option<Place>) {
        let mut places: Vec<Place> =
            self.rows.iter().map(|(number, row)| (row.updated_at, *number)).collect();
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.retain(|place| {
            from.is_none_or(|from| *place < from) && since.is_none_or(|since| at(place.0) >= since)
        });
        let next = (places.len() > count).then(|| places[count - 1]);
        places.truncate(count);
        (
            places.into_iter().map(|(_, number)| content_entry(number, self.rows[&number].content)).collect(),
            next,
        )
    }

    /// Each memory's content.
    fn contents(&self) -> BTreeMap<u128, u8> {
        self.rows
            .iter()
            .map(|(number, row)| (crate::index::id_number(&entry(*number).id), row.content))
            .collect()
    }
}

/// A memory's time of change, and its number.
type Place = (i64, usize);

/// An entry whose importance stands for the content.
fn content_entry(number: usize, content: u8) -> Entry {
    let mut entry = entry(number);
    entry.document.importance = content;
    entry
}

fn contents(cache: &CachedIndex<Place>) -> BTreeMap<u128, u8> {
    let (slots, contents) = (cache.index.slots(), cache.index.contents());
    slots.iter().zip(contents).map(|(slot, content)| (slot.id(), content.importance)).collect()
}

/// A search: whether it succeeds. Events happen between its pages.
fn search(
    cache: &mut CachedIndex<Place>,
    table: &mut Table,
    events: &mut Vec<Event>,
    reads: &[Read],
) -> bool {
    let limits = RefreshLimits { batch_bytes: 300, ..LIMITS };
    let (version, now) = (table.version, at(table.now + table.skew));
    let mut reads = reads.iter().copied();
    let mut elapsed = 0;
    let mut refresh = cache.refresh(version, now, limits);
    let mut is_ok = true;
    while let Step::ReadPage { from, since } = refresh.next_step() {
        match reads.next().unwrap_or(Read::Page(3, 0)) {
            Read::Page(count, seconds) => {
                let (entries, next) = table.page(from.copied(), since, count);
                elapsed += seconds;
                refresh.page(entries, next, Duration::from_secs(elapsed));
            }
            Read::Throttled => is_ok = refresh.throttled(Duration::from_secs(elapsed)),
            Read::Failed => {
                refresh.failed();
                is_ok = false;
            }
            Read::Dropped => return false,
        }
        if let Some(event) = events.pop() {
            table.apply(&event);
        }
    }
    is_ok
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..12_usize, any::<u8>(), 0..=50_000_i64).prop_map(|(number, content, delay)| Event::Write(number, content, delay)),
        1 => (0..12_usize, any::<u8>(), 0..600_000_i64).prop_map(|(number, content, ago)| Event::Backdate(number, content, ago)),
        1 => (0..12_usize).prop_map(Event::Delete),
        2 => prop_oneof![4 => 1..30_000_i64, 2 => 60_000..700_000_i64, 1 => Just(3_600_000)].prop_map(Event::Wait),
        // Clocks may differ by a minute: one that was ahead may be set back by two.
        1 => (-60_000..=60_000_i64).prop_map(Event::SetClock),
    ]
}

fn reads() -> impl Strategy<Value = Vec<Read>> {
    let page = (1..4_usize, prop::sample::select(vec![0, 0, 0, 5, 8, 16]))
        .prop_map(|(count, s)| Read::Page(count, s));
    let read =
        prop_oneof![8 => page, 1 => Just(Read::Throttled), 1 => Just(Read::Failed), 1 => Just(Read::Dropped)];
    prop::collection::vec(read, 0..6)
}

fn is_complete(cache: &CachedIndex<Place>) -> bool {
    cache.partial_count(&parse_search(json!({"query": "tea"}))).is_none()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_cache_that_says_it_is_complete_has_what_the_table_has(
        rounds in prop::collection::vec((prop::collection::vec(event(), 0..6), prop::collection::vec(event(), 0..4), reads()), 1..10)
    ) {
        let mut cache = CachedIndex::default();
        let mut table = Table { rows: BTreeMap::new(), version: VERSION, now: 0, skew: 0 };
        for (before, mut meanwhile, reads) in rounds {
            before.iter().for_each(|event| table.apply(event));
            let acknowledged = table.rows.clone();
            let is_ok = search(&mut cache, &mut table, &mut meanwhile, &reads);
            if is_ok && is_complete(&cache) {
                let (found, expected) = (contents(&cache), table.contents());
                // Whatever was not changed while the search read its pages.
                for (number, _) in acknowledged.iter().filter(|(number, row)| table.rows.get(number) == Some(row)) {
                    let id = crate::index::id_number(&entry(*number).id);
                    prop_assert_eq!(found.get(&id), expected.get(&id));
                }
            }
        }
        let mut searches = 0;
        while !(search(&mut cache, &mut table, &mut vec![], &[]) && is_complete(&cache)) {
            searches += 1;
            prop_assert!(searches < 3);
        }
        prop_assert_eq!(contents(&cache), table.contents());
    }
}
