//! What a search needs of one memory, in some 150 bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | 2, the format |
//! | 1 | type in the low 4 bits; bit 4: has owners, bit 5: has facets, bit 6: has metadata of which there are no facets |
//! | 1 | importance in steps of 1/255 |
//! | 32 | embedding: the sign of each dimension |
//! | 1 + 8 each | owners, when it has any: bit 0: a user, bit 1: an agent, bit 2: a session; a hash of each |
//! | 1 + 4 each | facets, when it has any |
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
/// Bits of a term's hash: of 100,000 memories of 20 terms, two have a given term by accident.
const TERM_BITS: u32 = 20;
/// The highest count of a term that is told apart.
const MAX_COUNT: u32 = 15;
/// Bits of the number of distinct terms.
const SHORT_COUNT: u32 = 7;
const LONG_COUNT: u32 = 11;
/// The most distinct terms that are kept of a text, those that come first.
const MAX_TERMS: usize = 2_000;

/// What a search needs of one memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchDocument {
    pub(crate) kind: u8,
    pub(crate) importance: u8,
    pub(crate) embedding: EmbeddingBits,
    /// Whose it is.
    pub(crate) owners: Owners,
    /// Hashes of what else filters ask for.
    pub(crate) facets: Vec<u32>,
    /// Whether those of metadata are among them.
    pub(crate) has_metadata: bool,
    /// Each distinct term and how often it is said, ascending.
    pub(crate) terms: Vec<Term>,
}

/// A term's hash in the upper bits, its count in the lower four.
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
    /// The record of a memory. Its tags are searched like words of its content.
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
            kind: kind_number(memory.kind),
            importance: (memory.importance * 255.0).round() as u8,
            embedding: model::get().embedding(&memory.content),
            owners: Owners::of(memory),
            facets,
            has_metadata,
            terms,
        }
    }

    /// How many terms the text has.
    pub(crate) fn length(&self) -> u32 {
        self.terms.iter().map(|term| term.count()).sum()
    }

    /// The record as it is stored.
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

    /// The record of stored bytes; `None` when they are no record of a format that is known.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = Rest(bytes);
        let [format, flags, importance] = rest.array()?;
        if format != FORMAT {
            return None;
        }
        let embedding = rest.array()?;
        let [present] = if flags & HAS_OWNERS == 0 { [0_u8] } else { rest.array()? };
        let mut owners = Owners::default();
        for (bit, owner) in owners.0.iter_mut().enumerate() {
            if (present >> bit) & 1 == 1 {
                *owner = u64::from_le_bytes(rest.array()?);
            }
        }
        let has_metadata = flags & HAS_MORE == 0;
        let [count] = if flags & HAS_FACETS == 0 { [0] } else { rest.array()? };
        let facets = (0..count).map(|_| rest.array().map(u32::from_le_bytes)).collect::<Option<Vec<_>>>()?;
        let mut bits = BitReader::new(rest.0);
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

/// The width at which gaps between so many hashes take the fewest bits: that of ln 2 of the mean gap.
fn rice(count: usize) -> u32 {
    let mean = (1_u32 << TERM_BITS) / u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    (mean / 13 * 9).max(1).ilog2()
}

/// A memory type as its place in the list of all.
pub(crate) fn kind_number(kind: MemoryType) -> u8 {
    let position = MemoryType::ALL.iter().position(|other| *other == kind);
    position.and_then(|position| u8::try_from(position).ok()).unwrap_or(0)
}

/// Bytes still to be read.
struct Rest<'b>(&'b [u8]);

impl Rest<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }
}
