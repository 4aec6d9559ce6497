//! Terms one edit away from a misspelled word.

use std::collections::HashSet;

use super::stem::english;
use crate::model::{self, Model};

/// Shorter words have too many neighbours, longer ones are no words.
const LENGTHS: std::ops::RangeInclusive<usize> = 5..=20;
/// Each candidate matches 2 in 100,000 memories by collision of hashes.
const MAX_CANDIDATES: usize = 24;

/// Terms of words that differ by one edit from `word`, which is in lower case: words of the model that have two
/// neighbouring letters exchanged, another letter, one more or one less, and then other words with two letters
/// exchanged, a letter too many or a doubled one too few. None for a word of the model.
pub(super) fn spellings(word: &str) -> Vec<String> {
    let model = model::get();
    let is_word = LENGTHS.contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase());
    if !is_word || model.has_word(word) {
        return Vec::new();
    }
    let own = english(word);
    let simple = exchanged_or_doubled(word);
    let is_known = |edited: &String| model.has_word(edited);
    let known = simple.iter().cloned().chain(with_other_letters(word)).filter(is_known);
    let mut stems: Vec<String> = known.map(|word| english(&word)).collect();
    if !model.has_stem(&own) {
        stems.extend(known_stems(&own, model));
        stems.extend(simple.iter().map(|word| english(word)));
    }
    let mut seen = HashSet::from([own]);
    stems.retain(|stem| !stem.is_empty() && seen.insert(stem.clone()));
    stems.truncate(MAX_CANDIDATES);
    stems
}

/// The stems of the model that are one edit away from a stem.
fn known_stems(stem: &str, model: &Model) -> Vec<String> {
    let all = exchanged_or_doubled(stem).into_iter().chain(with_other_letters(stem));
    all.filter(|edited| model.has_stem(edited)).collect()
}

/// The word with two neighbours exchanged, without one letter, or with one letter doubled.
fn exchanged_or_doubled(word: &str) -> Vec<String> {
    let letters = word.as_bytes();
    let mut edited: Vec<Vec<u8>> = Vec::new();
    for at in 1..letters.len() {
        if letters[at - 1] != letters[at] {
            let mut exchanged = letters.to_vec();
            exchanged.swap(at - 1, at);
            edited.push(exchanged);
        }
    }
    for at in 0..letters.len() {
        edited.push([&letters[..at], &letters[at + 1..]].concat());
        edited.push([&letters[..=at], &letters[at..]].concat());
    }
    edited.into_iter().filter_map(|word| String::from_utf8(word).ok()).collect()
}

/// The word with one letter replaced or one more, after the first, which is seldom wrong.
fn with_other_letters(word: &str) -> impl Iterator<Item = String> {
    (1..=word.len()).flat_map(move |at| {
        (b'a'..=b'z').flat_map(move |letter| {
            let with = |rest: usize| {
                format!("{}{}{}", &word[..at], char::from(letter), word.get(rest..).unwrap_or_default())
            };
            [Some(with(at)), (at < word.len()).then(|| with(at + 1))].into_iter().flatten()
        })
    })
}
