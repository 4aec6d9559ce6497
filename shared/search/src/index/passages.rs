//! The passages of an index, in columns: what a search reads of each one is apart from the rest.

use super::Slot;
use crate::model::EmbeddingBits;
use crate::pool::{Span, make_room};
use crate::text::Language;

/// The terms of a passage and what weighs them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content {
    pub(super) terms: Span,
    /// The number of its terms.
    pub(crate) length: u16,
    pub(crate) language: Language,
    /// That of the memory, in steps of 1/255.
    pub(crate) importance: u8,
}

/// A passage, in the parts that are stored apart.
pub(super) type Row = (Slot, Content, EmbeddingBits);

/// The passages, sorted by session, by creation within a session, and by their order within a memory.
#[derive(Debug, Default)]
pub(crate) struct Passages {
    pub(super) slots: Vec<Slot>,
    pub(super) contents: Vec<Content>,
    pub(super) embeddings: Vec<EmbeddingBits>,
}

impl Passages {
    /// The bytes of a passage.
    pub(super) const BYTES: usize = size_of::<Slot>() + size_of::<Content>() + size_of::<EmbeddingBits>();

    pub(super) const fn len(&self) -> usize {
        self.slots.len()
    }

    /// Merges passages in place, from the last to the first, so that none is overwritten before it was moved.
    pub(super) fn merge(&mut self, mut new: Vec<Row>) {
        new.sort_unstable_by_key(|(slot, ..)| slot.sort_order());
        let mut kept = self.len();
        make_room(&mut self.slots, new.len());
        make_room(&mut self.contents, new.len());
        make_room(&mut self.embeddings, new.len());
        self.slots.extend(new.iter().map(|(slot, ..)| *slot));
        self.contents.extend(new.iter().map(|(_, content, _)| *content));
        self.embeddings.extend(new.iter().map(|(.., embedding)| *embedding));
        let mut position = self.len();
        while let Some(last) = new.last() {
            position -= 1;
            if kept > 0 && self.slots[kept - 1].sort_order() > last.0.sort_order() {
                kept -= 1;
                self.copy(kept, position);
            } else {
                (self.slots[position], self.contents[position], self.embeddings[position]) = *last;
                new.pop();
            }
        }
    }

    /// Removes the passages that are not to be kept.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Slot) -> bool) {
        let mut kept = 0;
        for position in 0..self.len() {
            if keep(&self.slots[position]) {
                self.copy(position, kept);
                kept += 1;
            }
        }
        self.slots.truncate(kept);
        self.contents.truncate(kept);
        self.embeddings.truncate(kept);
    }

    fn copy(&mut self, from: usize, to: usize) {
        if from != to {
            self.slots[to] = self.slots[from];
            self.contents[to] = self.contents[from];
            self.embeddings[to] = self.embeddings[from];
        }
    }

    /// Returns room that is not needed.
    pub(super) fn shrink(&mut self) {
        if self.slots.capacity() > self.len() / 4 * 5 + 1_024 {
            self.slots.shrink_to_fit();
            self.contents.shrink_to_fit();
            self.embeddings.shrink_to_fit();
        }
    }

    /// The memory that they take, in bytes.
    pub(super) fn allocated_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.contents.capacity() * size_of::<Content>()
            + self.embeddings.capacity() * size_of::<EmbeddingBits>()
    }
}
