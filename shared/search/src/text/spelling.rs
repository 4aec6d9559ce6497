//! Terms one edit away from a misspelled word.

use std::collections::HashSet;

use super::stem::english;
use crate::model;

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
    let mut stems = Vec::new();
    let add_words = |edited: &str| stems.extend(model.has_word(edited).then(|| english(edited)));
    each_edit(word, add_words);
    if !model.has_stem(&own) {
        each_edit(&own, |edited| stems.extend(model.has_stem(edited).then(|| edited.to_owned())));
        each_exchange_or_doubling(word, |edited| stems.push(english(edited)));
    }
    let mut seen = HashSet::from([own]);
    stems.retain(|stem| !stem.is_empty() && seen.insert(stem.clone()));
    stems.truncate(MAX_CANDIDATES);
    stems
}

/// Each word that is one edit away. Edits are made in one buffer.
fn each_edit(word: &str, mut visit: impl FnMut(&str)) {
    each_exchange_or_doubling(word, &mut visit);
    each_other_letter(word, visit);
}

/// The word with two neighbours exchanged, without one letter, or with one letter doubled.
fn each_exchange_or_doubling(word: &str, mut visit: impl FnMut(&str)) {
    let letters = word.as_bytes();
    let mut edited = letters.to_vec();
    for at in 1..letters.len() {
        if letters[at - 1] != letters[at] {
            edited.swap(at - 1, at);
            visit_word(&edited, &mut visit);
            edited.swap(at - 1, at);
        }
    }
    for (at, letter) in letters.iter().enumerate() {
        edited.remove(at);
        visit_word(&edited, &mut visit);
        edited.insert(at, *letter);
        edited.insert(at, *letter);
        visit_word(&edited, &mut visit);
        edited.remove(at);
    }
}

/// The word with one letter replaced or one more, after the first, which is seldom wrong.
fn each_other_letter(word: &str, mut visit: impl FnMut(&str)) {
    let letters = word.as_bytes();
    let mut replaced = letters.to_vec();
    let mut longer = letters.to_vec();
    longer.insert(letters.len().min(1), 0);
    for at in 1..=letters.len() {
        for letter in b'a'..=b'z' {
            longer[at] = letter;
            visit_word(&longer, &mut visit);
            if let Some(own) = replaced.get_mut(at) {
                *own = letter;
                visit_word(&replaced, &mut visit);
            }
        }
        // What follows stands one place behind already.
        longer[at] = letters.get(at).copied().unwrap_or_default();
        replaced.copy_from_slice(letters);
    }
}

fn visit_word(letters: &[u8], visit: &mut impl FnMut(&str)) {
    if let Ok(word) = std::str::from_utf8(letters) {
        visit(word);
    }
}
