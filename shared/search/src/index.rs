//! A tenant's search documents in memory.

use std::collections::HashSet;
use std::ops::Range;

use hb_domain::{MemoryId, Timestamp};

use crate::document::{MAX_PASSAGES, MAX_STOP_WORDS, Passage, SearchDocument, Term};
use crate::facets::MAX_FACETS;
use crate::model::EmbeddingBits;
use crate::owners::Owners;
use crate::pool::{Pool, Span, make_room};
use crate::text::Language;

#[cfg(test)]
mod tests;

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
    pub const MAX_BYTES: usize = (size_of::<Slot>() + MAX_STOP_WORDS) * MAX_PASSAGES
        + size_of::<Term>() * 2 * (10_000 + 50 * 50)
        + size_of::<u32>() * MAX_FACETS;

    /// The memory that it takes in an index, in bytes.
    pub fn bytes(&self) -> usize {
        let passages = &self.document.passages;
        let of_passage = |passage: &Passage| {
            size_of::<Slot>() + passage.terms.len() * size_of::<Term>() + passage.stop_words.len()
        };
        passages.iter().map(of_passage).sum::<usize>() + self.document.facets.len() * size_of::<u32>()
    }
}

/// Search documents, sorted by session and within a session by creation.
#[derive(Debug, Default)]
pub struct Index {
    pub(crate) slots: Vec<Slot>,
    terms: Pool<Term>,
    stop_words: Pool<u8>,
    facets: Pool<u32>,
    /// The number of memories.
    memories: usize,
    /// How many bytes of the pools belong to slots.
    pool_bytes: usize,
    /// When the first slot expires, milliseconds since 1970.
    first_expiry: Option<i64>,
    /// Counts the rebuilds, modulo 256.
    generation: u8,
}

/// One passage of a search document. Its variable-length parts are in the index's pools. The slots of a memory are adjacent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// The id as a number, which sorts by creation time.
    pub(crate) id: u128,
    /// Milliseconds since 1970.
    pub(crate) expires_at: i64,
    pub(crate) embedding: EmbeddingBits,
    pub(crate) owners: Owners,
    terms: Span,
    stop_words: Span,
    facets: Span,
    pub(crate) language: Language,
    pub(crate) has_metadata: bool,
    /// The rebuild in which, or after which, it was read.
    generation: u8,
    /// The number of its terms.
    pub(crate) length: u16,
    /// Its number within the memory, from 0.
    pub(crate) passage: u8,
    /// How many passages follow in the memory.
    pub(crate) following: u8,
    pub(crate) kind: u8,
    pub(crate) importance: u8,
}

impl Index {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of memories.
    pub fn len(&self) -> usize {
        self.memories
    }

    /// Whether it has no memories.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The memory that it takes, in bytes.
    pub fn allocated_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.terms.allocated_bytes()
            + self.stop_words.allocated_bytes()
            + self.facets.allocated_bytes()
    }

    /// The memory that its entries take, in bytes: [`allocated_bytes`](Self::allocated_bytes) without spare room.
    pub fn used_bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.pool_bytes
    }

    /// Adds `entries`, replacing those of the same memories. Of several entries of one memory the first counts.
    pub fn apply(&mut self, entries: Vec<Entry>) {
        let mut changed = HashSet::with_capacity(entries.len());
        let entries: Vec<Entry> =
            entries.into_iter().filter(|entry| changed.insert(id_number(&entry.id))).collect();
        if entries.is_empty() {
            return;
        }
        if !self.slots.is_empty() {
            self.slots.retain(|slot| !changed.contains(&slot.id));
        }
        let mut slots = Vec::with_capacity(entries.len());
        for entry in &entries {
            self.push_slots(entry, &mut slots);
        }
        self.merge(slots);
        self.update_totals();
    }

    /// Merges sorted slots in place, from the last to the first, so that none is overwritten before it was moved.
    fn merge(&mut self, mut new: Vec<Slot>) {
        new.sort_unstable_by_key(Slot::sort_order);
        let mut kept = self.slots.len();
        make_room(&mut self.slots, new.len());
        self.slots.extend_from_slice(&new);
        let mut position = self.slots.len();
        while let Some(last) = new.last() {
            position -= 1;
            if kept > 0 && self.slots[kept - 1].sort_order() > last.sort_order() {
                kept -= 1;
                self.slots[position] = self.slots[kept];
            } else {
                self.slots[position] = *last;
                new.pop();
            }
        }
    }

    /// Removes these memories.
    pub fn remove<'i>(&mut self, ids: impl IntoIterator<Item = &'i MemoryId>) {
        let gone: HashSet<u128> = ids.into_iter().map(id_number).collect();
        self.retain(|slot| !gone.contains(&slot.id));
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
        self.slots.retain(keep);
        self.update_totals();
    }

    /// Updates what depends on the slots: first expiry, pool sizes, and spare room.
    fn update_totals(&mut self) {
        let (mut first_expiry, mut terms, mut stop_words, mut facets) = (i64::MAX, 0, 0, 0);
        self.memories = 0;
        for slot in &self.slots {
            first_expiry = first_expiry.min(slot.expires_at);
            self.memories += usize::from(slot.passage == 0);
            terms += slot.terms.len();
            stop_words += slot.stop_words.len();
            facets += slot.facets.len();
        }
        self.first_expiry = Some(first_expiry).filter(|end| *end < i64::MAX);
        self.pool_bytes = terms * size_of::<Term>() + stop_words + facets * size_of::<u32>();
        if self.terms.needs_compaction(terms) {
            self.terms.compact(self.slots.iter_mut().map(|slot| &mut slot.terms).collect());
        }
        if self.stop_words.needs_compaction(stop_words) {
            self.stop_words.compact(self.slots.iter_mut().map(|slot| &mut slot.stop_words).collect());
        }
        if self.facets.needs_compaction(facets) {
            self.facets.compact(self.slots.iter_mut().map(|slot| &mut slot.facets).collect());
        }
        if self.slots.capacity() > self.slots.len() / 4 * 5 + 1_024 {
            self.slots.shrink_to_fit();
        }
    }

    /// Adds the slots of an entry, one for each passage. The first one has the facets.
    fn push_slots(&mut self, entry: &Entry, slots: &mut Vec<Slot>) {
        let document = &entry.document;
        let facets = self.facets.push(&document.facets);
        let count = u8::try_from(document.passages.len()).unwrap_or(u8::MAX);
        for (number, passage) in (0..count).zip(&document.passages) {
            slots.push(Slot {
                id: id_number(&entry.id),
                expires_at: entry.expires_at.map_or(i64::MAX, Timestamp::millis),
                embedding: passage.embedding,
                owners: document.owners,
                terms: self.terms.push(&passage.terms),
                stop_words: self.stop_words.push(&passage.stop_words),
                language: document.language,
                facets: if number == 0 { facets } else { Span::default() },
                has_metadata: document.has_metadata,
                generation: self.generation,
                length: u16::try_from(passage.length()).unwrap_or(u16::MAX),
                passage: number,
                following: count - 1 - number,
                kind: document.kind,
                importance: document.importance,
            });
        }
    }

    pub(crate) fn terms_of(&self, slot: &Slot) -> &[Term] {
        self.terms.of(slot.terms)
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
    /// The positions of all passages of the memory, whose this one is at `position`.
    pub(crate) fn memory_at(&self, position: u32) -> Range<u32> {
        position - u32::from(self.passage)..position + 1 + u32::from(self.following)
    }

    /// The key that slots are sorted by.
    fn sort_order(&self) -> (u64, u128, u8) {
        (self.owners.session(), self.id, self.passage)
    }
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
