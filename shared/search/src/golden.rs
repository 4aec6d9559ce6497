//! Small cases in many languages, each among 1,000 other memories: `golden/matches.tsv` and `golden/mismatches.tsv`.
//!
//! `cargo test -p hb-search --lib -- golden --nocapture` prints a table of the results.

use std::collections::BTreeMap;

use serde_json::json;

use crate::fixtures::{memory, now, parse_search};
use crate::{Entry, Hit, Index, Query, SearchDocument};

mod distractors;

/// From this relevance on a memory is most likely what a query asks for.
const RELEVANT: f64 = 0.5;

struct Case {
    kind: &'static str,
    query: String,
    memory: String,
}

fn cases(table: &'static str) -> Vec<Case> {
    let case = |line: &'static str| {
        let mut columns = line.split('\t');
        let mut next = || columns.next().expect("three columns");
        Case { kind: next(), query: next().to_owned(), memory: next().to_owned() }
    };
    table.lines().map(case).collect()
}

fn matches() -> Vec<Case> {
    let mut cases = cases(include_str!("../golden/matches.tsv"));
    cases.extend(long());
    cases
}

/// Facts in long texts, and questions after long texts.
fn long() -> Vec<Case> {
    let fact = "My passport number is X4417 and it is in the blue drawer.";
    let fillers = |length: usize| -> String {
        let mut filler = String::new();
        for sentence in (0..).map(distractors::english) {
            if filler.len() + sentence.len() > length {
                break;
            }
            filler.push_str(&sentence);
            filler.push(' ');
        }
        filler
    };
    let log: String = (0..60)
        .map(|line| format!("2026-01-02T03:04:{line:02}Z WARN worker-{line} retry {} of job\n", line * 7))
        .collect();
    let case = |kind, query: &str, memory: String| Case { kind, query: query.to_owned(), memory };
    let mut cases = Vec::new();
    for length in [2_000, 9_900] {
        for share in [0, 1, 2] {
            let before = (length - fact.len()) * share / 2;
            let text = format!("{}{fact} {}", fillers(before), fillers(length - fact.len() - before));
            cases.push(case("long", "passport number", text));
        }
    }
    let chinese = format!("{}我的护照在蓝色的抽屉里。", "今天的会议讨论了很多项目。".repeat(700));
    cases.push(case("long", "护照", chinese));
    // Words of more letters than a passage has.
    let letters = |seed: u32| (seed.wrapping_mul(2_654_435_761) >> 13) % 64;
    let alphabet: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(['+', '/']).collect();
    let key: String = (0..3_000_u32).map(|index| alphabet[letters(index) as usize]).collect();
    cases.push(case("long", &key, format!("{}{key} {}", fillers(1_500), fillers(1_500))));
    let word = key.replace(['+', '/'], "");
    cases.push(case("long", &word, format!("{}{word} {}", fillers(1_500), fillers(1_500))));
    let article = fillers(4_000);
    let (first, second) = article.split_at(article.len() / 2);
    for query in [
        format!("{log}\nIn which drawer is my passport?"),
        format!("Where is my passport?\n{log}"),
        format!("{first}\nWhere is my passport?\n{second}\nIn which drawer did I put my passport?"),
    ] {
        cases.push(case("long query", &query, fact.to_owned()));
    }
    let packed = "I am preparing for the trip and packing all my things. The tickets and the suitcase are ready, and Tom waters \
                  the plants.";
    for query in [
        format!("{packed} Where is my passport?"),
        format!("{packed} Where is my passport? Thanks a lot!"),
        format!("{packed} In which drawer is my passport, and what is its number?"),
        format!("Where is my passport? {packed}"),
        format!("{log}\nWhere is my passport?\n{log}"),
        format!("Where is my passport? {first} Thank you so much for all your help."),
    ] {
        cases.push(case("message", &query, fact.to_owned()));
    }
    cases
}

/// An index of the distractors.
fn others() -> Index {
    let mut index = Index::new();
    let entry = |(position, text): (usize, String)| entry(position, &text);
    index.apply(distractors::all().into_iter().enumerate().map(entry).collect());
    index
}

fn entry(position: usize, text: &str) -> Entry {
    let memory = memory(position, json!({"content": text}));
    let document = SearchDocument::from_bytes(&SearchDocument::of(&memory).to_bytes()).expect("a document");
    Entry { id: memory.id, expires_at: None, document }
}

/// The results of the query of a case, and the place of its memory among them, from 0.
fn search(index: &mut Index, case: &Case) -> (Vec<Hit>, Option<usize>) {
    let own = entry(distractors::COUNT, &case.memory);
    let id = own.id.clone();
    index.apply(vec![own]);
    let search = parse_search(json!({"query": case.query, "limit": 20}));
    let hits = index.search(&Query::new(&search.query), &search, now(), 20);
    index.remove([&id]);
    let place = hits.iter().position(|hit| hit.id == id);
    (hits, place)
}

#[test]
fn every_case_is_the_first_result_and_relevant() {
    let mut index = others();
    let mut table: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in matches() {
        let (hits, place) = search(&mut index, &case);
        let relevance = place.map_or(0.0, |place| hits[place].relevance);
        let (is_first, is_relevant) = (place == Some(0), relevance >= RELEVANT);
        let is_expected = is_first && is_relevant;
        let row = table.entry(case.kind).or_default();
        row[0] += usize::from(is_first);
        row[1] += usize::from(is_relevant);
        row[2] += 1;
        if !is_expected {
            let query: String =
                case.query.chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
            failures.push(format!("{}: {query:?} has place {place:?}, relevance {relevance}", case.kind));
        }
    }
    println!("| | first | relevance ≥ {RELEVANT} | cases |\n|---|---|---|---|");
    for (kind, [first, relevant, count]) in &table {
        println!("| {kind} | {first} | {relevant} | {count} |");
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), matches().len(), failures.join("\n"));
}

#[test]
fn what_only_looks_alike_is_not_relevant() {
    let mut index = others();
    let mut failures = Vec::new();
    for case in cases(include_str!("../golden/mismatches.tsv")) {
        let (hits, place) = search(&mut index, &case);
        if let Some(hit) = place.map(|place| &hits[place]).filter(|hit| hit.relevance >= RELEVANT) {
            failures.push(format!(
                "{}: {:?} for {:?} has relevance {}",
                case.kind, case.memory, case.query, hit.relevance
            ));
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn the_set_is_large_and_varied() {
    let count = |table| cases(table).len();
    assert!(count(include_str!("../golden/matches.tsv")) >= 170);
    assert!(count(include_str!("../golden/mismatches.tsv")) >= 50);
    let kinds: std::collections::BTreeSet<&str> = matches().iter().map(|case| case.kind).collect();
    assert!(kinds.len() >= 20 + 10, "{kinds:?}");
    let others = distractors::all();
    let distinct: std::collections::BTreeSet<&String> = others.iter().collect();
    assert_eq!((others.len(), distinct.len()), (distractors::COUNT, distractors::COUNT));
}
