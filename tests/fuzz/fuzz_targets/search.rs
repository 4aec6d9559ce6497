//! Search: any text can be asked for, any stored bytes are a record or are refused, and a record that was read is ranked; one of
//! the format that is written is written as it was.
#![no_main]

use hb_domain::fields::Fields;
use hb_domain::search::Search;
use hb_domain::{MemoryId, TenantId, Timestamp};
use hb_search::{Entry, Index, Query, SearchDocument};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|input: (&str, &[u8])| {
    let (text, bytes) = input;
    let query = Query::new(text);
    let Some(record) = SearchDocument::from_bytes(bytes) else { return };
    // A document of an earlier format has short hashes, which the present one cannot hold. None is ever written again.
    if SearchDocument::format_of(bytes) == Some(SearchDocument::FORMAT) {
        assert_eq!(SearchDocument::from_bytes(&record.to_bytes()).as_ref(), Some(&record));
    }
    let mut index = Index::new();
    let ids = ["mem_0000000000000000000000", "mem_zzzzzzzzzzzzzzzzzzzzzz"];
    let ids = ids.map(|id| MemoryId::parse(id).expect("an id"));
    index.apply(ids.map(|id| Entry { id, expires_at: None, document: record.clone() }).into());
    let tenant = TenantId::parse("acme").expect("a tenant");
    let fields = Fields::of_body(json!({"query": "x"}), &tenant).expect("fields");
    let search = Search::parse(fields, &tenant).expect("a search");
    let now = Timestamp::parse("2026-11-24T12:00:00Z").expect("a time");
    for hit in index.search(&query, &search, now, 10) {
        assert!((0.0..=1.0).contains(&hit.relevance) && hit.explanation.score.is_finite());
    }
});
