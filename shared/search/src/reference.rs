//! Tests of the ranking against `model/golden.json` and against [its definition](crate::definition).

use std::collections::{HashMap, HashSet};

use hb_domain::{Memory, MemoryId};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::definition::scores;
use crate::document::FORMAT;
use crate::fixtures::{index, memories, memory, parse_search, said, search, texts};
use crate::rank::Score;
use crate::view::View;
use crate::{Hit, Index, Parameters, Query, SearchDocument, model, relevance, terms};

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
fn a_query_of_nothing_finds_nothing_and_of_anything_does_no_harm() {
    let index =
        index(&[memory(0, json!({"content": "the cat 🎉"})), memory(1, json!({"content": "of the"}))]);
    for query in ["and to", "…!? \u{300}", "\u{200b}", "👨"] {
        assert_eq!(search(&index, json!({"query": query, "minRelevance": 0.5})), [], "{query}");
    }
    assert_eq!(search(&index, json!({"query": "🎉"})).len(), 1);
    for query in ["x".repeat(10_000), "word ".repeat(2_000), "(?:a+)+$ ' OR 1=1 -- {\"$gt\": \"\"}".into()] {
        search(&index, json!({"query": query}));
    }
    assert_eq!(
        Query::new("the cat of").terms.len(),
        1,
        "stop words are searched only if there is nothing else"
    );
    assert_eq!(Query::new("the of").terms.len(), 2);
    assert!(Query::new("…!?").is_empty());
    assert!(Query::new("").is_empty());
}

/// A term that few memories have is found wherever a long query has it, and words that no memory has do not lower the relevance.
#[test]
fn a_long_query_is_reduced_to_its_most_telling_terms() {
    let mut said: Vec<String> = (0..200).map(|number| format!("walk number {number} by the river")).collect();
    said.push("A quagga grazed near the kraal".into());
    let memories: Vec<Memory> =
        said.iter().enumerate().map(|(position, text)| memory(position, json!({"content": text}))).collect();
    let index = index(&memories);
    let noise = |from: usize| (from..from + 200).map(|word| format!("zz{word} ")).collect::<String>();
    for query in [
        format!("quagga {} {}", noise(0), noise(200)),
        format!("{} quagga {}", noise(0), noise(200)),
        format!("{} {} quagga", noise(0), noise(200)),
        format!("{} walk river number quagga walk {}", noise(0), noise(200)),
    ] {
        let hits = search(&index, json!({"query": query}));
        assert_eq!(hits[0].id, memories[200].id, "{}", &query[..40]);
        assert!(hits[0].explanation.terms.contains(&"quagga".to_owned()));
    }
    let question = "Where did the quagga graze?";
    let relevance = |query: &str| search(&index, json!({"query": query}))[0].relevance;
    for query in [format!("{}\n{question}", noise(0)), format!("{question}\n{}", noise(0))] {
        assert!(relevance(&query) > 0.9 * relevance(question), "{}", &query[..40]);
    }
}

/// Nearly equal short memories that lack the decisive word do not come before a long one that has all of them, and what only stands
/// beside a match in its session is not relevant by that.
#[test]
fn a_long_memory_with_all_words_is_first_and_neighbours_are_not_relevant() {
    let artists = ["Konrad", "Ida", "Oskar", "Paula", "Emil", "Lotte", "Anton", "Klara"];
    let animals = ["swan", "horse", "lion", "fish", "eagle", "wolf", "bear", "owl"];
    let fact = |animal: &str, artist: &str| format!("The {animal} statue was sculpted by {artist}.");
    let mut texts: Vec<String> =
        animals.iter().zip(artists).map(|(animal, artist)| fact(animal, artist)).collect();
    let filler = "Then we walked through the park and looked at the pond for a while. ";
    texts.push(format!("{}{} {}", filler.repeat(25), fact("acrobat", "Konstanze"), filler.repeat(25)));
    let memories: Vec<Memory> =
        texts.iter().enumerate().map(|(position, text)| memory(position, json!({"content": text}))).collect();
    let hits = search(&index(&memories), json!({"query": "Who sculpted the acrobat statue?"}));
    assert_eq!(hits[0].id, memories[8].id, "{hits:?}");

    let said = ["My HIV test came back positive", "Watered the plants", "Bought a new kettle"];
    let body = |text: &str| json!({"content": text, "sessionId": "s"});
    let memories: Vec<Memory> =
        said.iter().enumerate().map(|(position, text)| memory(position, body(text))).collect();
    let hits = search(&index(&memories), json!({"query": "HIV"}));
    let relevant: Vec<bool> = hits.iter().map(|hit| hit.relevance >= 0.5).collect();
    assert_eq!(relevant, [true, false, false], "{hits:?}");
}

#[test]
fn a_name_that_is_a_stop_word_is_found_at_the_start_of_a_sentence() {
    let index = index(&[
        memory(0, json!({"content": "Will plays the drums in the garage."})),
        memory(1, json!({"content": "The neighbours complained about noise."})),
    ]);
    for query in ["Will", "who is Will", "will"] {
        let hits = search(&index, json!({"query": query, "minRelevance": 0.5}));
        assert_eq!(hits.len(), 1, "{query}: {hits:?}");
    }
}

/// What stands around a question weighs little, unless no memory has a term of the question.
#[test]
fn a_message_is_searched_by_its_question() {
    let memories = [
        "Anna loves the hiking boots of Lowa and needs a new jacket.",
        "Anna and Tom met in the Alps last month.",
        "My passport is in the blue drawer.",
    ];
    let memories: Vec<Memory> = said(&memories);
    let index = index(&memories);
    let message = "Next month I am going hiking in the Alps with Anna. We need boots and jackets.";
    for (question, position) in [("Where is my passport?", 2), ("What would you suggest?", 0), ("", 0)] {
        let hits = search(&index, json!({"query": format!("{message} {question}")}));
        assert_eq!(hits[0].id, memories[position].id, "{question}");
        assert!(hits[0].relevance >= 0.5 || position == 0, "{question}");
    }
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
    let memories: Vec<Memory> = said(&memories);
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

/// What no memory has is not found by collisions of hashes.
#[test]
fn of_thousands_of_identifiers_only_those_that_exist_are_found() {
    let id = |number: u32| {
        let mixed = number.wrapping_mul(2_654_435_761) ^ 0x5bd1_e995;
        format!("{:08x}{:06x}", mixed, mixed.rotate_left(13) & 0xff_ffff)
    };
    let text = |number: u32| format!("Order {} of parcel {} was sent.", id(number), id(number + 1_000_000));
    let memories: Vec<Memory> = (0..3_000_u32)
        .zip(0..)
        .map(|(number, position)| memory(position, json!({"content": text(number)})))
        .collect();
    let index = index(&memories);
    let found = |number: u32| {
        let hits = search(&index, json!({"query": id(number), "minRelevance": 0.5}));
        hits.into_iter().map(|hit| hit.id).collect::<Vec<_>>()
    };
    for number in (0..3_000).step_by(10) {
        assert_eq!(found(number), [memories[number as usize].id.clone()], "{}", id(number));
    }
    let absent: Vec<u32> = (5_000..5_300).filter(|number| !found(*number).is_empty()).collect();
    assert!(absent.is_empty(), "{absent:?}");
}

#[test]
fn a_hit_explains_itself() {
    let memories = [memory(0, json!({"content": "We adopted two kittens", "importance": 1.0}))];
    let hits = search(&index(&memories), json!({"query": "Which cats were adopted?"}));
    let parts = &hits[0].explanation;
    assert_eq!(parts.terms, ["cat", "adopt"], "kitten is like cat");
    let sum = parts.words + parts.meaning + parts.session + parts.importance + parts.length;
    assert!((parts.score - sum).abs() < 1e-5 && parts.words > 0.0 && parts.importance > 0.0, "{parts:?}");
    assert_eq!(parts.length, 0.0);
    assert_eq!((hits[0].relevance, parts.evidence), (relevance(parts.score), parts.score));
}

/// A fact has the relevance that it has alone, however long the text around it is; only the order prefers the short memory.
#[test]
fn relevance_does_not_depend_on_length() {
    let fact = "The password of the printer is on the yellow note.";
    let text = |sentences: usize| {
        let sentence = |number: usize| format!("We then discussed item {number} of the agenda for a while. ");
        let before: String = (0..sentences).map(sentence).collect();
        format!("{before}{fact}")
    };
    let hit =
        |body: Value, query: &str| search(&index(&[memory(0, body)]), json!({"query": query})).remove(0);
    for query in ["password of the printer", "Where is the password of the printer?"] {
        let alone = hit(json!({"content": fact}), query);
        for sentences in [8, 40, 170] {
            let body = json!({"content": text(sentences)});
            assert!(body["content"].as_str().is_some_and(|text| text.len() < 10_000));
            let long = hit(body, query);
            assert!(long.relevance > 0.85 * alone.relevance, "{sentences}: {long:?}, alone {alone:?}");
        }
    }
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

/// The score of each memory of an index, by the number of its id.
fn totals(index: &Index, query: &Query) -> Vec<(u128, f64)> {
    let view = View::all(index);
    let scores = view.score(query, &Parameters::SHIPPED);
    let total = |(number, memory): (usize, &Score)| (view.first_slot(number).id(), memory.total());
    scores.memories.iter().enumerate().map(total).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn scores_are_those_of_the_reference(texts in texts(), query in texts()) {
        let (memories, query) = (memories(&texts), &query[0].0);
        let index = index(&memories);
        let expected: HashMap<u128, f64> =
            memories.iter().map(|memory| crate::index::id_number(&memory.id)).zip(scores(&memories, query)).collect();
        for (id, got) in totals(&index, &Query::new(query)) {
            prop_assert!((got - expected[&id]).abs() < 1e-4, "{got} for {}", expected[&id]);
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
