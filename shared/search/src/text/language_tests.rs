//! The languages of sentences and short notes: `golden/sentences.tsv` and `golden/notes.tsv`.

use std::collections::BTreeMap;

use super::detect::language_of;
use super::language::Language;
use super::tests::missing;

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().map(|line| line.split('\t').collect())
}

#[test]
fn the_language_of_a_short_sentence_is_told_or_left_open() {
    let mut table: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in rows(include_str!("../../golden/sentences.tsv")) {
        let [expected, sentence] = row[..] else { panic!("two columns: {row:?}") };
        let told = language_of(sentence);
        let column = match told {
            _ if format!("{told:?}") == expected => 0,
            Language::Any if expected != "English" => 1,
            _ => 2,
        };
        table.entry(expected).or_default()[column] += 1;
        if column > 0 {
            println!("{expected}, {told:?}: {sentence}");
        }
        if column > 1 {
            wrong.push(format!("{expected}, {told:?}: {sentence}"));
        }
    }
    println!("| | told | any | wrong |\n|---|---|---|---|");
    for (language, [told, any, wrong]) in &table {
        println!("| {language} | {told} | {any} | {wrong} |");
        assert!(told + any + wrong >= 15 && told >= any, "{language}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn short_notes_are_found_by_the_inflections_of_their_language() {
    let mut failures = Vec::new();
    for row in rows(include_str!("../../golden/notes.tsv")) {
        let [language, query, note] = row[..] else { panic!("three columns: {row:?}") };
        let missing = missing(query, note);
        if !missing.is_empty() {
            failures.push(format!("{language}: {query} in {note} ({:?}): {missing:?}", language_of(note)));
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
}
