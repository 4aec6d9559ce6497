//! Memories, indexes and searches for tests.

use hb_domain::fields::Fields;
use hb_domain::memory::NewMemory;
use hb_domain::search::Search;
use hb_domain::{Memory, MemoryId, TenantId, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Entry, Hit, Index, Query, SearchDocument};

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-24T12:00:00Z").expect("a time")
}

/// The memory at this position in the order of creation.
pub(crate) fn memory(position: usize, mut body: Value) -> Memory {
    body["type"] = body.get("type").cloned().unwrap_or_else(|| json!("semantic"));
    let fields = Fields::of_body(body, &TenantId::parse("acme").expect("a tenant")).expect("fields");
    let new = NewMemory::parse(fields, now()).expect("a memory");
    let time = u64::try_from(now().millis()).expect("after 1970") - 1_000_000 + position as u64;
    let digit = |power: u32| char::from_digit((time / 36_u64.pow(power) % 36) as u32, 36).expect("a digit");
    let id: String = (0..9).rev().map(digit).collect();
    new.named(MemoryId::parse(&format!("mem_{id}0000000000000")).expect("an id"))
}

/// Memories of these texts.
pub(crate) fn said(texts: &[&str]) -> Vec<Memory> {
    let of_text = |(position, text): (usize, &&str)| memory(position, json!({"content": text}));
    texts.iter().enumerate().map(of_text).collect()
}

pub(crate) fn index(memories: &[Memory]) -> Index {
    let mut index = Index::new();
    let entry = |memory: &Memory| Entry {
        id: memory.id.clone(),
        expires_at: memory.expires_at,
        document: SearchDocument::from_bytes(&SearchDocument::of(memory).to_bytes())
            .expect("what was written"),
    };
    index.apply(memories.iter().map(entry).collect());
    index
}

pub(crate) fn parse_search(body: Value) -> Search {
    let tenant = TenantId::parse("acme").expect("a tenant");
    Search::parse(Fields::of_body(body, &tenant).expect("fields"), &tenant).expect("a search")
}

pub(crate) fn search(index: &Index, body: Value) -> Vec<Hit> {
    let search = parse_search(body);
    index.search(&Query::new(&search.query), &search, now(), search.limit as usize)
}

/// Texts from a small vocabulary, with session and tag.
pub(crate) fn texts() -> impl Strategy<Value = Vec<(String, Option<u8>, u8)>> {
    let word = prop::sample::select(vec![
        "cat",
        "kitten",
        "dog",
        "car",
        "vehicle",
        "tea",
        "drink",
        "running",
        "ran",
        "Anna's",
        "the",
        "münchen",
        "東京",
        "🎉",
        "LH441",
        "X-17-B",
        "2027-03-03",
    ]);
    // A few are of several passages.
    let words = prop_oneof![9 => prop::collection::vec(word.clone(), 1..8), 1 => prop::collection::vec(word, 100..250)];
    let text = words.prop_map(|words| words.join(" "));
    prop::collection::vec((text, prop::option::of(0..3_u8), 0..4_u8), 1..30)
}

pub(crate) fn memories(texts: &[(String, Option<u8>, u8)]) -> Vec<Memory> {
    // Sorted by session, as the reference requires; the index does not depend on the order.
    let make = |(position, (text, session, tag)): (usize, &(String, Option<u8>, u8))| {
        let mut body = json!({"content": text, "tags": [format!("tag{tag}")], "metadata": {"n": tag, "o": {"p": [tag]}}});
        if let Some(session) = session {
            body["sessionId"] = json!(format!("session {session}"));
        }
        memory(position, body)
    };
    let mut made: Vec<Memory> = texts.iter().enumerate().map(make).collect();
    made.sort_by_key(|memory| (memory.session_id.clone(), memory.id.clone()));
    made
}
