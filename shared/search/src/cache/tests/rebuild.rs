//! Empty → rebuilding → ready, in one request or in several.

use super::*;

#[test]
fn an_empty_cache_reads_all_pages_and_then_the_changes_of_the_meantime() {
    let mut cache = Cache::default();
    assert!(cache.needs_refresh(VERSION, at(0)) && is_partial(&cache));
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    assert_eq!(step(&refresh), REBUILD);
    refresh.page(vec![entry(2)], Some(7), EARLY);
    assert_eq!(step(&refresh), Some((Some(7), None)));
    refresh.page(vec![entry(1)], None, EARLY);
    assert_eq!(step(&refresh), sync_from(at(0).minus(OVERLAP)));
    refresh.page(vec![entry(3)], None, EARLY);
    assert_eq!(step(&refresh), None);
    assert!(!cache.needs_refresh(VERSION, at(0)) && !is_partial(&cache));
    assert_eq!((numbers(&cache), cache.revision()), (vec![1, 2, 3], 1));
}

#[test]
fn a_finished_rebuild_is_partial_until_the_sync_behind_it_is_complete() {
    let mut cache = Cache::default();
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    refresh.page(vec![entry(1)], None, EARLY);
    refresh.failed();
    assert_eq!(step(&refresh), None);
    assert!(cache.needs_refresh(VERSION, at(0)) && is_partial(&cache));
    let mut refresh = cache.refresh(VERSION, at(5_000), LIMITS);
    assert_eq!(step(&refresh), sync_from(at(0).minus(OVERLAP)), "nothing is read again");
    refresh.page(vec![], None, EARLY);
    assert!(!cache.needs_refresh(VERSION, at(5_000)) && !is_partial(&cache));
}

#[test]
fn a_rebuild_that_runs_out_of_time_is_continued_by_the_next_request() {
    let mut cache = Cache::default();
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    refresh.page(vec![entry(3)], Some(7), TIME - Duration::from_millis(1));
    assert_eq!(step(&refresh), Some((Some(7), None)), "there is time for another page");
    refresh.page(vec![entry(2)], Some(8), TIME);
    assert_eq!(step(&refresh), sync_from(at(0).minus(OVERLAP)));
    refresh.page(vec![], None, TIME);
    assert_eq!(step(&refresh), None);
    assert_eq!((numbers(&cache), is_partial(&cache)), (vec![2, 3], true));

    let newer = version(1_001, 1_000, 1_000);
    let mut refresh = cache.refresh(newer, at(1_000), LIMITS);
    assert_eq!(step(&refresh), Some((Some(8), None)));
    refresh.page(vec![entry(1)], None, EARLY);
    assert_eq!(step(&refresh), sync_from(at(0).minus(OVERLAP)));
    refresh.page(vec![entry(4)], None, EARLY);
    assert_eq!((step(&refresh), is_partial(&cache)), (None, false));
    assert!(!cache.needs_refresh(newer, at(1_000)));
    assert_eq!(numbers(&cache), [1, 2, 3, 4]);
}

#[test]
fn at_least_one_page_is_read_however_late_it_is() {
    let mut cache = Cache::default();
    let mut refresh = cache.refresh(VERSION, at(0), RefreshLimits { time: Duration::ZERO, ..LIMITS });
    assert_eq!(step(&refresh), REBUILD);
    refresh.page(vec![entry(2)], Some(7), EARLY);
    assert_eq!(step(&refresh), sync_from(at(0).minus(OVERLAP)));
}

#[test]
fn each_request_of_a_rebuild_syncs_from_the_last_complete_sync() {
    let mut cache = Cache::default();
    for (millis, since, is_complete) in
        [(0, 0, true), (9_000, 0, false), (18_000, 0, true), (27_000, 18_000, true)]
    {
        let mut refresh = cache.refresh(VERSION, at(millis), LIMITS);
        refresh.page(vec![], Some(7), TIME);
        assert_eq!(step(&refresh), sync_from(at(since).minus(OVERLAP)), "at {millis}");
        refresh.page(vec![], (!is_complete).then_some(9), TIME * 2);
        assert_eq!(step(&refresh), None);
    }
}

#[test]
fn the_age_of_an_index_counts_from_the_begin_of_its_rebuild() {
    let hour = MAX_REBUILD_AGE.as_millis() as i64;
    let mut cache = Cache::default();
    for millis in [0, 60_000, 120_000] {
        let mut refresh = cache.refresh(VERSION, at(millis), LIMITS);
        refresh.page(vec![], (millis < 120_000).then_some(7), TIME);
        refresh.page(vec![], None, TIME);
    }
    assert!(!is_partial(&cache));
    assert_eq!(step(&cache.refresh(VERSION, at(hour), LIMITS)), REBUILD);
}

#[test]
fn a_request_that_is_dropped_between_two_pages_loses_none() {
    let mut cache = Cache::default();
    cache.refresh(VERSION, at(0), LIMITS).page(vec![entry(2)], Some(7), EARLY);
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    assert_eq!(step(&refresh), Some((Some(7), None)));
    refresh.page(vec![entry(1)], None, EARLY);
    refresh.page(vec![], None, EARLY);
    assert_eq!((numbers(&cache), is_partial(&cache)), (vec![1, 2], false));
}

#[test]
fn a_page_that_fails_ends_the_request_and_what_was_read_is_kept() {
    let mut cache = Cache::default();
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    refresh.page(vec![entry(2)], Some(7), EARLY);
    refresh.failed();
    assert_eq!(step(&refresh), None);
    assert_eq!((numbers(&cache), is_partial(&cache)), (vec![2], true));
    assert_eq!(step(&cache.refresh(VERSION, at(0), LIMITS)), Some((Some(7), None)));
}

#[test]
fn old_entries_stay_until_the_end_of_a_rebuild() {
    let mut cache = ready(vec![entry(1), entry(2)]);
    cache.require_rebuild();
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    refresh.page(vec![entry(3)], Some(7), TIME);
    refresh.page(vec![], None, TIME);
    assert_eq!((numbers(&cache), is_partial(&cache)), (vec![1, 2, 3], true));
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    refresh.page(vec![entry(1)], None, EARLY);
    refresh.page(vec![], None, EARLY);
    assert_eq!((numbers(&cache), is_partial(&cache)), (vec![1, 3], false));
}

/// The rebuild has everything of the version that it began with. What was backdated since is not in its pages.
#[test]
fn a_rebuild_that_began_with_too_old_a_version_is_followed_by_another() {
    let mut cache = Cache::default();
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    refresh.page(vec![entry(2)], Some(7), TIME);
    refresh.page(vec![], None, TIME);
    let newer = version(1_002, 1_000, 1_002);
    let mut refresh = cache.refresh(newer, at(0), LIMITS);
    refresh.page(vec![entry(1)], None, EARLY);
    refresh.page(vec![], None, EARLY);
    assert_eq!(step(&refresh), REBUILD);
    refresh.page(vec![entry(1), entry(2), entry(3)], None, EARLY);
    refresh.page(vec![], None, EARLY);
    assert_eq!(step(&refresh), None);
    assert!(!cache.needs_refresh(newer, at(0)) && !is_partial(&cache));
}

#[test]
fn a_deleted_memory_is_removed_unless_the_index_was_refreshed_meanwhile() {
    let mut cache = ready(vec![entry(1), entry(2)]);
    let revision = cache.revision();
    cache.remove(&[entry(1).id], revision);
    assert_eq!(numbers(&cache), [2]);
    let _ = cache.refresh(VERSION, at(0), LIMITS);
    cache.remove(&[entry(2).id], revision);
    assert_eq!(numbers(&cache), [2]);
}
