//! Tests of an index's contents and size after changes, removals and rebuilds.

use std::collections::HashSet;

use hb_domain::{Memory, MemoryId};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixtures::{index, memories, memory, now, search, texts};
use crate::{Entry, Index, SearchDocument};

#[test]
fn applying_the_same_entry_again_takes_no_more_memory() {
    let metadata: serde_json::Map<String, Value> =
        (0..200).map(|field| (format!("f{field}"), json!(field))).collect();
    let memory = memory(0, json!({"content": "…", "metadata": metadata}));
    let mut index = Index::new();
    for _ in 0..1_000 {
        index.apply(vec![Entry {
            id: memory.id.clone(),
            expires_at: None,
            document: SearchDocument::of(&memory),
        }]);
    }
    assert!(index.allocated_bytes() < 100_000, "{}", index.allocated_bytes());
    index.remove([&memory.id]);
    assert_eq!((index.used_bytes(), index.len()), (0, 0));
}

/// Texts of 10,000 characters that have as many terms as possible: every character differs, in scripts that are indexed by pairs and
/// by single characters, and in words of one or two letters.
#[test]
fn no_memory_takes_more_than_the_most() {
    let range =
        |from: u32, count: u32| (0..10_000).filter_map(move |n| char::from_u32(from + n * 7_919 % count));
    let spaced = |from: u32, count: u32| range(from, count).flat_map(|c| [c, ' ']).collect::<String>();
    let pairs = |from: u32, count: u32| {
        let both = range(from, count).zip(range(from, count).skip(17));
        both.flat_map(|(a, b)| [a, b, ' ']).collect::<String>()
    };
    let texts = [
        range(0x4E00, 20_000).collect(),
        range(0xAC00, 11_000).collect(),
        spaced(0xAC00, 11_000),
        pairs(0xAC00, 11_000),
        range(0x3041, 80).zip(range(0x4E00, 20_000)).flat_map(|(a, b)| [a, b]).collect(),
        range(0x0E01, 46).collect(),
        spaced(0x1E00, 250),
        pairs(0x1E00, 250),
        pairs(0x0430, 32),
        pairs(0x0621, 40),
        (0..10_000_u32)
            .flat_map(|n| [char::from(b'a' + (n % 26) as u8), char::from(b'A' + (n * 7 % 26) as u8)])
            .collect(),
        (0..10_000_u32).map(|n| format!("{n:x}_")).collect(),
        (0..10_000_u32).map(|n| format!("{}.{} ", n % 10, n / 10)).collect(),
        (0..10_000_u32).map(|n| format!("a{}@b{}.c", n, n % 97)).collect::<String>(),
        (0..10_000_u32).map(|n| format!("1/{}/{} ", n % 31 + 1, n)).collect::<String>(),
        range(0x1F300, 600).collect(),
    ];
    let mut most = 0;
    for text in texts.iter().map(|text: &String| text.chars().take(10_000).collect::<String>()) {
        let metadata: serde_json::Map<String, Value> =
            (0..205).map(|field| (format!("f{field}"), json!(field))).collect();
        let tags: Vec<String> = (0..50)
            .map(|tag| format!("{tag}{}", text.chars().skip(tag * 60).take(48).collect::<String>().trim()))
            .collect();
        let memory = memory(0, json!({"content": text, "metadata": metadata, "tags": tags}));
        let bytes =
            Entry { id: memory.id.clone(), expires_at: None, document: SearchDocument::of(&memory) }.bytes();
        most = most.max(bytes);
    }
    assert!(most <= Entry::MAX_BYTES && most > Entry::MAX_BYTES / 3 * 2, "{most} of {}", Entry::MAX_BYTES);
}

/// A rebuild in batches: each entry differs a little from before, and every third is removed.
#[test]
fn a_rebuild_takes_little_more_memory_than_the_entries_need() {
    let entry = |position: usize, round: usize| {
        let words: Vec<String> = (0..60).map(|word| format!("w{}", position * 31 + word * round)).collect();
        let body = json!({"content": words.join(" "), "tags": [format!("t{round}")], "sessionId": "s"});
        Entry {
            expires_at: None,
            document: SearchDocument::of(&memory(position, body.clone())),
            id: memory(position, body).id,
        }
    };
    let mut index = Index::new();
    let mut last: Vec<Entry> = Vec::new();
    for round in 1..4 {
        index.begin_rebuild();
        last = (0..1_500)
            .filter(|position| position % 3 != round % 3)
            .map(|position| entry(position, round))
            .collect();
        for part in last.chunks(100).rev() {
            index.apply(part.to_vec());
            let (taken, needed) = (index.allocated_bytes(), index.used_bytes());
            assert!(taken < needed / 5 * 7 + 100_000, "{taken} bytes for {needed}");
        }
        index.end_rebuild();
    }
    let mut expected = Index::new();
    expected.apply(last);
    assert_eq!((index.len(), index.used_bytes()), (1_000, expected.used_bytes()));
    for number in 0..100 {
        let body = json!({"query": format!("w{}", number * 467), "limit": 100});
        let found = search(&index, body.clone());
        assert!(!found.is_empty());
        assert!(found == search(&expected, body), "w{}", number * 467);
    }
}

#[test]
fn what_a_rebuild_does_not_read_is_removed_at_its_end_and_not_before() {
    let memories: Vec<Memory> = (0..4).map(|position| memory(position, json!({"content": "tea"}))).collect();
    let mut index = index(&memories);
    let entry = |memory: &Memory| Entry {
        id: memory.id.clone(),
        expires_at: None,
        document: SearchDocument::of(memory),
    };
    index.begin_rebuild();
    index.apply(memories[1..3].iter().map(entry).collect());
    assert_eq!(index.len(), 4);
    index.end_rebuild();
    let left = search(&index, json!({"query": "tea"}));
    assert_eq!(left.iter().map(|hit| &hit.id).collect::<Vec<_>>(), [&memories[2].id, &memories[1].id]);
}

#[test]
fn an_expired_memory_is_removed_with_all_its_terms() {
    let end = now().plus(std::time::Duration::from_secs(60));
    let memories = [
        memory(0, json!({"content": "harbour crane", "sessionId": "s", "expiresAt": end})),
        memory(1, json!({"content": "another matter", "sessionId": "s"})),
    ];
    let mut index = index(&memories);
    assert!(!index.has_expired(now()) && index.has_expired(end));
    assert_eq!(search(&index, json!({"query": "crane"})).len(), 2);
    index.remove_expired(end);
    assert!(!index.has_expired(end) && index.len() == 1);
    assert_eq!(search(&index, json!({"query": "crane", "minRelevance": 0.1})), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_index_equals_one_that_was_built_so(texts in texts(), other in texts(), query in texts()) {
        let (before, after) = (memories(&texts), memories(&other));
        let mut changed = index(&before);
        let gone: Vec<&MemoryId> = before.iter().skip(after.len()).map(|memory| &memory.id).collect();
        let entry = |memory: &Memory| Entry { id: memory.id.clone(), expires_at: None, document: SearchDocument::of(memory) };
        let ids: HashSet<&MemoryId> = after.iter().map(|memory| &memory.id).collect();
        changed.remove(before.iter().map(|memory| &memory.id).filter(|id| !ids.contains(id)).chain(gone.into_iter().filter(|id| !ids.contains(id))));
        changed.apply(after.iter().map(entry).collect());
        let body = json!({"query": query[0].0, "limit": 100});
        prop_assert_eq!(search(&changed, body.clone()), search(&index(&after), body));
    }
}

#[test]
fn ids_are_numbers_from_the_first_to_the_last_and_sort_as_they_do() {
    let ids =
        ["0".repeat(22), format!("{}1", "0".repeat(21)), format!("{}0", "z".repeat(21)), "z".repeat(22)];
    let ids = ids.map(|digits| MemoryId::parse(&format!("mem_{digits}")).expect("an id"));
    let numbers = ids.each_ref().map(super::id_number);
    assert_eq!((numbers[0], numbers[3]), (0, 36_u128.pow(22) - 1));
    assert!(numbers.is_sorted_by(|a, b| a < b));
    assert_eq!(numbers.map(super::id_from_number), ids.clone().map(Some));

    let document = SearchDocument::of(&memory(0, json!({"content": "a quagga"})));
    let entries = ids.iter().map(|id| Entry { id: id.clone(), expires_at: None, document: document.clone() });
    let mut index = Index::new();
    index.apply(entries.collect());
    let found = search(&index, json!({"query": "quagga"}));
    let newest_first: Vec<MemoryId> = ids.iter().rev().cloned().collect();
    assert_eq!(found.into_iter().map(|hit| hit.id).collect::<Vec<_>>(), newest_first);
    index.remove([&ids[0], &ids[3]]);
    assert_eq!(index.len(), 2);
}
