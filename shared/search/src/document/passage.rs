//! A passage: its terms and its embedding, and their stored form.

use super::term::{CODES, HASHES, Key, MAX_COUNT, SHORT_BITS, Term};
use crate::bits::{BitReader, BitWriter};
use crate::model::{self, EmbeddingBits};
use crate::text::{self, Language};

/// Bits of the number of distinct terms that the model knows, and of a number that does not fit.
const KNOWN: [u32; 2] = [5, 14];
/// The same for other terms.
const OTHERS: [u32; 2] = [4, 14];
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
    /// Each distinct term and its frequency, ascending by key.
    pub(crate) terms: Vec<Term>,
    /// The codes of its stop words, ascending.
    pub(crate) stop_words: Vec<u8>,
}

impl Passage {
    /// The passage of `text`, which is found by the words of `tags` too.
    pub(super) fn of(text: &str, tags: &[String], language: Language) -> Self {
        let (mut keys, mut stop_words) = (Vec::new(), Vec::new());
        for part in std::iter::once(text).chain(tags.iter().map(String::as_str)) {
            for token in text::tokens(part, language) {
                match token.stop {
                    Some(code) => stop_words.push(code),
                    None => keys.push(Key::of(&token.term)),
                }
            }
        }
        keys.sort_unstable();
        stop_words.sort_unstable();
        stop_words.dedup();
        stop_words.truncate(MAX_STOP_WORDS);
        let counted = keys.chunk_by(|a, b| a == b);
        let terms =
            counted.map(|same| Term::new(same[0], u32::try_from(same.len()).unwrap_or(MAX_COUNT))).collect();
        Self { embedding: model::get().embedding(text), terms, stop_words }
    }

    /// The number of terms of the text.
    pub(crate) fn length(&self) -> u32 {
        self.terms.iter().map(|term| term.count()).sum()
    }

    /// Writes whether any term occurs twice, its terms, and its stop words: their number, and the gaps between their codes. Terms of
    /// earlier formats cannot be written.
    pub(super) fn write_terms(&self, bits: &mut BitWriter) {
        let has_repeated = self.terms.iter().any(|term| term.count() > 1);
        bits.put(u32::from(has_repeated), 1);
        let known = self.terms.partition_point(|term| term.key() < Key::hashed(0));
        let (known, others) = self.terms.split_at(known);
        let others = &others[..others.partition_point(|term| term.key() < Key::short_hash(0))];
        write_keys(bits, known, KNOWN, Key::coded(0), CODES, has_repeated);
        write_keys(bits, others, OTHERS, Key::hashed(0), HASHES, has_repeated);
        let count = put_number(bits, self.stop_words.len(), STOP_WORDS);
        let (mut next, width) = (0, rice(STOP_CODES, count));
        for code in &self.stop_words {
            bits.put_rice(u32::from(*code) - next, width);
            next = u32::from(*code) + 1;
        }
    }

    /// Reads what [`write_terms`](Self::write_terms) wrote.
    pub(super) fn read_terms(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let has_repeated = bits.take(1)? == 1;
        read_keys(bits, &mut self.terms, KNOWN, Key::coded, CODES, has_repeated)?;
        read_keys(bits, &mut self.terms, OTHERS, Key::hashed, HASHES, has_repeated)?;
        self.read_stop_words(bits)
    }

    /// Reads the terms and stop words of format 3.
    pub(super) fn read_short_terms(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let count = take_number(bits, KNOWN)?;
        let has_repeated = bits.take(1)? == 1;
        read_gaps(bits, &mut self.terms, count, Key::short_hash, 1 << SHORT_BITS, has_repeated)?;
        self.read_stop_words(bits)
    }

    fn read_stop_words(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
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

/// Writes the number of terms, and for each the gap between its key and the one before, Rice-coded, and its frequency in unary, if
/// any occurs twice. The keys are those of `values` numbers from the first one.
fn write_keys(
    bits: &mut BitWriter,
    terms: &[Term],
    widths: [u32; 2],
    first: Key,
    values: u32,
    has_repeated: bool,
) {
    let count = put_number(bits, terms.len(), widths);
    let (mut last, width) = (first.number(), rice(values, count));
    for term in terms {
        bits.put_rice(term.key().number() - last, width);
        if has_repeated {
            bits.put_unary(term.count() - 1);
        }
        last = term.key().number();
    }
}

/// Reads what [`write_keys`] wrote.
fn read_keys(
    bits: &mut BitReader<'_>,
    terms: &mut Vec<Term>,
    widths: [u32; 2],
    key: impl Fn(u32) -> Key,
    values: u32,
    has_repeated: bool,
) -> Option<()> {
    let count = take_number(bits, widths)?;
    read_gaps(bits, terms, count, key, values, has_repeated)
}

fn read_gaps(
    bits: &mut BitReader<'_>,
    terms: &mut Vec<Term>,
    count: u32,
    key: impl Fn(u32) -> Key,
    values: u32,
    has_repeated: bool,
) -> Option<()> {
    let (mut last, width) = (0_u32, rice(values, count));
    for _ in 0..count {
        last = last.checked_add(bits.take_rice(width, values)?).filter(|number| *number < values)?;
        let count = if has_repeated { bits.take_unary(MAX_COUNT - 1)? + 1 } else { 1 };
        terms.push(Term::new(key(last), count));
    }
    Some(())
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
