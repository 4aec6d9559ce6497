//! Ready → rebuilding: every reason why a sync does not suffice.

use super::super::ready::{BYTES_PER_MILLISECOND, MAX_AGE, MAX_REBUILD_AGE, MAX_SYNC_AGE, SMALL_INDEX};
use super::*;

fn millis(duration: Duration) -> i64 {
    duration.as_millis() as i64
}

fn first_step(cache: &mut Cache, version: SearchVersion, millis: i64) -> Option<Page> {
    step(&cache.refresh(version, at(millis), LIMITS))
}

#[test]
fn the_version_of_another_tenant_that_had_the_id_is_out_of_reach() {
    for other in [
        version(1_000 - 60_000_000, 1_000 - 60_000_000, 1_000 - 60_000_000),
        version(1_000 + 60_000_000, 1_000 + 60_000_000, 1_000 + 60_000_000),
    ] {
        let mut cache = ready(vec![entry(1)]);
        assert!(cache.needs_refresh(other, at(0)));
        assert_eq!(first_step(&mut cache, other, 0), REBUILD, "{other:?}");
    }
}

#[test]
fn several_backdated_requests_and_those_without_a_time_are_out_of_reach() {
    for newer in [
        version(1_001, 1_000, 1_001),
        SearchVersion { backdated_since: Some(at(-1)), ..version(1_002, 1_000, 1_002) },
    ] {
        assert_eq!(first_step(&mut ready(vec![entry(1)]), newer, 0), REBUILD, "{newer:?}");
    }
}

#[test]
fn an_index_is_rebuilt_after_an_hour() {
    let age = millis(MAX_REBUILD_AGE);
    assert_eq!(first_step(&mut ready(vec![entry(1)]), VERSION, age - 1), sync_from(at(0).minus(OVERLAP)));
    let mut cache = ready(vec![entry(1)]);
    // However often it was synced.
    cache.refresh(VERSION, at(age - 1), LIMITS).page(vec![], None, EARLY);
    assert!(!cache.needs_refresh(VERSION, at(age - 1)) && cache.needs_refresh(VERSION, at(age)));
    assert_eq!(first_step(&mut cache, VERSION, age), REBUILD);
}

#[test]
fn an_index_is_rebuilt_when_the_clock_was_set_back() {
    let back = -millis(MAX_AGE);
    let newer = version(1_001, 1_000, 1_000);
    assert_eq!(first_step(&mut ready(vec![entry(1)]), newer, back + 1), sync_from(at(0).minus(OVERLAP)));
    let mut cache = ready(vec![entry(1)]);
    assert!(cache.needs_refresh(VERSION, at(back)));
    assert_eq!(first_step(&mut cache, VERSION, back), REBUILD);
}

#[test]
fn an_index_whose_syncs_do_not_complete_is_rebuilt_after_ten_minutes() {
    let newer = version(1_001, 1_000, 1_000);
    let late = |by: Duration| {
        let mut cache = ready(vec![entry(1)]);
        cache.refresh(newer, at(0), LIMITS).page(vec![], Some(7), by);
        cache
    };
    let age = millis(MAX_SYNC_AGE);
    assert_eq!(first_step(&mut late(TIME * 2), newer, age - 1), sync_from(at(0).minus(OVERLAP)));
    assert_eq!(first_step(&mut late(TIME * 2), newer, age), REBUILD);
    assert_eq!(
        first_step(&mut late(EARLY), newer, age),
        sync_from(at(0).minus(OVERLAP)),
        "none has timed out"
    );
}

#[test]
fn a_small_index_is_rebuilt_for_each_deletion() {
    let deleted = version(1_001, 1_001, 1_000);
    let mut cache = ready(vec![entry(1), entry(2)]);
    assert!(cache.needs_refresh(deleted, at(0)));
    let mut refresh = cache.refresh(deleted, at(0), LIMITS);
    assert_eq!(step(&refresh), REBUILD);
    refresh.page(vec![entry(2)], None, EARLY);
    refresh.page(vec![], None, EARLY);
    assert_eq!((step(&refresh), numbers(&cache)), (None, vec![2]));
    assert!(!cache.needs_refresh(deleted, at(0)));
}

#[test]
fn a_large_index_is_synced_for_deletions_and_rebuilt_after_a_pause() {
    let deleted = version(1_001, 1_001, 1_000);
    let mut cache = ready((0..11).map(large_entry).collect());
    let bytes = cache.index.used_bytes();
    assert!(bytes > SMALL_INDEX);
    let pause = (bytes / BYTES_PER_MILLISECOND) as i64;
    let mut refresh = cache.refresh(deleted, at(pause - 1), LIMITS);
    assert_eq!(step(&refresh), sync_from(at(0).minus(OVERLAP)));
    refresh.page(vec![], None, EARLY);
    assert_eq!((step(&refresh), is_partial(&cache)), (None, false));
    assert!(!cache.needs_refresh(deleted, at(pause - 1)), "the deleted entries may stay for a while");
    assert!(cache.needs_refresh(deleted, at(pause)), "and are not forgotten");
    assert_eq!(first_step(&mut cache, deleted, pause), REBUILD);
    // Without a deletion there is no pause to wait for.
    let mut cache = ready((0..11).map(large_entry).collect());
    assert!(!cache.needs_refresh(VERSION, at(pause)));
    assert_eq!(first_step(&mut cache, version(1_001, 1_000, 1_000), pause), sync_from(at(0).minus(OVERLAP)));
}

#[test]
fn an_index_that_has_grown_beyond_its_limit_is_rebuilt_by_the_next_refresh() {
    let mut cache = ready(vec![entry(1), entry(2)]);
    let limits = RefreshLimits { max_bytes: cache.index.used_bytes() - 1, ..LIMITS };
    assert_eq!(step(&cache.refresh(VERSION, at(0), limits)), None, "it is current");
    assert_eq!(step(&cache.refresh(version(1_001, 1_000, 1_000), at(0), limits)), REBUILD);
}

#[test]
fn a_sync_that_grows_an_index_beyond_its_limit_becomes_a_rebuild() {
    let newer = version(1_001, 1_000, 1_000);
    let mut cache = ready(vec![entry(1)]);
    let bytes = entry(1).bytes();
    for (max_bytes, expected) in
        [(2 * bytes, Some((Some(7), Some(at(0).minus(OVERLAP))))), (2 * bytes - 1, REBUILD)]
    {
        let limits = RefreshLimits { batch_bytes: bytes, max_bytes, ..LIMITS };
        let mut refresh = cache.refresh(newer, at(0), limits);
        refresh.page(vec![entry(2)], Some(7), EARLY);
        assert_eq!(step(&refresh), expected, "{max_bytes}");
        cache = ready(vec![entry(1)]);
    }
}

#[test]
fn an_index_of_which_much_was_found_deleted_is_rebuilt() {
    let mut cache = ready(vec![entry(1)]);
    cache.require_rebuild();
    assert!(cache.needs_refresh(VERSION, at(0)) && !is_partial(&cache));
    assert_eq!(first_step(&mut cache, VERSION, 0), REBUILD);
    // A rebuild that is under way is not begun again, and an empty cache needs one anyway.
    let mut cache = Cache::default();
    cache.require_rebuild();
    cache.refresh(VERSION, at(0), LIMITS).page(vec![], Some(7), TIME);
    cache.require_rebuild();
    assert_eq!(first_step(&mut cache, VERSION, 0), Some((Some(7), None)));
}
