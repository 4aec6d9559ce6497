//! A passage: its terms and its embedding, and their stored form.

use crate::bits::{BitReader, BitWriter};
use crate::facets;
use crate::model::{self, EmbeddingBits};
use crate::text::{self, Language};

/// Bits of a term's hash: of 100,000 memories of 20 terms, two have a given term by collision.
pub(super) const TERM_BITS: u32 = 20;
/// The highest hash.
pub(crate) const MAX_HASH: u32 = (1 << TERM_BITS) - 1;
/// The highest term frequency that is stored.
pub(super) const MAX_COUNT: u32 = 15;
/// Bits of the number of distinct terms, and of a number that does not fit.
const TERMS: [u32; 2] = [5, 14];
/// The same for stop words.
const STOP_WORDS: [u32; 2] = [4, 7];
/// The number of codes of stop words.
const STOP_CODES: u32 = 128;

/// The most stop words of a passage.
pub(crate) const MAX_STOP_WORDS: usize = (1 << STOP_WORDS[1]) - 1;

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
    pub(super) fn new(hash: u32, count: u32) -> Self {
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
        stop_words.truncate(MAX_STOP_WORDS);
        let counted = hashes.chunk_by(|a, b| a == b);
        let terms =
            counted.map(|same| Term::new(same[0], u32::try_from(same.len()).unwrap_or(MAX_COUNT))).collect();
        Self { embedding: model::get().embedding(text), terms, stop_words }
    }

    /// The number of terms of the text.
    pub(crate) fn length(&self) -> u32 {
        self.terms.iter().map(|term| term.count()).sum()
    }

    /// Writes its terms: their number, whether any occurs twice, and for each the gap between its hash and the one before,
    /// Rice-coded, and its count in unary, if any occurs twice. Then its stop words: their number, and the gaps between their codes.
    pub(super) fn write_terms(&self, bits: &mut BitWriter) {
        let count = put_number(bits, self.terms.len(), TERMS);
        let has_repeated = self.terms.iter().any(|term| term.count() > 1);
        bits.put(u32::from(has_repeated), 1);
        let (mut last, width) = (0, rice(1 << TERM_BITS, count));
        for term in &self.terms {
            bits.put_rice(term.hash() - last, width);
            if has_repeated {
                bits.put_unary(term.count() - 1);
            }
            last = term.hash();
        }
        let count = put_number(bits, self.stop_words.len(), STOP_WORDS);
        let (mut next, width) = (0, rice(STOP_CODES, count));
        for code in &self.stop_words {
            bits.put_rice(u32::from(*code) - next, width);
            next = u32::from(*code) + 1;
        }
    }

    /// Reads what [`write_terms`](Self::write_terms) wrote.
    pub(super) fn read_terms(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let count = take_number(bits, TERMS)?;
        let has_repeated = bits.take(1)? == 1;
        let (mut last, width) = (0_u32, rice(1 << TERM_BITS, count));
        for _ in 0..count {
            last = last.checked_add(bits.take_rice(width, 1 << TERM_BITS)?)?;
            if last >= 1 << TERM_BITS {
                return None;
            }
            let count = if has_repeated { bits.take_unary(MAX_COUNT - 1)? + 1 } else { 1 };
            self.terms.push(Term::new(last, count));
        }
        let count = take_number(bits, STOP_WORDS)?;
        let (mut next, width) = (0_u32, rice(STOP_CODES, count));
        for _ in 0..count {
            let code = next.checked_add(bits.take_rice(width, STOP_CODES)?)?;
            self.stop_words.push(u8::try_from(code).ok()?);
            next = code + 1;
        }
        Some(())
    }
}

/// Writes a number in few bits, or if it is too high in more bits behind the highest number of the few.
fn put_number(bits: &mut BitWriter, number: usize, [few, more]: [u32; 2]) -> u32 {
    let number = u32::try_from(number).unwrap_or(u32::MAX).min((1 << more) - 1);
    let escape = (1 << few) - 1;
    bits.put(number.min(escape), few);
    if number >= escape {
        bits.put(number, more);
    }
    number
}

fn take_number(bits: &mut BitReader<'_>, [few, more]: [u32; 2]) -> Option<u32> {
    let number = bits.take(few)?;
    if number == (1 << few) - 1 { bits.take(more) } else { Some(number) }
}

/// The Rice parameter for the gaps between `count` of so many values: ln 2 times the mean gap, as a power of two.
fn rice(values: u32, count: u32) -> u32 {
    let gap = f64::from(values) / f64::from(count.max(1)) * std::f64::consts::LN_2;
    gap.log2().round().max(0.0) as u32
}
