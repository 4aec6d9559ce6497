//! Each transition of the cache by itself, then all of them against a simulated table.

mod incomplete;
mod limits;
mod model;
mod ready;
mod rebuild;
mod room;
mod sync;

use std::time::Duration;

use hb_domain::Timestamp;
use hb_domain::tenant::SearchVersion;
use serde_json::json;

use super::*;
use crate::fixtures::{memory, now, parse_search};
use crate::{Entry, SearchDocument};

type Cache = CachedIndex<u32>;
/// Where a page begins, and since when; of a step that reads one.
type Page = (Option<u32>, Option<Timestamp>);

const OVERLAP: Duration = Duration::from_secs(110);
const TIME: Duration = Duration::from_secs(8);
const EARLY: Duration = Duration::ZERO;
/// Limits that no test reaches unless it changes them.
const LIMITS: RefreshLimits = RefreshLimits {
    time: TIME,
    room_bytes: 1 << 30,
    max_bytes: 1 << 30,
    batch_bytes: 1 << 30,
    overlap: OVERLAP,
};
const VERSION: SearchVersion = version(1_000, 1_000, 1_000);

const fn version(writes: i64, deletes: i64, backdated: i64) -> SearchVersion {
    SearchVersion { writes, deletes, backdated, backdated_since: None }
}

/// A time so many milliseconds after the tests' begin.
fn at(millis: i64) -> Timestamp {
    let distance = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 { now().minus(distance) } else { now().plus(distance) }
}

fn entry(number: usize) -> Entry {
    let memory = memory(number, json!({"content": "tea"}));
    Entry { id: memory.id.clone(), expires_at: None, document: SearchDocument::of(&memory) }
}

/// An entry of 100 KB.
fn large_entry(number: usize) -> Entry {
    let mut entry = entry(number);
    entry.document.facets = vec![0; 25_000];
    entry
}

fn step(refresh: &Refresh<'_, u32>) -> Option<Page> {
    match refresh.next_step() {
        Step::Serve => None,
        Step::ReadPage { from, since } => Some((from.copied(), since)),
    }
}

const REBUILD: Option<Page> = Some((None, None));

fn sync_from(since: Timestamp) -> Option<Page> {
    Some((None, Some(since)))
}

/// A cache that has just read these entries, all there are.
fn ready(entries: Vec<Entry>) -> Cache {
    let mut cache = Cache::default();
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    refresh.page(entries, None, EARLY);
    refresh.page(vec![], None, EARLY);
    assert_eq!(step(&refresh), None);
    cache
}

/// The numbers of the entries that the index has.
fn numbers(cache: &Cache) -> Vec<usize> {
    let first = crate::index::id_number(&entry(0).id) / 36_u128.pow(13);
    let mut numbers: Vec<usize> = Vec::new();
    for slot in cache.index.slots() {
        numbers.push((slot.id() / 36_u128.pow(13) - first) as usize);
    }
    numbers.sort_unstable();
    numbers
}

fn is_partial(cache: &Cache) -> bool {
    let count = cache.partial_count(&parse_search(json!({"query": "tea"})));
    assert!(count.is_none_or(|count| count == cache.index.len() as u64));
    count.is_some()
}
