//! Pages with entries that could not be read.

use super::*;

/// The version after one more backdated request.
fn reindexed(since: i64) -> SearchVersion {
    SearchVersion { backdated_since: Some(at(since)), ..version(1_001, 1_000, 1_001) }
}

#[test]
fn an_index_that_lacks_entries_is_partial_until_a_rebuild_reads_them() {
    let mut cache = Cache::default();
    let mut refresh = cache.refresh(VERSION, at(0), LIMITS);
    refresh.page_is_incomplete();
    refresh.page(vec![entry(1)], Some(7), EARLY);
    refresh.page(vec![], None, EARLY);
    refresh.page(vec![], None, EARLY);
    assert_eq!((step(&refresh), is_partial(&cache)), (None, true), "an earlier page of the rebuild");
    assert!(!cache.needs_refresh(VERSION, at(0)), "reading again would not help");

    let mut refresh = cache.refresh(reindexed(0), at(0), LIMITS);
    assert_eq!(
        step(&refresh),
        REBUILD,
        "the entries have other times than the changes that were published last"
    );
    refresh.page(vec![entry(1), entry(2)], None, EARLY);
    refresh.page(vec![], None, EARLY);
    assert_eq!((step(&refresh), is_partial(&cache)), (None, false));
    assert_eq!(numbers(&cache), [1, 2]);
}

#[test]
fn an_index_is_partial_after_an_incomplete_sync_and_a_complete_one_does_not_change_that() {
    let mut cache = ready(vec![entry(1)]);
    let mut refresh = cache.refresh(version(1_001, 1_000, 1_000), at(0), LIMITS);
    refresh.page_is_incomplete();
    refresh.page(vec![], None, EARLY);
    assert!(is_partial(&cache));
    cache.refresh(version(1_002, 1_000, 1_000), at(0), LIMITS).page(vec![entry(2)], None, EARLY);
    assert!(is_partial(&cache));
}

#[test]
fn a_complete_index_reads_the_changes_of_a_reindex_as_those_of_any_backdated_request() {
    let mut cache = ready(vec![entry(1)]);
    assert_eq!(step(&cache.refresh(reindexed(-500_000), at(0), LIMITS)), sync_from(at(-500_000)));
}
