//! Ready → sync → ready.

use super::super::ready::MAX_AGE;
use super::super::refresh::MAX_PAGES;
use super::*;

const NEWER: SearchVersion = version(1_001, 1_000, 1_000);

/// One more backdated request, whose earliest change is of so many milliseconds.
fn backdated(millis: i64) -> SearchVersion {
    SearchVersion { backdated_since: Some(at(millis)), ..version(1_001, 1_000, 1_001) }
}

#[test]
fn a_current_index_is_served_without_a_page() {
    let mut cache = ready(vec![entry(1)]);
    let almost = MAX_AGE.as_millis() as i64 - 1;
    for (version, millis) in [(VERSION, almost), (version(900, 900, 900), 0), (VERSION, -almost)] {
        assert!(!cache.needs_refresh(version, at(millis)), "{version:?}, {millis}");
        assert_eq!(step(&cache.refresh(version, at(millis), LIMITS)), None);
    }
}

#[test]
fn a_newer_version_is_synced_from_a_while_before_the_last_sync() {
    let mut cache = ready(vec![entry(1)]);
    assert!(cache.needs_refresh(NEWER, at(1_000)));
    let mut refresh = cache.refresh(NEWER, at(1_000), LIMITS);
    assert_eq!(step(&refresh), sync_from(at(0).minus(OVERLAP)));
    refresh.page(vec![entry(3)], Some(7), EARLY);
    assert_eq!(step(&refresh), Some((Some(7), Some(at(0).minus(OVERLAP)))));
    refresh.page(vec![entry(2)], None, EARLY);
    assert_eq!(step(&refresh), None);
    assert!(!cache.needs_refresh(NEWER, at(1_000)) && !is_partial(&cache));
    assert_eq!(numbers(&cache), [1, 2, 3]);
    let much_newer = version(1_002, 1_000, 1_000);
    assert_eq!(step(&cache.refresh(much_newer, at(2_000), LIMITS)), sync_from(at(1_000).minus(OVERLAP)));
}

#[test]
fn after_a_minute_an_index_is_synced_whatever_the_version() {
    let mut cache = ready(vec![entry(1)]);
    let then = at(0).plus(MAX_AGE);
    assert!(cache.needs_refresh(VERSION, then));
    let mut refresh = cache.refresh(VERSION, then, LIMITS);
    assert_eq!(step(&refresh), sync_from(at(0).minus(OVERLAP)));
    refresh.page(vec![], None, EARLY);
    assert!(!cache.needs_refresh(VERSION, then));
}

#[test]
fn an_expired_memory_needs_a_refresh_but_no_page() {
    let mut cache = ready(vec![Entry { expires_at: Some(at(1_000)), ..entry(1) }]);
    assert!(!cache.needs_refresh(VERSION, at(999)) && cache.needs_refresh(VERSION, at(1_000)));
    assert_eq!(step(&cache.refresh(VERSION, at(1_000), LIMITS)), None);
    cache.remove_expired(at(1_000));
    assert!(!cache.needs_refresh(VERSION, at(1_000)));
}

#[test]
fn a_sync_has_twice_the_time_and_one_that_runs_out_is_repeated() {
    let mut cache = ready(vec![entry(1)]);
    let mut refresh = cache.refresh(NEWER, at(0), LIMITS);
    refresh.page(vec![entry(4)], Some(7), TIME * 2 - Duration::from_millis(1));
    assert_eq!(step(&refresh), Some((Some(7), Some(at(0).minus(OVERLAP)))));
    refresh.page(vec![entry(3)], Some(8), TIME * 2);
    assert_eq!(step(&refresh), None);
    assert_eq!((numbers(&cache), is_partial(&cache)), (vec![1, 3, 4], true));

    assert!(cache.needs_refresh(VERSION, at(0)), "not even of the version that it had");
    let mut refresh = cache.refresh(NEWER, at(1_000), LIMITS);
    assert_eq!(step(&refresh), sync_from(at(0).minus(OVERLAP)));
    refresh.page(vec![entry(2)], None, TIME * 3);
    assert_eq!((step(&refresh), is_partial(&cache)), (None, false));
    assert!(!cache.needs_refresh(NEWER, at(1_000)));
}

#[test]
fn a_sync_that_fails_changes_nothing_and_is_repeated() {
    let mut cache = ready(vec![entry(1)]);
    let mut refresh = cache.refresh(NEWER, at(1_000), LIMITS);
    refresh.page(vec![entry(2)], Some(7), EARLY);
    refresh.failed();
    assert_eq!(step(&refresh), None);
    assert_eq!(numbers(&cache), [1]);
    assert!(!cache.needs_refresh(VERSION, at(1_000)));
    assert_eq!(step(&cache.refresh(NEWER, at(1_000), LIMITS)), sync_from(at(0).minus(OVERLAP)));
}

#[test]
fn one_backdated_request_is_caught_up_with_from_its_earliest_change() {
    for (millis, since) in [(-3_600_000, at(-3_600_000)), (-1, at(0).minus(OVERLAP))] {
        let mut cache = ready(vec![entry(1)]);
        let version = backdated(millis);
        let mut refresh = cache.refresh(version, at(0), LIMITS);
        assert_eq!(step(&refresh), sync_from(since));
        refresh.page(vec![entry(2)], None, EARLY);
        assert_eq!(step(&refresh), None);
        assert!(!cache.needs_refresh(version, at(0)) && !is_partial(&cache));
    }
}

#[test]
fn a_sync_of_the_latest_changes_does_not_cover_backdated_ones() {
    let mut cache = ready(vec![entry(1)]);
    let mut refresh = cache.refresh(NEWER, at(0), LIMITS);
    refresh.page(vec![], None, EARLY);
    assert!(cache.needs_refresh(backdated(-1), at(0)));
}

#[test]
fn catching_up_over_too_many_pages_becomes_a_rebuild() {
    let mut cache = ready(vec![entry(1)]);
    let mut refresh = cache.refresh(backdated(-1), at(0), LIMITS);
    for page in 1..MAX_PAGES {
        refresh.page(vec![], Some(page), EARLY);
        assert_eq!(step(&refresh), Some((Some(page), Some(at(0).minus(OVERLAP)))));
    }
    refresh.page(vec![], Some(MAX_PAGES), EARLY);
    assert_eq!(step(&refresh), REBUILD);
    // The latest changes alone may take any number of pages.
    let mut cache = ready(vec![entry(1)]);
    let mut refresh = cache.refresh(NEWER, at(0), LIMITS);
    (0..=MAX_PAGES).for_each(|page| refresh.page(vec![], Some(page), EARLY));
    assert_eq!(step(&refresh), Some((Some(MAX_PAGES), Some(at(0).minus(OVERLAP)))));
}

#[test]
fn catching_up_that_runs_out_of_time_becomes_a_rebuild_by_the_next_request() {
    let mut cache = ready(vec![entry(1)]);
    let mut refresh = cache.refresh(backdated(-1), at(0), LIMITS);
    refresh.page(vec![entry(2)], Some(7), TIME * 2);
    assert_eq!(step(&refresh), None);
    assert_eq!((numbers(&cache), is_partial(&cache)), (vec![1, 2], true));
    assert_eq!(step(&cache.refresh(backdated(-1), at(0), LIMITS)), REBUILD);
}
