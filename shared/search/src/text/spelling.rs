//! Terms one edit away from a misspelled word.

use std::collections::HashSet;

use super::stem::english;
use crate::model;

/// Shorter words have too many neighbours, longer ones are no words.
const LENGTHS: std::ops::RangeInclusive<usize> = 5..=20;
/// Each candidate matches 2 in 100,000 memories by collision of hashes.
const MAX_CANDIDATES: usize = 24;

/// Terms of words that differ by one edit from `word`, which is in lower case: two neighbours exchanged, a letter too
/// many, a doubled letter too few, and words of the model with another letter or one more. None if the model knows it.
pub(super) fn spellings(word: &str) -> Vec<String> {
    let own = english(word);
    let is_word = LENGTHS.contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase());
    if !is_word || model::get().has_stem(&own) {
        return Vec::new();
    }
    let letters = word.as_bytes();
    let mut edited: Vec<Vec<u8>> = Vec::new();
    for at in 0..letters.len() {
        if at + 1 < letters.len() && letters[at] != letters[at + 1] {
            let mut exchanged = letters.to_vec();
            exchanged.swap(at, at + 1);
            edited.push(exchanged);
        }
    }
    for at in 0..letters.len() {
        edited.push([&letters[..at], &letters[at + 1..]].concat());
        edited.push([&letters[..=at], &letters[at..]].concat());
    }
    let model = model::get();
    let stems = edited.into_iter().filter_map(|word| String::from_utf8(word).ok()).map(|word| english(&word));
    let (mut known, mut unknown): (Vec<String>, Vec<String>) = stems.partition(|stem| model.has_stem(stem));
    known.extend(neighbours(&own).filter(|stem| model.has_stem(stem)));
    known.append(&mut unknown);
    let mut seen = HashSet::from([own]);
    known.retain(|stem| seen.insert(stem.clone()));
    known.truncate(MAX_CANDIDATES);
    known
}

/// The stem with one letter replaced or one more, after the first, which is seldom wrong.
fn neighbours(stem: &str) -> impl Iterator<Item = String> {
    (1..=stem.len()).flat_map(move |at| {
        (b'a'..=b'z').flat_map(move |letter| {
            let with = |rest: usize| {
                format!("{}{}{}", &stem[..at], char::from(letter), stem.get(rest..).unwrap_or_default())
            };
            [Some(with(at)), (at < stem.len()).then(|| with(at + 1))].into_iter().flatten()
        })
    })
}
