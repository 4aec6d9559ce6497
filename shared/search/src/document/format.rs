//! The stored form of a search document.
//!
//! | bytes | content of format 3 |
//! |---|---|
//! | 1 | the format |
//! | 1 | type in the low 4 bits; bit 4: has owners, bit 5: has facets, bit 6: has metadata without facets, bit 7: is not simple |
//! | 1 | importance in steps of 1/255 |
//! | 2 | unless it is simple: the language, and the number of passages. A simple one is English and has one passage |
//! | 1 + 8 each | owners, if any: bit 0: a user, bit 1: an agent, bit 2: a session; a hash of each |
//! | 1 + 4 each | facets, if any |
//! | 32 each | the embedding of each passage: the sign of each dimension |
//! | the rest | as bits, for each passage its terms: 0 and 7 bits or 1 and 14 for their number; their hashes ascending, as
//! Rice-coded gaps, each with its count in unary. Then its stop words: 7 bits for their number, their codes as Rice-coded gaps |
//!
//! Format 2 had one passage and no stop words: no bytes for language and passages, its embedding before the owners, and 11 bits
//! for a long number of terms.

use super::SearchDocument;
use super::passage::{LONG_COUNT, Passage, read_stop_words, read_terms};
use crate::bits::{BitReader, BitWriter};
use crate::facets;
use crate::owners::Owners;
use crate::text::Language;

/// The format that is written.
pub(crate) const FORMAT: u8 = 3;
/// The format before, which is still read.
const FORMAT_2: u8 = 2;
const HAS_OWNERS: u8 = 1 << 4;
const HAS_FACETS: u8 = 1 << 5;
const HAS_MORE: u8 = 1 << 6;
const IS_NOT_SIMPLE: u8 = 1 << 7;
/// Bits of a long number of terms in format 2.
const LONG_COUNT_2: u32 = 11;

impl SearchDocument {
    /// The format that is written.
    pub const FORMAT: u8 = FORMAT;

    /// The format of a stored document.
    pub fn format_of(bytes: &[u8]) -> Option<u8> {
        bytes.first().copied()
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let is_simple = self.language == Language::English && self.passages.len() == 1;
        let flags = [
            (self.owners != Owners::default(), HAS_OWNERS),
            (!self.facets.is_empty(), HAS_FACETS),
            (!self.has_metadata, HAS_MORE),
            (!is_simple, IS_NOT_SIMPLE),
        ];
        let set = flags.into_iter().filter(|(is_set, _)| *is_set).fold(0, |flags, (_, flag)| flags | flag);
        let mut bytes = vec![FORMAT, self.kind | set, self.importance];
        if !is_simple {
            bytes.extend([self.language.code(), count(self.passages.len())]);
        }
        if self.owners != Owners::default() {
            let has = |(bit, owner): (usize, &u64)| u8::from(*owner != 0) << bit;
            bytes.push(self.owners.0.iter().enumerate().map(has).sum());
            bytes.extend(self.owners.0.into_iter().filter(|owner| *owner != 0).flat_map(u64::to_le_bytes));
        }
        if !self.facets.is_empty() {
            bytes.push(count(self.facets.len()));
            bytes.extend(self.facets.iter().take(facets::MAX_FACETS).flat_map(|facet| facet.to_le_bytes()));
        }
        let mut bits = BitWriter::default();
        for passage in &self.passages {
            bytes.extend(passage.embedding);
            passage.write_terms(&mut bits);
            passage.write_stop_words(&mut bits);
        }
        bytes.extend(bits.into_bytes());
        bytes
    }

    /// Reads the stored form of this format or the one before; `None` if it is damaged or of another format.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = ByteReader(bytes);
        let [format, flags, importance] = reader.array()?;
        let long_count = match format {
            FORMAT => LONG_COUNT,
            FORMAT_2 => LONG_COUNT_2,
            _ => return None,
        };
        let [language, count] =
            if flags & IS_NOT_SIMPLE == 0 { [Language::English.code(), 1] } else { reader.array()? };
        let language = Language::from_code(language);
        let mut passages = Vec::new();
        if format == FORMAT_2 {
            passages.push(Passage { embedding: reader.array()?, ..Passage::default() });
        }
        let [present] = if flags & HAS_OWNERS == 0 { [0_u8] } else { reader.array()? };
        let mut owners = Owners::default();
        for (bit, owner) in owners.0.iter_mut().enumerate() {
            if (present >> bit) & 1 == 1 {
                *owner = u64::from_le_bytes(reader.array()?);
            }
        }
        let [facets] = if flags & HAS_FACETS == 0 { [0] } else { reader.array()? };
        let facets = (0..facets).map(|_| reader.array().map(u32::from_le_bytes)).collect::<Option<_>>()?;
        while passages.len() < usize::from(count) {
            passages.push(Passage { embedding: reader.array()?, ..Passage::default() });
        }
        let mut bits = BitReader::new(reader.0);
        for passage in &mut passages {
            passage.terms = read_terms(&mut bits, long_count)?;
            if format == FORMAT {
                passage.stop_words = read_stop_words(&mut bits)?;
            }
        }
        let has_metadata = flags & HAS_MORE == 0;
        (!passages.is_empty()).then_some(Self {
            kind: flags & 0x0f,
            importance,
            language,
            owners,
            facets,
            has_metadata,
            passages,
        })
    }
}

fn count(items: usize) -> u8 {
    u8::try_from(items).unwrap_or(u8::MAX)
}

/// Reads bytes from the front.
struct ByteReader<'b>(&'b [u8]);

impl ByteReader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::memory;

    /// Written by the version before: a sentence with owners and facets, and 150 numbered words.
    const WRITTEN: [&str; 2] = [include_str!("format_2/sentence.hex"), include_str!("format_2/words.hex")];

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.trim().bytes().collect();
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
        digits.chunks(2).map(byte).collect()
    }

    #[test]
    fn a_document_of_format_2_is_read_and_written_in_this_format() {
        let sentence = json!({
            "content": "Mary adopted two kittens in Lisbon.", "type": "episodic", "importance": 0.8, "tags": ["pets"],
            "sessionId": "s", "userId": "mary", "metadata": {"n": 1},
        });
        let words: Vec<String> = (0..150).map(|number| format!("word{number}")).collect();
        let memories = [sentence, json!({"content": words.join(" ")})].map(|body| memory(0, body));
        for (written, memory) in WRITTEN.iter().zip(&memories) {
            let now = SearchDocument::of(memory);
            let read = SearchDocument::from_bytes(&bytes(written)).expect("a document");
            assert_eq!((read.passages.len(), &read.owners, &read.facets), (1, &now.owners, &now.facets));
            assert_eq!(
                (read.kind, read.importance, read.language),
                (now.kind, now.importance, Language::English)
            );
            let again = read.to_bytes();
            assert_eq!(again[0], FORMAT);
            assert_eq!(SearchDocument::from_bytes(&again), Some(read));
        }
        let read = SearchDocument::from_bytes(&bytes(WRITTEN[0])).expect("a document");
        let mut hashes = ["mari", "adopt", "two", "kitten", "lisbon", "pet"].map(super::super::term_hash);
        hashes.sort_unstable();
        assert_eq!(read.passages[0].terms.iter().map(|term| term.hash()).collect::<Vec<_>>(), hashes);
        let read = SearchDocument::from_bytes(&bytes(WRITTEN[1])).expect("a document");
        assert_eq!(read.passages[0].length(), 150);
    }

    #[test]
    fn other_formats_are_refused() {
        let bytes = SearchDocument::of(&memory(0, json!({"content": "tea"}))).to_bytes();
        for format in [0, 1, FORMAT + 1, u8::MAX] {
            assert_eq!(SearchDocument::from_bytes(&[&[format][..], &bytes[1..]].concat()), None, "{format}");
        }
    }
}
