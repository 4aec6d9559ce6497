//! Throttled reads, and running out of room.

use super::*;

const NEWER: SearchVersion = version(1_001, 1_000, 1_000);

#[test]
fn a_rebuild_that_is_throttled_before_its_first_page_fails_and_begins_again() {
    let mut cache = Cache::default();
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    assert!(!refresh.throttled(EARLY));
    assert_eq!(step(&refresh), None);
    assert_eq!(step(&cache.refresh(VERSION, at(0), LIMITS)), REBUILD);
}

#[test]
fn a_rebuild_that_is_throttled_behind_a_page_serves_it_and_continues_with_the_next_request() {
    let mut cache = Cache::default();
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    refresh.page(vec![entry(2)], Some(7), EARLY);
    assert!(refresh.throttled(EARLY));
    assert_eq!(step(&refresh), sync_from(at(0).minus(OVERLAP)));
    // So is the sync behind it.
    assert!(refresh.throttled(EARLY));
    assert_eq!(step(&refresh), None);
    assert_eq!((numbers(&cache), is_partial(&cache)), (vec![2], true));
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    assert_eq!(step(&refresh), Some((Some(7), None)));
    assert!(refresh.throttled(EARLY), "what there was is enough");
}

#[test]
fn a_rebuild_that_is_throttled_serves_the_entries_from_before() {
    let mut cache = ready(vec![entry(1)]);
    cache.require_rebuild();
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    assert!(refresh.throttled(EARLY) && refresh.throttled(EARLY));
    assert_eq!(step(&refresh), None);
    assert_eq!((numbers(&cache), is_partial(&cache)), (vec![1], true));
}

#[test]
fn a_sync_that_is_throttled_fails_when_no_rebuild_is_under_way() {
    let mut cache = ready(vec![entry(1)]);
    let mut refresh = cache.refresh(NEWER, at(0), LIMITS);
    assert!(!refresh.throttled(EARLY));
    assert_eq!(step(&refresh), None);
    assert!(cache.needs_refresh(NEWER, at(0)) && !is_partial(&cache));
    assert_eq!(step(&cache.refresh(NEWER, at(0), LIMITS)), sync_from(at(0).minus(OVERLAP)));
    // The one behind a rebuild's last page as well.
    let mut cache = Cache::default();
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    refresh.page(vec![entry(1)], None, EARLY);
    assert!(!refresh.throttled(EARLY));
    assert!(is_partial(&cache));
    assert_eq!(step(&cache.refresh(VERSION, at(0), LIMITS)), sync_from(at(0).minus(OVERLAP)));
}

#[test]
fn catching_up_that_is_throttled_becomes_a_rebuild() {
    let backdated = SearchVersion { backdated_since: Some(at(-1)), ..version(1_001, 1_000, 1_001) };
    for (elapsed, expected) in [(EARLY, REBUILD), (TIME, None)] {
        let mut cache = ready(vec![entry(1)]);
        let mut refresh = cache.refresh(backdated, at(0), LIMITS);
        refresh.page(vec![entry(2)], Some(7), EARLY);
        assert!(refresh.throttled(elapsed));
        assert_eq!(step(&refresh), expected);
        assert_eq!((numbers(&cache), is_partial(&cache)), (vec![1, 2], true));
        assert_eq!(step(&cache.refresh(backdated, at(0), LIMITS)), REBUILD);
    }
}

#[test]
fn a_rebuild_that_runs_out_of_room_keeps_the_latest_and_later_syncs_add_changes() {
    let limits = RefreshLimits { room_bytes: entry(0).bytes() * 3, ..LIMITS };
    let mut cache = Cache::default();
    let mut refresh = cache.refresh(VERSION, at(0), limits);
    refresh.page(vec![entry(5), entry(4)], Some(7), EARLY);
    assert_eq!(step(&refresh), Some((Some(7), None)));
    refresh.page(vec![entry(3), entry(2)], Some(8), EARLY);
    assert_eq!(step(&refresh), sync_from(at(0).minus(OVERLAP)), "the rest is not read");
    refresh.page(vec![], None, EARLY);
    assert_eq!((step(&refresh), numbers(&cache)), (None, vec![3, 4, 5]));
    assert!(is_partial(&cache) && !cache.needs_refresh(VERSION, at(0)));

    let mut refresh = cache.refresh(NEWER, at(0), limits);
    assert_eq!(step(&refresh), sync_from(at(0).minus(OVERLAP)));
    refresh.page(vec![entry(6)], None, EARLY);
    assert_eq!((step(&refresh), numbers(&cache)), (None, vec![3, 4, 5, 6]));
    assert!(is_partial(&cache) && !cache.needs_refresh(NEWER, at(0)));
}

#[test]
fn what_was_read_by_earlier_requests_and_batches_counts_against_the_room() {
    for batch_bytes in [1, 1 << 30] {
        let limits = RefreshLimits { room_bytes: entry(0).bytes() * 2, batch_bytes, ..LIMITS };
        let mut cache = Cache::default();
        let mut refresh = cache.refresh(VERSION, at(0), limits);
        refresh.page(vec![entry(5)], Some(7), TIME);
        refresh.page(vec![], None, TIME);
        let mut refresh = cache.refresh(VERSION, at(0), limits);
        refresh.page(vec![entry(4)], Some(8), EARLY);
        refresh.page(vec![entry(3)], None, EARLY);
        refresh.page(vec![], None, EARLY);
        assert_eq!((numbers(&cache), is_partial(&cache)), (vec![4, 5], true), "{batch_bytes}");
    }
}

#[test]
fn a_last_page_that_just_fits_is_complete() {
    let limits = RefreshLimits { room_bytes: entry(0).bytes() * 2, ..LIMITS };
    let mut cache = Cache::default();
    let mut refresh = cache.refresh(VERSION, at(0), limits);
    refresh.page(vec![entry(2), entry(1)], None, EARLY);
    refresh.page(vec![], None, EARLY);
    assert_eq!((numbers(&cache), is_partial(&cache)), (vec![1, 2], false));
}

#[test]
fn a_batch_is_put_into_the_index_and_old_entries_go_when_both_do_not_fit() {
    let bytes = entry(0).bytes();
    for (max_bytes, expected) in [(3 * bytes, vec![1, 2, 3]), (3 * bytes - 1, vec![3])] {
        let mut cache = ready(vec![entry(1), entry(2)]);
        cache.require_rebuild();
        let limits = RefreshLimits { batch_bytes: bytes, max_bytes, ..LIMITS };
        let mut refresh = cache.refresh(VERSION, at(0), limits);
        refresh.page(vec![entry(3)], Some(7), EARLY);
        assert_eq!(step(&refresh), Some((Some(7), None)));
        drop(refresh);
        assert_eq!(numbers(&cache), expected);
    }
}
