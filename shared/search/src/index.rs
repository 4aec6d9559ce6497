//! A tenant's search documents in memory.

mod layout;
mod passages;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use hb_domain::{MemoryId, Timestamp};
pub(crate) use layout::Layout;
pub(crate) use passages::Content;
use passages::{Passages, Row};

use crate::document::{MAX_PASSAGES, MAX_STOP_WORDS, Passage, SearchDocument, Term};
use crate::facets::MAX_FACETS;
use crate::model::EmbeddingBits;
use crate::owners::Owners;
use crate::pool::{Pool, Span};

/// The bytes that a passage takes without its terms, its stop words and its facets.
const PASSAGE_BYTES: usize = Passages::BYTES + Layout::BYTES;
/// Digits of a memory's id after its prefix.
const DIGITS: usize = 22;

/// A memory's search document, with its id and expiry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The memory.
    pub id: MemoryId,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// Its search document.
    pub document: SearchDocument,
}

impl Entry {
    /// The most bytes that an entry takes in an index: 10,000 characters and 50 tags of 50, each Chinese character of which is a term
    /// by itself and with the one before.
    pub const MAX_BYTES: usize = (PASSAGE_BYTES + MAX_STOP_WORDS) * MAX_PASSAGES
        + size_of::<Term>() * 2 * (10_000 + 50 * 50)
        + size_of::<u32>() * MAX_FACETS;

    /// The memory that it takes in an index, in bytes.
    pub fn bytes(&self) -> usize {
        let passages = &self.document.passages;
        let of_passage = |passage: &Passage| {
            PASSAGE_BYTES + passage.terms.len() * size_of::<Term>() + passage.stop_words.len()
        };
        passages.iter().map(of_passage).sum::<usize>() + self.document.facets.len() * size_of::<u32>()
    }
}

/// Search documents, sorted by session and within a session by creation.
#[derive(Debug, Default)]
pub struct Index {
    passages: Passages,
    layout: Layout,
    terms: Pool<Term>,
    stop_words: Pool<u8>,
    facets: Pool<u32>,
    /// How many bytes of the pools belong to slots.
    pool_bytes: usize,
    /// Whether some passages have terms of earlier formats.
    has_short_hashes: bool,
    /// When the first slot expires, milliseconds since 1970.
    first_expiry: Option<i64>,
    /// Counts the rebuilds, modulo 256.
    generation: u8,
}

/// What a search reads of few passages. The slots of a memory are adjacent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// The halves of the id: a number of 128 bits would be aligned to 16 bytes.
    id: [u64; 2],
    /// Milliseconds since 1970.
    pub(crate) expires_at: i64,
    pub(crate) owners: Owners,
    stop_words: Span,
    facets: Span,
    pub(crate) has_metadata: bool,
    has_short_hashes: bool,
    /// The rebuild in which, or after which, it was read.
    generation: u8,
    /// Its number within the memory, from 0.
    pub(crate) passage: u8,
    pub(crate) kind: u8,
}

impl Index {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of memories.
    pub fn len(&self) -> usize {
        self.layout.memories()
    }

    /// Whether it has no memories.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory that it takes, in bytes.
    pub fn allocated_bytes(&self) -> usize {
        self.passages.allocated_bytes()
            + self.layout.allocated_bytes()
            + self.terms.allocated_bytes()
            + self.stop_words.allocated_bytes()
            + self.facets.allocated_bytes()
    }

    /// The memory that its entries take, in bytes: [`allocated_bytes`](Self::allocated_bytes) without spare room.
    pub fn used_bytes(&self) -> usize {
        self.passages.len() * PASSAGE_BYTES + self.pool_bytes
    }

    /// Adds `entries`, replacing those of the same memories. Of several entries of one memory the first counts.
    pub fn apply(&mut self, entries: Vec<Entry>) {
        let mut changed = HashSet::with_capacity(entries.len());
        let entries: Vec<Entry> =
            entries.into_iter().filter(|entry| changed.insert(id_number(&entry.id))).collect();
        if entries.is_empty() {
            return;
        }
        if !self.is_empty() {
            self.passages.retain(|slot| !changed.contains(&slot.id()));
        }
        let mut rows = Vec::with_capacity(entries.len());
        for entry in &entries {
            self.push_rows(entry, &mut rows);
        }
        self.passages.merge(rows);
        self.update_totals();
    }

    /// Removes these memories.
    pub fn remove<'i>(&mut self, ids: impl IntoIterator<Item = &'i MemoryId>) {
        let gone: HashSet<u128> = ids.into_iter().map(id_number).collect();
        self.retain(|slot| !gone.contains(&slot.id()));
    }

    /// Whether it has memories that have expired by `now`.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.first_expiry.is_some_and(|end| end <= now.millis())
    }

    /// Removes the memories that have expired by `now`.
    pub fn remove_expired(&mut self, now: Timestamp) {
        self.retain(|slot| slot.expires_at > now.millis());
    }

    /// Begins a rebuild: memories that are not [applied](Self::apply) until its [end](Self::end_rebuild) are removed then.
    pub fn begin_rebuild(&mut self) {
        self.generation = self.generation.wrapping_add(1);
    }

    /// Ends a rebuild: removes the memories that were not applied since it began.
    pub fn end_rebuild(&mut self) {
        let generation = self.generation;
        self.retain(|slot| slot.generation == generation);
    }

    fn retain(&mut self, keep: impl FnMut(&Slot) -> bool) {
        self.passages.retain(keep);
        self.update_totals();
    }

    /// Updates what depends on the passages: layout, first expiry, pool sizes, and spare room.
    fn update_totals(&mut self) {
        let Passages { slots, contents, .. } = &mut self.passages;
        self.layout.update(slots.iter());
        let (mut first_expiry, mut stop_words, mut facets) = (i64::MAX, 0, 0);
        for slot in &*slots {
            first_expiry = first_expiry.min(slot.expires_at);
            stop_words += slot.stop_words.len();
            facets += slot.facets.len();
        }
        let terms = contents.iter().map(|content| content.terms.len()).sum();
        self.has_short_hashes = slots.iter().any(|slot| slot.has_short_hashes);
        self.first_expiry = Some(first_expiry).filter(|end| *end < i64::MAX);
        self.pool_bytes = terms * size_of::<Term>() + stop_words + facets * size_of::<u32>();
        if self.terms.needs_compaction(terms) {
            self.terms.compact(contents.iter_mut().map(|content| &mut content.terms).collect());
        }
        if self.stop_words.needs_compaction(stop_words) {
            self.stop_words.compact(slots.iter_mut().map(|slot| &mut slot.stop_words).collect());
        }
        if self.facets.needs_compaction(facets) {
            self.facets.compact(slots.iter_mut().map(|slot| &mut slot.facets).collect());
        }
        self.passages.shrink();
    }

    /// Adds the passages of an entry. The first one has the facets.
    fn push_rows(&mut self, entry: &Entry, rows: &mut Vec<Row>) {
        let document = &entry.document;
        let facets = self.facets.push(&document.facets);
        for (number, passage) in (0_u8..).zip(&document.passages) {
            let slot = Slot {
                id: halves(id_number(&entry.id)),
                expires_at: entry.expires_at.map_or(i64::MAX, Timestamp::millis),
                owners: document.owners,
                stop_words: self.stop_words.push(&passage.stop_words),
                facets: if number == 0 { facets } else { Span::default() },
                has_metadata: document.has_metadata,
                has_short_hashes: document.has_short_hashes,
                generation: self.generation,
                passage: number,
                kind: document.kind,
            };
            let content = Content {
                terms: self.terms.push(&passage.terms),
                length: u16::try_from(passage.length()).unwrap_or(u16::MAX),
                language: document.language,
                importance: document.importance,
            };
            rows.push((slot, content, passage.embedding));
        }
    }

    /// How its passages form memories and sessions.
    pub(crate) const fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) const fn has_short_hashes(&self) -> bool {
        self.has_short_hashes
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.passages.slots
    }

    pub(crate) fn contents(&self) -> &[Content] {
        &self.passages.contents
    }

    pub(crate) fn embeddings(&self) -> &[EmbeddingBits] {
        &self.passages.embeddings
    }

    pub(crate) fn terms_of(&self, content: &Content) -> &[Term] {
        self.terms.of(content.terms)
    }

    /// The codes of the passage's stop words.
    pub(crate) fn stop_words_of(&self, slot: &Slot) -> &[u8] {
        self.stop_words.of(slot.stop_words)
    }

    /// The facets of the memory, which its first passage has.
    pub(crate) fn facets_of(&self, slot: &Slot) -> &[u32] {
        self.facets.of(slot.facets)
    }
}

impl Slot {
    /// The id as a number, which sorts by creation time.
    pub(crate) fn id(&self) -> u128 {
        let [high, low] = self.id;
        u128::from(high) << 64 | u128::from(low)
    }

    /// The key that slots are sorted by.
    fn sort_order(&self) -> (u64, u128, u8) {
        (self.owners.session(), self.id(), self.passage)
    }
}

const fn halves(id: u128) -> [u64; 2] {
    [(id >> 64) as u64, id as u64]
}

/// An id as a number.
pub(crate) fn id_number(id: &MemoryId) -> u128 {
    u128::from_str_radix(id.as_str().get(4..).unwrap_or_default(), 36).unwrap_or(0)
}

/// The id of a number.
pub(crate) fn id_from_number(mut number: u128) -> Option<MemoryId> {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
    }
    MemoryId::parse(&format!("mem_{}", str::from_utf8(&digits).ok()?))
}
