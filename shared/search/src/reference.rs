//! Tests of the ranking against `model/golden.json` and against a reference implementation of its definition.

use std::collections::{HashMap, HashSet};

use hb_domain::{Memory, MemoryId};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::document::FORMAT;
use crate::fixtures::{index, memories, memory, parse_search, search, texts};
use crate::view::View;
use crate::{Hit, Parameters, Query, SearchDocument, model, relevance, terms};

fn golden() -> Value {
    serde_json::from_str(include_str!("../model/golden.json")).expect("JSON")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn terms_and_embeddings_are_those_of_the_model() {
    for text in golden()["texts"].as_array().expect("texts") {
        let content = text["text"].as_str().expect("a text");
        assert_eq!(json!(terms(content)), text["terms"], "{content}");
        assert_eq!(hex(&model::get().embedding(content)), text["bits"], "{content}");
    }
}

#[test]
fn scores_are_those_of_the_model() {
    let golden = golden();
    let said = golden["tenant"].as_array().expect("records").iter().enumerate();
    let memories: Vec<Memory> = said
        .map(|(position, said)| match said[1].as_str() {
            Some(session) => memory(position, json!({"content": said[0], "sessionId": session})),
            None => memory(position, json!({"content": said[0]})),
        })
        .collect();
    let index = index(&memories);
    for search in golden["search"].as_array().expect("searches") {
        let query = Query::new(search["query"].as_str().expect("a query"));
        let scores = View::all(&index).score(&query, &Parameters::SHIPPED);
        for (position, slot) in index.slots.iter().enumerate() {
            let original = memories.iter().position(|memory| crate::index::id_number(&memory.id) == slot.id);
            let expected = search["score"][original.expect("a memory")].as_f64().expect("a score");
            let got = scores.total(position, slot, &Parameters::SHIPPED);
            assert!((got - expected).abs() < 1e-5, "{}: {got} for {expected}", search["query"]);
        }
    }
}

#[test]
fn a_query_of_nothing_finds_nothing_and_of_anything_does_no_harm() {
    let index =
        index(&[memory(0, json!({"content": "the cat 🎉"})), memory(1, json!({"content": "of the"}))]);
    for query in ["the and of to", "…!? \u{300}", "\u{200b}", "👨"] {
        assert_eq!(search(&index, json!({"query": query, "minRelevance": 0.5})), [], "{query}");
    }
    assert_eq!(search(&index, json!({"query": "🎉"})).len(), 1);
    for query in ["x".repeat(10_000), "word ".repeat(2_000), "(?:a+)+$ ' OR 1=1 -- {\"$gt\": \"\"}".into()] {
        search(&index, json!({"query": query}));
    }
    assert!(Query::new("the and of to").terms.is_empty());
    assert!(Query::new("").is_empty());
}

#[test]
fn other_scripts_are_found_by_their_words() {
    let memories = [
        "Ich wohne seit drei Jahren in München und mag Äpfel.",
        "Die Straße nach Köln ist gesperrt.",
        "東京タワーへ行きました。",
        "コーヒーが好きです",
        "أحب القهوة العربية",
        "🎂 am Samstag 🎈",
    ];
    let memories: Vec<Memory> = memories
        .iter()
        .enumerate()
        .map(|(position, text)| memory(position, json!({"content": text})))
        .collect();
    let index = index(&memories);
    for (query, position) in [
        ("munchen", 0),
        ("ÄPFEL", 0),
        ("STRASSE köln", 1),
        ("東京", 2),
        ("コーヒー", 3),
        ("القَهْوة", 4),
        ("🎈", 5),
    ] {
        let hits = search(&index, json!({"query": query}));
        assert_eq!(hits.first().map(|hit| &hit.id), Some(&memories[position].id), "{query}");
    }
}

#[test]
fn no_more_words_share_a_hash_than_chance_has_it() {
    let words: HashSet<String> = include_str!("../model/vocab.txt").lines().flat_map(terms).collect();
    let hashes: HashSet<u32> = words.iter().map(|word| crate::document::term_hash(word)).collect();
    let chance = words.len().pow(2) / 2 / (1 << 20);
    let shared = words.len() - hashes.len();
    assert!(shared < chance * 5 / 4, "{shared} of {} words, by chance {chance}", words.len());
}

#[test]
fn a_hit_explains_itself() {
    let memories = [memory(0, json!({"content": "We adopted two kittens", "importance": 1.0}))];
    let hits = search(&index(&memories), json!({"query": "Which cats were adopted?"}));
    let parts = &hits[0].explanation;
    assert_eq!(parts.terms, ["cat", "adopt"], "kitten is like cat");
    let sum = parts.words + parts.meaning + parts.session + parts.importance;
    assert!((parts.score - sum).abs() < 1e-5 && parts.words > 0.0 && parts.importance > 0.0, "{parts:?}");
    assert_eq!(hits[0].relevance, relevance(parts.score));
}

/// More memories match than are kept at a time, better ones before and after worse ones, and many are equal.
#[test]
fn the_best_of_thousands_are_the_first_of_all_in_order() {
    let fillers = |count: usize| ["walk"; 40][..count].join(" ");
    let text = |position: usize| match position % 3 {
        0 => format!("tea {}", fillers(position * 7 % 40)),
        1 => format!("drink {}", fillers(position / 200)),
        _ => format!("tea cup {}", fillers(30 - position / 200)),
    };
    let memories: Vec<Memory> =
        (0..6_000).map(|position| memory(position, json!({"content": text(position)}))).collect();
    let index = index(&memories);
    for query in ["tea", "a cup of tea", "drink", "cup"] {
        let all = index.rank(&Query::new(query), &Parameters::SHIPPED);
        for limit in [1, 20, 100] {
            let found = search(&index, json!({"query": query, "limit": limit}));
            let ids: Vec<&MemoryId> = found.iter().map(|hit| &hit.id).collect();
            assert_eq!(ids, all[..limit].iter().collect::<Vec<_>>(), "{query}, {limit}");
            // Exactly the relevance of the first, and a little more.
            for least in [found[0].relevance, (found[0].relevance + 5e-5).min(1.0)] {
                let body = json!({"query": query, "limit": limit, "minRelevance": least});
                let expected: Vec<&Hit> = found.iter().filter(|hit| hit.relevance >= least).collect();
                assert_eq!(
                    search(&index, body).iter().collect::<Vec<_>>(),
                    expected,
                    "{query}, {limit}, {least}"
                );
            }
        }
    }
}

#[test]
fn equal_values_of_metadata_are_one_value() {
    let index = index(&[memory(0, json!({"content": "tea", "metadata": {"n": -0.0, "o": {"p": -0.0}}}))]);
    for metadata in [json!({"n": 0.0}), json!({"n": -0.0, "o": {"p": 0.0}})] {
        assert_eq!(search(&index, json!({"query": "tea", "metadata": metadata})).len(), 1, "{metadata}");
    }
}

/// The reference scores of `query`: no hashes, no pools, no scan.
pub(crate) fn scores(memories: &[Memory], query: &str) -> Vec<f64> {
    let p = &Parameters::SHIPPED;
    let said: Vec<Vec<String>> = memories
        .iter()
        .map(|memory| terms(&[std::slice::from_ref(&memory.content), &memory.tags].concat().join("\n")))
        .collect();
    let mean = (said.iter().map(Vec::len).sum::<usize>() as f64 / said.len() as f64).max(1.0);
    let saturated = |position: usize, term: &str| {
        let count = said[position].iter().filter(|said| *said == term).count().min(15) as f64;
        let norm = 1.0 - p.b + p.b * said[position].len() as f64 / mean;
        if count == 0.0 { 0.0 } else { count * (p.k1 + 1.0) / (count + p.k1 * norm) }
    };
    let having = |term: &str| said.iter().filter(|said| said.iter().any(|said| said == term)).count() as f64;
    let idf = |term: &str| {
        (1.0 + (memories.len().max(100) as f64 - having(term) + 0.5) / (having(term) + 0.5)).ln()
    };
    let mut distinct = Vec::new();
    for term in terms(query) {
        if !distinct.contains(&term) {
            distinct.push(term);
        }
    }
    let direction = model::get().direction(query);
    let near = |position: usize, other: usize| {
        let steps = position.abs_diff(other);
        let session = &memories[position].session_id;
        let decay = if other <= position { p.earlier } else { p.later };
        let reaches = steps == 0 || (session.is_some() && *session == memories[other].session_id);
        if reaches && steps <= p.window as usize { decay.powi(steps as i32) } else { 0.0 }
    };
    let is_common = |term: &str| having(term) > (p.common * memories.len() as f64).max(8.0);
    let own = |position: usize, term: &str| {
        let synonyms = model::get().synonyms(term).filter(|(other, _)| !is_common(term) && !is_common(other));
        let synonyms = synonyms.map(|(other, likeness)| {
            p.synonym * likeness * (idf(other) / idf(term)).min(1.0) * saturated(position, other)
        });
        synonyms.fold(saturated(position, term), f64::max)
    };
    let base: Vec<f64> = (0..memories.len())
        .map(|position| {
            let mut words = 0.0;
            for term in &distinct {
                let reach = |other: usize| {
                    if is_common(term) && other != position {
                        0.0
                    } else {
                        near(position, other) * own(other, term)
                    }
                };
                words += idf(term) * (0..memories.len()).map(reach).fold(0.0, f64::max);
            }
            let attainable: f64 = distinct.iter().map(|term| idf(term)).sum();
            let embedding = model::get().embedding(&memories[position].content);
            let cosine = direction.filter(|_| embedding != [0; 32]).map_or(0.0, |direction| {
                let sign = |d: usize| if (embedding[d / 8] >> (d % 8)) & 1 == 1 { 1.0 } else { -1.0 };
                direction.iter().enumerate().map(|(d, value)| sign(d) * value).sum::<f64>() / 16.0
            });
            if attainable > 0.0 {
                words / attainable + f64::from(p.meaning) * cosine
            } else {
                f64::from(p.meaning) * cosine
            }
        })
        .collect();
    (0..memories.len())
        .map(|position| {
            let together = |other: &usize| {
                *other == position
                    || (memories[position].session_id.is_some()
                        && memories[position].session_id == memories[*other].session_id)
            };
            let mut best: Vec<f64> =
                (0..memories.len()).filter(together).map(|other| base[other].max(0.0)).collect();
            best.sort_by(|a, b| b.total_cmp(a));
            base[position] + f64::from(p.session) * best.iter().take(p.best).sum::<f64>() / p.best as f64
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn scores_are_those_of_the_reference(texts in texts(), query in texts()) {
        let (memories, query) = (memories(&texts), &query[0].0);
        let index = index(&memories);
        let expected: HashMap<u128, f64> =
            memories.iter().map(|memory| crate::index::id_number(&memory.id)).zip(scores(&memories, query)).collect();
        let scores = View::all(&index).score(&Query::new(query), &Parameters::SHIPPED);
        for (position, slot) in index.slots.iter().enumerate() {
            let got = scores.total(position, slot, &Parameters::SHIPPED);
            prop_assert!((got - expected[&slot.id]).abs() < 1e-4, "{got} for {}", expected[&slot.id]);
        }
    }

    #[test]
    fn filters_other_than_owners_do_not_change_the_order(texts in texts(), query in texts(), tag in 0..4_u8) {
        let (memories, query) = (memories(&texts), &query[0].0);
        let index = index(&memories);
        let all = search(&index, json!({"query": query, "limit": 100}));
        let since = memories[memories.len() / 2].created_at;
        for filter in [
            json!({"tags": [format!("tag{tag}")]}),
            json!({"metadata": {"n": tag}}),
            json!({"metadata": {"o": {"p": [tag]}}}),
            json!({"createdAfter": since}),
            json!({"createdBefore": since, "type": "semantic"}),
            json!({"type": "event"}),
        ] {
            let mut body = filter.clone();
            body["query"] = json!(query);
            body["limit"] = json!(100);
            let admitted = parse_search(body.clone());
            let by_force: HashSet<&MemoryId> =
                memories.iter().filter(|memory| admitted.admits(memory)).map(|memory| &memory.id).collect();
            let expected: Vec<&Hit> = all.iter().filter(|hit| by_force.contains(&hit.id)).collect();
            let found = search(&index, body);
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{}", filter);
        }
    }

    #[test]
    fn a_smaller_limit_returns_the_same_first_hits(texts in texts(), query in texts(), limit in 1..10_usize) {
        let index = index(&memories(&texts));
        let all = search(&index, json!({"query": query[0].0, "limit": 100}));
        let few = search(&index, json!({"query": query[0].0, "limit": limit}));
        prop_assert_eq!(&all[..limit.min(all.len())], few.as_slice());
        prop_assert!(all.is_sorted_by(|a, b| a.explanation.score >= b.explanation.score - 1e-6));
    }

    #[test]
    fn bytes_that_are_no_document_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), format in any::<u8>()) {
        prop_assume!(format != FORMAT);
        prop_assert_eq!(SearchDocument::from_bytes(&[&[format][..], &bytes].concat()), None);
        let bytes = [&[FORMAT][..], &bytes].concat();
        // Whatever is accepted has a header, an embedding and terms, and is written as it was read.
        if let Some(document) = SearchDocument::from_bytes(&bytes) {
            prop_assert!(bytes.len() > 3 + 32);
            prop_assert_eq!(SearchDocument::from_bytes(&document.to_bytes()), Some(document));
        }
    }

    #[test]
    fn any_text_makes_a_document_that_is_read_as_it_was(text in "\\PC{1,300}", query in "\\PC{0,60}") {
        let memory = memory(0, json!({"content": text, "sessionId": "s", "tags": ["a"]}));
        let document = SearchDocument::of(&memory);
        prop_assert_eq!(SearchDocument::from_bytes(&document.to_bytes()), Some(document));
        let _ = search(&index(&[memory]), json!({"query": format!("q{query}")}));
    }
}
