//! A passage: its terms and its embedding, and their stored form.

use crate::bits::{BitReader, BitWriter};
use crate::facets;
use crate::model::{self, EmbeddingBits};
use crate::text::{self, Language};

/// Bits of a term's hash: of 100,000 memories of 20 terms, two have a given term by collision.
pub(super) const TERM_BITS: u32 = 20;
/// The highest term frequency that is stored.
const MAX_COUNT: u32 = 15;
/// Bits of the number of distinct terms: up to 127, or more.
const SHORT_COUNT: u32 = 7;
pub(super) const LONG_COUNT: u32 = 14;
/// Bits of the number of distinct stop words, and the number of codes.
const STOP_COUNT: u32 = 7;
const STOP_CODES: u32 = 1 << 8;

/// A part of a memory's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passage {
    pub(crate) embedding: EmbeddingBits,
    /// Each distinct term and its frequency, ascending by hash.
    pub(crate) terms: Vec<Term>,
    /// The codes of its stop words, ascending.
    pub(crate) stop_words: Vec<u8>,
}

/// A term's hash in the upper bits, its frequency in the lower four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Term(u32);

impl Term {
    fn new(hash: u32, count: u32) -> Self {
        Self((hash << 4) | count.min(MAX_COUNT))
    }

    pub(crate) const fn hash(self) -> u32 {
        self.0 >> 4
    }

    pub(crate) const fn count(self) -> u32 {
        self.0 & MAX_COUNT
    }
}

/// The hash of a term.
pub(crate) fn term_hash(term: &str) -> u32 {
    facets::hash(b'w', term.as_bytes()) >> (32 - TERM_BITS)
}

impl Passage {
    /// The passage of `text`, which is found by the words of `tags` too.
    pub(super) fn of(text: &str, tags: &[String], language: Language) -> Self {
        let (mut hashes, mut stop_words) = (Vec::new(), Vec::new());
        for part in std::iter::once(text).chain(tags.iter().map(String::as_str)) {
            for token in text::tokens(part, language) {
                match token.stop {
                    Some(code) => stop_words.push(code),
                    None => hashes.push(term_hash(&token.term)),
                }
            }
        }
        hashes.sort_unstable();
        stop_words.sort_unstable();
        stop_words.dedup();
        stop_words.truncate((1 << STOP_COUNT) - 1);
        let counted = hashes.chunk_by(|a, b| a == b);
        let terms =
            counted.map(|same| Term::new(same[0], u32::try_from(same.len()).unwrap_or(MAX_COUNT))).collect();
        Self { embedding: model::get().embedding(text), terms, stop_words }
    }

    /// The number of terms of the text.
    pub(crate) fn length(&self) -> u32 {
        self.terms.iter().map(|term| term.count()).sum()
    }

    pub(super) fn write_terms(&self, bits: &mut BitWriter) {
        let count = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
        let is_long = count >= 1 << SHORT_COUNT;
        bits.put(u32::from(is_long), 1);
        bits.put(count, if is_long { LONG_COUNT } else { SHORT_COUNT });
        let (mut last, width) = (0, rice(1 << TERM_BITS, count));
        for term in &self.terms {
            let gap = term.hash() - last;
            bits.put_unary(gap >> width);
            bits.put(gap, width);
            bits.put_unary(term.count() - 1);
            last = term.hash();
        }
    }

    pub(super) fn write_stop_words(&self, bits: &mut BitWriter) {
        let count = u32::try_from(self.stop_words.len()).unwrap_or(u32::MAX);
        bits.put(count, STOP_COUNT);
        let (mut last, width) = (0, rice(STOP_CODES, count));
        for code in &self.stop_words {
            let gap = u32::from(*code) - last;
            bits.put_unary(gap >> width);
            bits.put(gap, width);
            last = u32::from(*code);
        }
    }
}

/// What [`Passage::write_terms`] wrote, with so many bits for a long count.
pub(super) fn read_terms(bits: &mut BitReader<'_>, long_count: u32) -> Option<Vec<Term>> {
    let is_long = bits.take(1)? == 1;
    let count = bits.take(if is_long { long_count } else { SHORT_COUNT })?;
    let (mut last, width) = (0_u32, rice(1 << TERM_BITS, count));
    let mut terms = Vec::new();
    for _ in 0..count {
        let gap = (bits.take_unary(1 << TERM_BITS)? << width) | bits.take(width)?;
        last = last.checked_add(gap).filter(|hash| *hash < 1 << TERM_BITS)?;
        terms.push(Term::new(last, bits.take_unary(MAX_COUNT - 1)? + 1));
    }
    Some(terms)
}

/// What [`Passage::write_stop_words`] wrote.
pub(super) fn read_stop_words(bits: &mut BitReader<'_>) -> Option<Vec<u8>> {
    let count = bits.take(STOP_COUNT)?;
    let (mut last, width) = (0_u32, rice(STOP_CODES, count));
    let mut codes = Vec::new();
    for _ in 0..count {
        last += (bits.take_unary(STOP_CODES)? << width) | bits.take(width)?;
        codes.push(u8::try_from(last).ok()?);
    }
    Some(codes)
}

/// The Rice parameter for the gaps between `count` of so many values: the width of ln 2 times the mean gap.
fn rice(values: u32, count: u32) -> u32 {
    (values / count.max(1) / 13 * 9).max(1).ilog2()
}
