//! The stored form of a search document.
//!
//! | bytes | content of format 4 |
//! |---|---|
//! | 1 | the format |
//! | 1 | type in the low 4 bits; bit 4: has owners, bit 5: facets, bit 6: metadata without facets, bit 7: is not simple |
//! | 3 | importance in steps of 1/255, language, and number of passages, unless it is simple: of the default importance, English, one passage |
//! | 1 + 8 each | owners, if any: bit 0: a user, bit 1: an agent, bit 2: a session; a hash of each |
//! | 1 + 4 each | facets, if any |
//! | 32 each | the embedding of each passage: the sign of each dimension |
//! | the rest | the terms and stop words of each passage, as bits |
//!
//! A memory that searches do not find has the one byte 0 instead.
//!
//! Format 3, which earlier versions wrote and this one reads, has 20 bits of the hash of each term.

use super::passage::Passage;
use super::{SearchDocument, format_2};
use crate::bits::{BitReader, BitWriter};
use crate::facets;
use crate::owners::Owners;
use crate::text::Language;

/// The format that is written.
pub(crate) const FORMAT: u8 = 4;
/// The whole document of a memory that searches do not find.
const NOT_SEARCHABLE: [u8; 1] = [0];
/// The one before.
const FORMAT_3: u8 = 3;
const TYPE: u8 = 0x0f;
pub(super) const HAS_OWNERS: u8 = 1 << 4;
pub(super) const HAS_FACETS: u8 = 1 << 5;
pub(super) const HAS_MORE: u8 = 1 << 6;
const IS_NOT_SIMPLE: u8 = 1 << 7;
/// Importance (that of a memory that was created without one), language and number of passages of a simple document.
const SIMPLE: [u8; 3] = [128, Language::English.code(), 1];

impl SearchDocument {
    /// The format that is written.
    pub const FORMAT: u8 = FORMAT;

    /// The format of a stored document.
    pub fn format_of(bytes: &[u8]) -> Option<u8> {
        bytes.first().copied()
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.passages.is_empty() {
            return NOT_SEARCHABLE.to_vec();
        }
        let header = [self.importance, self.language.code(), count(self.passages.len())];
        let is_simple = header == SIMPLE;
        let flags = [
            (self.owners != Owners::default(), HAS_OWNERS),
            (!self.facets.is_empty(), HAS_FACETS),
            (!self.has_metadata, HAS_MORE),
            (!is_simple, IS_NOT_SIMPLE),
        ];
        let set = flags.into_iter().filter(|(is_set, _)| *is_set).fold(0, |flags, (_, flag)| flags | flag);
        let mut bytes = vec![FORMAT, self.kind | set];
        if !is_simple {
            bytes.extend(header);
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
        }
        bytes.extend(bits.into_bytes());
        bytes
    }

    /// Reads the stored form of this format or the two before; `None` if it is damaged or of another format.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes == NOT_SEARCHABLE {
            return Some(Self::not_searchable());
        }
        let mut reader = ByteReader(bytes);
        let [format] = reader.array()?;
        match format {
            FORMAT | FORMAT_3 => Self::read(reader, format == FORMAT_3),
            format_2::FORMAT => format_2::read(reader),
            _ => None,
        }
    }

    fn read(mut reader: ByteReader<'_>, has_short_hashes: bool) -> Option<Self> {
        let [flags] = reader.array()?;
        let [importance, language, count] =
            if flags & IS_NOT_SIMPLE == 0 { SIMPLE } else { reader.array()? };
        let owners = reader.owners(flags)?;
        let facets = reader.facets(flags)?;
        let mut passages = Vec::new();
        for _ in 0..count {
            passages.push(Passage { embedding: reader.array()?, ..Passage::default() });
        }
        let mut bits = BitReader::new(reader.0);
        for passage in &mut passages {
            if has_short_hashes {
                passage.read_short_terms(&mut bits)?
            } else {
                passage.read_terms(&mut bits)?
            }
        }
        (!passages.is_empty()).then_some(Self {
            kind: flags & TYPE,
            importance,
            language: Language::from_code(language),
            owners,
            facets,
            has_metadata: flags & HAS_MORE == 0,
            passages,
            has_short_hashes,
        })
    }
}

fn count(items: usize) -> u8 {
    u8::try_from(items).unwrap_or(u8::MAX)
}

/// Reads bytes from the front.
pub(super) struct ByteReader<'b>(pub(super) &'b [u8]);

impl ByteReader<'_> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    pub(super) fn owners(&mut self, flags: u8) -> Option<Owners> {
        let [present] = if flags & HAS_OWNERS == 0 { [0_u8] } else { self.array()? };
        let mut owners = Owners::default();
        for (bit, owner) in owners.0.iter_mut().enumerate() {
            if (present >> bit) & 1 == 1 {
                *owner = u64::from_le_bytes(self.array()?);
            }
        }
        Some(owners)
    }

    pub(super) fn facets(&mut self, flags: u8) -> Option<Vec<u32>> {
        let [count] = if flags & HAS_FACETS == 0 { [0] } else { self.array()? };
        (0..count).map(|_| self.array().map(u32::from_le_bytes)).collect()
    }
}

#[cfg(test)]
mod tests {
    use hb_domain::memory::MemoryType;
    use serde_json::json;

    use super::*;
    use crate::fixtures::memory;

    /// Written by earlier versions, in format 2: a sentence with owners and facets, and 150 numbered words; in format 3: the same
    /// sentence, a German one, and 150 numbered words in two passages.
    const WRITTEN: [&str; 5] = [
        include_str!("format_2/sentence.hex"),
        include_str!("format_2/words.hex"),
        include_str!("format_3/sentence.hex"),
        include_str!("format_3/german.hex"),
        include_str!("format_3/passages.hex"),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.trim().bytes().collect();
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
        digits.chunks(2).map(byte).collect()
    }

    #[test]
    fn a_document_of_an_earlier_format_is_found() {
        let sentence = json!({
            "content": "Mary adopted two kittens in Lisbon.", "type": "episodic", "importance": 0.8, "tags": ["pets"],
            "sessionId": "s", "userId": "mary", "metadata": {"n": 1},
        });
        let words =
            |after: &str| (0..150).map(|number| format!("word{number}{after}")).collect::<Vec<_>>().join(" ");
        let german = "Die Wohnungen in der Straße sind nicht teuer.";
        let bodies = [
            sentence.clone(),
            json!({"content": words("")}),
            sentence,
            json!({"content": german}),
            json!({"content": words(".")}),
        ];
        let queries = ["adopting kittens", "word77", "pets in Lisbon", "teuer Wohnung", "word149"];
        for (position, (written, query)) in WRITTEN.iter().zip(queries).enumerate() {
            let memory = memory(position, bodies[position].clone());
            let now = SearchDocument::of(&memory);
            let read = SearchDocument::from_bytes(&bytes(written)).expect("a document");
            assert_eq!((&read.owners, &read.facets, read.kind), (&now.owners, &now.facets, now.kind));
            assert_eq!((read.importance, read.language), (now.importance, now.language));
            assert!(read.has_short_hashes && read.passages.len() <= now.passages.len());
            // Among others of this format.
            let mut index =
                crate::fixtures::index(&[self::memory(9, json!({"content": "A teapot of clay"}))]);
            index.apply(vec![crate::Entry { id: memory.id.clone(), expires_at: None, document: read }]);
            for (query, id) in [(query, &memory.id), ("teapot", &self::memory(9, json!({"content": "x"})).id)]
            {
                let hits = crate::fixtures::search(&index, json!({"query": query}));
                assert_eq!(hits.first().map(|hit| &hit.id), Some(id), "{query}");
                assert!(hits[0].relevance > 0.5, "{query}: {}", hits[0].relevance);
            }
        }
    }

    #[test]
    fn every_type_importance_and_length_is_read_as_it_was_written() {
        for (position, kind) in MemoryType::ALL.iter().enumerate() {
            for importance in [0.0, 0.5, 1.0] {
                for content in ["tea".to_owned(), "Cups of tea. ".repeat(200), "猫が好き".to_owned()] {
                    let body = json!({"content": content, "type": kind.as_str(), "importance": importance});
                    let document = SearchDocument::of(&memory(position, body));
                    assert_eq!(SearchDocument::from_bytes(&document.to_bytes()), Some(document), "{kind:?}");
                }
            }
        }
    }

    #[test]
    fn a_memory_that_is_not_searchable_has_an_empty_document() {
        let hidden = memory(0, json!({"content": "tea with milk", "searchable": false, "tags": ["pets"]}));
        let document = SearchDocument::of(&hidden);
        assert_eq!(document.to_bytes(), [0]);
        assert_eq!(SearchDocument::from_bytes(&[0]), Some(document));
    }

    #[test]
    fn other_formats_are_refused() {
        let bytes = SearchDocument::of(&memory(0, json!({"content": "tea"}))).to_bytes();
        for format in [0, 1, FORMAT + 1, u8::MAX] {
            assert_eq!(SearchDocument::from_bytes(&[&[format][..], &bytes[1..]].concat()), None, "{format}");
        }
    }
}
