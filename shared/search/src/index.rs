//! The records of a tenant, side by side in memory.

use std::collections::HashSet;

use hb_domain::{MemoryId, Timestamp};

use crate::document::{SearchDocument, Term};
use crate::model::EmbeddingBits;
use crate::owners::Owners;
use crate::pool::{Pool, Run, make_room};

#[cfg(test)]
mod tests;

/// Digits of a memory's id behind its prefix.
const DIGITS: usize = 22;

/// A memory's record, with what is not in it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The memory.
    pub id: MemoryId,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// What a search needs of it.
    pub document: SearchDocument,
}

impl Entry {
    /// What it takes in an index, in bytes.
    pub fn bytes(&self) -> usize {
        size_of::<Slot>() + (self.document.terms.len() + self.document.facets.len()) * 4
    }
}

/// Records in the order of their sessions, and within one in that of their creation.
#[derive(Debug, Default)]
pub struct Index {
    pub(crate) slots: Vec<Slot>,
    terms: Pool<Term>,
    facets: Pool<u32>,
    /// How many bytes of the pools belong to them.
    pooled: usize,
    /// When the first of them expires, milliseconds since 1970.
    first_end: Option<i64>,
    /// How often everything was read anew.
    reading: u8,
}

/// One record. What varies in length lies in the index's pools.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// The id as a number: by creation, then by chance.
    pub(crate) id: u128,
    /// Milliseconds since 1970.
    pub(crate) expires_at: i64,
    pub(crate) embedding: EmbeddingBits,
    pub(crate) owners: Owners,
    terms: Run,
    facets: Run,
    pub(crate) has_metadata: bool,
    /// In which reading of everything, or since which, it was seen.
    reading: u8,
    pub(crate) length: u16,
    pub(crate) kind: u8,
    pub(crate) importance: u8,
}

impl Index {
    /// An index of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many memories it knows.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>() + self.terms.bytes() + self.facets.bytes()
    }

    /// The memory that it could not do without, in bytes.
    pub fn needed(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.pooled
    }

    /// Takes in `entries`, in the place of what it had of the same memories. Of several of one memory the first counts.
    pub fn apply(&mut self, entries: Vec<Entry>) {
        let mut changed = HashSet::with_capacity(entries.len());
        let entries: Vec<Entry> =
            entries.into_iter().filter(|entry| changed.insert(number(&entry.id))).collect();
        if entries.is_empty() {
            return;
        }
        if !self.slots.is_empty() {
            self.slots.retain(|slot| !changed.contains(&slot.id));
        }
        let slots = entries.iter().map(|entry| self.slot(entry)).collect();
        self.merge(slots);
        self.tidy();
    }

    /// Puts slots in their places, from the last to the first, so that none is overwritten before it was moved.
    fn merge(&mut self, mut new: Vec<Slot>) {
        new.sort_unstable_by_key(Slot::order);
        let mut kept = self.slots.len();
        make_room(&mut self.slots, new.len());
        self.slots.extend_from_slice(&new);
        let mut position = self.slots.len();
        while let Some(last) = new.last() {
            position -= 1;
            if kept > 0 && self.slots[kept - 1].order() > last.order() {
                kept -= 1;
                self.slots[position] = self.slots[kept];
            } else {
                self.slots[position] = *last;
                new.pop();
            }
        }
    }

    /// Forgets these memories.
    pub fn remove<'i>(&mut self, ids: impl IntoIterator<Item = &'i MemoryId>) {
        let gone: HashSet<u128> = ids.into_iter().map(number).collect();
        self.retain(|slot| !gone.contains(&slot.id));
    }

    /// Whether it knows memories that have ended by `now`.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.first_end.is_some_and(|end| end <= now.millis())
    }

    /// Forgets the memories that have ended by `now`.
    pub fn remove_expired(&mut self, now: Timestamp) {
        self.retain(|slot| slot.expires_at > now.millis());
    }

    /// Everything is read anew from now on: what is not [applied](Self::apply) until the [end](Self::end_reading) is gone.
    pub fn begin_reading(&mut self) {
        self.reading = self.reading.wrapping_add(1);
    }

    /// Everything was read: forgets what was not seen since the beginning.
    pub fn end_reading(&mut self) {
        let reading = self.reading;
        self.retain(|slot| slot.reading == reading);
    }

    fn retain(&mut self, keep: impl FnMut(&Slot) -> bool) {
        self.slots.retain(keep);
        self.tidy();
    }

    /// Follows a change of the slots: the first end, and what is kept for slots that have gone.
    fn tidy(&mut self) {
        let (mut first_end, mut terms, mut facets) = (i64::MAX, 0, 0);
        for slot in &self.slots {
            first_end = first_end.min(slot.expires_at);
            terms += slot.terms.len();
            facets += slot.facets.len();
        }
        self.first_end = Some(first_end).filter(|end| *end < i64::MAX);
        self.pooled = terms * size_of::<Term>() + facets * size_of::<u32>();
        if self.terms.is_loose(terms) {
            self.terms.compact(self.slots.iter_mut().map(|slot| &mut slot.terms).collect());
        }
        if self.facets.is_loose(facets) {
            self.facets.compact(self.slots.iter_mut().map(|slot| &mut slot.facets).collect());
        }
        if self.slots.capacity() > self.slots.len() / 4 * 5 + 1_024 {
            self.slots.shrink_to_fit();
        }
    }

    fn slot(&mut self, entry: &Entry) -> Slot {
        let document = &entry.document;
        let (terms, facets) = (self.terms.push(&document.terms), self.facets.push(&document.facets));
        Slot {
            id: number(&entry.id),
            expires_at: entry.expires_at.map_or(i64::MAX, Timestamp::millis),
            embedding: document.embedding,
            owners: document.owners,
            terms,
            facets,
            has_metadata: document.has_metadata,
            reading: self.reading,
            length: u16::try_from(document.length()).unwrap_or(u16::MAX),
            kind: document.kind,
            importance: document.importance,
        }
    }

    pub(crate) fn terms_of(&self, slot: &Slot) -> &[Term] {
        self.terms.of(slot.terms)
    }

    /// The hashes of what the memory can be filtered by.
    pub(crate) fn facets_of(&self, slot: &Slot) -> &[u32] {
        self.facets.of(slot.facets)
    }
}

impl Slot {
    /// What slots are sorted by.
    fn order(&self) -> (u64, u128) {
        (self.owners.session(), self.id)
    }
}

/// An id as a number.
pub(crate) fn number(id: &MemoryId) -> u128 {
    u128::from_str_radix(id.as_str().get(4..).unwrap_or_default(), 36).unwrap_or(0)
}

/// The id of a number.
pub(crate) fn name(mut number: u128) -> Option<MemoryId> {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
    }
    MemoryId::parse(&format!("mem_{}", str::from_utf8(&digits).ok()?))
}
