//! The terms of documents: the keys by which they are compared, and their frequencies.

use crate::facets;
use crate::model;

/// Bits of the hash of a term that the model does not know: of 100,000 memories with such a term each, one in 170 times one has a
/// given term by collision.
const HASH_BITS: u32 = 24;
/// Behind the numbers of the model's stems.
pub(super) const CODES: u32 = 1 << 14;
/// The number of hashes.
pub(super) const HASHES: u32 = 1 << HASH_BITS;
/// Bits of the hashes of formats 2 and 3, which are those of all terms.
pub(super) const SHORT_BITS: u32 = 20;
const SHORT: u32 = CODES + HASHES;
const STOP_WORDS: u32 = SHORT + (1 << SHORT_BITS);

/// What is compared of a term: the number of its stem in the model, or else a hash; in documents of earlier formats a shorter hash of
/// any term; of a stop word its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(u32);

impl Key {
    /// The key of a term.
    pub(crate) fn of(term: &str) -> Self {
        match model::get().number(term) {
            Some(number) => Self(number.into()),
            None => Self::hashed(hash(term) >> (32 - HASH_BITS)),
        }
    }

    /// The key of a term in documents of formats 2 and 3.
    pub(crate) fn short(term: &str) -> Self {
        Self::short_hash(hash(term) >> (32 - SHORT_BITS))
    }

    pub(crate) fn stop_word(code: u8) -> Self {
        Self(STOP_WORDS + u32::from(code))
    }

    /// The key of a stem of the model.
    pub(crate) const fn coded(number: u32) -> Self {
        Self(number)
    }

    pub(super) const fn hashed(hash: u32) -> Self {
        Self(CODES + hash)
    }

    pub(super) const fn short_hash(hash: u32) -> Self {
        Self(SHORT + hash)
    }

    pub(crate) const fn is_stop_word(self) -> bool {
        self.0 >= STOP_WORDS
    }

    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}

fn hash(term: &str) -> u32 {
    facets::hash(b'w', term.as_bytes())
}

/// The highest term frequency that is stored.
pub(super) const MAX_COUNT: u32 = 15;

/// A term of a passage: its key in the upper bits, its frequency in the lower four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Term(u32);

impl Term {
    pub(super) fn new(key: Key, count: u32) -> Self {
        Self((key.0 << 4) | count.min(MAX_COUNT))
    }

    pub(crate) const fn key(self) -> Key {
        Key(self.0 >> 4)
    }

    pub(crate) const fn count(self) -> u32 {
        self.0 & MAX_COUNT
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_of_all_kinds_differ_and_fit_beside_a_frequency() {
        let kinds = [
            Key::coded(CODES - 1),
            Key::hashed(0),
            Key::hashed(HASHES - 1),
            Key::short_hash(0),
            Key::short_hash((1 << SHORT_BITS) - 1),
            Key::stop_word(0),
            Key::stop_word(127),
        ];
        assert!(
            kinds.is_sorted_by(|a, b| a < b)
                && kinds.map(Key::is_stop_word) == [false, false, false, false, false, true, true]
        );
        for key in kinds {
            assert_eq!((Term::new(key, 3).key(), Term::new(key, 99).count()), (key, MAX_COUNT));
        }
    }

    #[test]
    fn a_stem_of_the_model_has_a_key_of_its_own_and_other_terms_share_no_more_than_by_chance() {
        let words: HashSet<&str> = include_str!("../../model/vocab.txt").lines().collect();
        let stems: HashSet<String> = words.iter().map(|word| crate::text::terms(word).concat()).collect();
        let known: Vec<&String> = stems.iter().filter(|stem| model::get().has_stem(stem)).collect();
        let keys: HashSet<Key> = known.iter().map(|stem| Key::of(stem)).collect();
        assert!(keys.len() == known.len() && known.len() > 10_000 && keys.iter().all(|key| key.0 < CODES));
        for (bits, of) in [(HASH_BITS, Key::of as fn(&str) -> Key), (SHORT_BITS, Key::short)] {
            let others: Vec<String> = (0..20_000).map(|number| format!("{number}-x{}", number * 7)).collect();
            let keys: HashSet<Key> = others.iter().map(|term| of(term)).collect();
            let (shared, chance) = (others.len() - keys.len(), (others.len().pow(2) / 2) >> bits);
            assert!(shared <= chance * 5 / 4 + 10, "{shared}, by chance {chance}");
        }
    }
}
