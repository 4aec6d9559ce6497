//! Patterns of words, as `polite.rs` has them.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::fold::fold;
use super::polite::{ALONE, AROUND, AT_END, AT_START, PREFIXES, SUFFIXES};

/// One of several sequences of words.
pub(super) struct Slot {
    alternatives: Vec<Vec<String>>,
    is_optional: bool,
}

/// Patterns by the words that they may begin with.
pub(super) struct Patterns {
    all: Vec<Vec<Slot>>,
    by_word: HashMap<String, Vec<usize>>,
}

/// All patterns.
pub(super) struct AllPatterns {
    pub(super) at_start: Patterns,
    pub(super) at_end: Patterns,
    pub(super) alone: Patterns,
    pub(super) around: Vec<(Vec<Slot>, Vec<Slot>)>,
    pub(super) prefixes: Vec<&'static str>,
    pub(super) suffixes: Vec<&'static str>,
}

/// The patterns of all languages, which are read once.
pub(super) fn all() -> &'static AllPatterns {
    static PATTERNS: OnceLock<AllPatterns> = OnceLock::new();
    PATTERNS.get_or_init(|| AllPatterns {
        at_start: Patterns::new(AT_START),
        at_end: Patterns::new(AT_END),
        alone: Patterns::new(ALONE),
        prefixes: PREFIXES.split_whitespace().collect(),
        suffixes: SUFFIXES.split_whitespace().collect(),
        around: AROUND.iter().map(|(start, end)| (pattern(start), pattern(end))).collect(),
    })
}

fn pattern(line: &str) -> Vec<Slot> {
    let slot = |slot: &str| {
        let alternatives = slot.trim_end_matches('?').split('|');
        let words = |words: &str| words.split('_').map(fold).collect();
        Slot { alternatives: alternatives.map(words).collect(), is_optional: slot.ends_with('?') }
    };
    line.split_whitespace().map(slot).collect()
}

impl Patterns {
    fn new(lines: &str) -> Self {
        let all: Vec<Vec<Slot>> = lines.lines().filter(|line| !line.is_empty()).map(pattern).collect();
        let mut by_word: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, slots) in all.iter().enumerate() {
            let optional = slots.iter().take_while(|slot| slot.is_optional).count();
            for word in slots
                .iter()
                .take(optional + 1)
                .flat_map(|slot| &slot.alternatives)
                .flat_map(|words| words.first())
            {
                let numbers = by_word.entry(word.clone()).or_default();
                if numbers.last() != Some(&number) {
                    numbers.push(number);
                }
            }
        }
        Self { all, by_word }
    }

    /// The number of words of the longest phrase that begins with the first of the words.
    pub(super) fn longest(&self, words: &[String]) -> Option<usize> {
        let numbers = self.by_word.get(words.first()?)?;
        numbers
            .iter()
            .filter_map(|number| longest(&self.all[*number], words))
            .max()
            .filter(|count| *count > 0)
    }
}

/// The most words at the start of `words` that a pattern matches. It has few slots, and those that match the same words are fewer.
pub(super) fn longest(pattern: &[Slot], words: &[String]) -> Option<usize> {
    let Some((slot, rest)) = pattern.split_first() else { return Some(0) };
    let with = slot
        .alternatives
        .iter()
        .filter(|alternative| words.starts_with(alternative))
        .filter_map(|alternative| Some(alternative.len() + longest(rest, &words[alternative.len()..])?));
    with.chain(slot.is_optional.then(|| longest(rest, words)).flatten()).max()
}
