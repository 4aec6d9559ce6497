//! The search document: what a search needs of one memory. A sentence of 60 bytes takes some 65 bytes with its session,
//! 700 bytes of text some 150, and each further owner 8.
//!
//! | bytes | content |
//! |---|---|
//! | 1 | the format, 2 |
//! | 1 | type in the low 4 bits; bit 4: has owners, bit 5: has facets, bit 6: has metadata without facets |
//! | 1 | importance in steps of 1/255 |
//! | 32 | embedding: the sign of each dimension |
//! | 1 + 8 each | owners, if any: bit 0: a user, bit 1: an agent, bit 2: a session; a hash of each |
//! | 1 + 4 each | facets, if any |
//! | the rest | as bits: 0 and 7 bits or 1 and 11 for the number of distinct terms; their hashes ascending, as
//! Rice-coded gaps, each with its count in unary |

use std::collections::HashSet;

use hb_domain::Memory;
use hb_domain::memory::MemoryType;

use crate::bits::{BitReader, BitWriter};
use crate::model::EmbeddingBits;
use crate::owners::Owners;
use crate::{facets, model, text};

pub(crate) const FORMAT: u8 = 2;
const HAS_OWNERS: u8 = 1 << 4;
const HAS_FACETS: u8 = 1 << 5;
const HAS_MORE: u8 = 1 << 6;
/// Bits of a term's hash: of 100,000 memories of 20 terms, two have a given term by collision.
const TERM_BITS: u32 = 20;
/// The highest term frequency that is stored.
const MAX_COUNT: u32 = 15;
/// Bits of the number of distinct terms: up to 127, or more.
const SHORT_COUNT: u32 = 7;
const LONG_COUNT: u32 = 11;
/// The most distinct terms of a text that are stored: the first ones.
pub(crate) const MAX_TERMS: usize = 2_000;

/// What a search needs of one memory: hashed terms, owners and facets, and the bits of its embedding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchDocument {
    pub(crate) kind: u8,
    pub(crate) importance: u8,
    pub(crate) embedding: EmbeddingBits,
    /// Its user, agent and session.
    pub(crate) owners: Owners,
    /// Hashes of its tags and metadata.
    pub(crate) facets: Vec<u32>,
    /// Whether the facets include those of its metadata.
    pub(crate) has_metadata: bool,
    /// Each distinct term and its frequency, ascending by hash.
    pub(crate) terms: Vec<Term>,
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

impl SearchDocument {
    /// The search document of a memory. Its tags are searched like words of its content.
    pub fn of(memory: &Memory) -> Self {
        let mut words = memory.content.clone();
        for tag in &memory.tags {
            words.push('\n');
            words.push_str(tag);
        }
        let mut hashes: Vec<u32> = text::terms(&words).iter().map(|term| term_hash(term)).collect();
        let mut first = HashSet::new();
        hashes.retain(|hash| first.len() < MAX_TERMS && first.insert(*hash) || first.contains(hash));
        hashes.sort_unstable();
        let counted = hashes.chunk_by(|a, b| a == b);
        let terms =
            counted.map(|same| Term::new(same[0], u32::try_from(same.len()).unwrap_or(MAX_COUNT))).collect();
        let (facets, has_metadata) = facets::of(memory);
        Self {
            kind: type_code(memory.kind),
            importance: (memory.importance * 255.0).round() as u8,
            embedding: model::get().embedding(&memory.content),
            owners: Owners::of(memory),
            facets,
            has_metadata,
            terms,
        }
    }

    /// The number of terms of the text.
    pub(crate) fn length(&self) -> u32 {
        self.terms.iter().map(|term| term.count()).sum()
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut flags = self.kind;
        if self.owners != Owners::default() {
            flags |= HAS_OWNERS;
        }
        if !self.has_metadata {
            flags |= HAS_MORE;
        }
        if !self.facets.is_empty() {
            flags |= HAS_FACETS;
        }
        let mut bytes = vec![FORMAT, flags, self.importance];
        bytes.extend(self.embedding);
        if self.owners != Owners::default() {
            let has = |(bit, owner): (usize, &u64)| u8::from(*owner != 0) << bit;
            bytes.push(self.owners.0.iter().enumerate().map(has).sum());
            bytes.extend(self.owners.0.into_iter().filter(|owner| *owner != 0).flat_map(u64::to_le_bytes));
        }
        if !self.facets.is_empty() {
            bytes.push(u8::try_from(self.facets.len()).unwrap_or(u8::MAX));
            bytes.extend(self.facets.iter().take(facets::MAX_FACETS).flat_map(|facet| facet.to_le_bytes()));
        }
        let (mut bits, mut last, width) = (BitWriter::default(), 0, rice(self.terms.len()));
        let count = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
        let is_long = count >= 1 << SHORT_COUNT;
        bits.put(u32::from(is_long), 1);
        bits.put(count, if is_long { LONG_COUNT } else { SHORT_COUNT });
        for term in &self.terms {
            let gap = term.hash() - last;
            bits.put_unary(gap >> width);
            bits.put(gap, width);
            bits.put_unary(term.count() - 1);
            last = term.hash();
        }
        bytes.extend(bits.into_bytes());
        bytes
    }

    /// Reads the stored form; `None` if it is damaged or of another format.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = ByteReader(bytes);
        let [format, flags, importance] = reader.array()?;
        if format != FORMAT {
            return None;
        }
        let embedding = reader.array()?;
        let [present] = if flags & HAS_OWNERS == 0 { [0_u8] } else { reader.array()? };
        let mut owners = Owners::default();
        for (bit, owner) in owners.0.iter_mut().enumerate() {
            if (present >> bit) & 1 == 1 {
                *owner = u64::from_le_bytes(reader.array()?);
            }
        }
        let has_metadata = flags & HAS_MORE == 0;
        let [count] = if flags & HAS_FACETS == 0 { [0] } else { reader.array()? };
        let facets =
            (0..count).map(|_| reader.array().map(u32::from_le_bytes)).collect::<Option<Vec<_>>>()?;
        let mut bits = BitReader::new(reader.0);
        let is_long = bits.take(1)? == 1;
        let count = bits.take(if is_long { LONG_COUNT } else { SHORT_COUNT })? as usize;
        let (mut last, width) = (0_u32, rice(count));
        let mut terms = Vec::with_capacity(count.min(bytes.len() * 4));
        for _ in 0..count {
            let gap = (bits.take_unary(1 << TERM_BITS)? << width) | bits.take(width)?;
            last = last.checked_add(gap).filter(|hash| *hash < 1 << TERM_BITS)?;
            terms.push(Term::new(last, bits.take_unary(MAX_COUNT - 1)? + 1));
        }
        Some(Self { kind: flags & 0x0f, importance, embedding, owners, facets, has_metadata, terms })
    }
}

/// The Rice parameter for the gaps between so many hashes: the width of ln 2 times the mean gap.
fn rice(count: usize) -> u32 {
    let mean = (1_u32 << TERM_BITS) / u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    (mean / 13 * 9).max(1).ilog2()
}

/// The stored code of a memory type: its index in the list of all.
pub(crate) fn type_code(kind: MemoryType) -> u8 {
    let position = MemoryType::ALL.iter().position(|other| *other == kind);
    position.and_then(|position| u8::try_from(position).ok()).unwrap_or(0)
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
