//! The passages that a search ranks: those of the owners it asks for. All statistics are computed within a view, as if the
//! tenant had no other records.

use crate::document::Term;
use crate::index::{Index, Slot};
use crate::owners::Owners;

/// Some of the passages of an index, in its order: with one of a memory all of it.
pub(crate) struct View<'i> {
    index: &'i Index,
    slots: &'i [Slot],
    /// The positions of its passages among `slots`; `None` for all.
    chosen: Option<Vec<u32>>,
}

impl<'i> View<'i> {
    /// All passages.
    pub(crate) fn all(index: &'i Index) -> Self {
        Self { index, slots: &index.slots, chosen: None }
    }

    /// The passages of these owners; all of them when no owner is set.
    pub(crate) fn of(index: &'i Index, owners: &Owners) -> Self {
        let mut slots = index.slots.as_slice();
        let [user, agent, session] = owners.0;
        if session != 0 {
            // Slots are sorted by session.
            slots = &slots[slots.partition_point(|slot| slot.owners.session() < session)..];
            slots = &slots[..slots.partition_point(|slot| slot.owners.session() == session)];
        }
        let chosen = (user != 0 || agent != 0).then(|| {
            let all = slots.iter().zip(0_u32..);
            all.filter(|(slot, _)| slot.owners.matches(owners)).map(|(_, position)| position).collect()
        });
        Self { index, slots, chosen }
    }

    pub(crate) fn len(&self) -> usize {
        self.chosen.as_ref().map_or(self.slots.len(), Vec::len)
    }

    /// The number of memories.
    pub(crate) fn memories(&self) -> usize {
        self.iter().filter(|slot| slot.passage == 0).count()
    }

    pub(crate) fn slot(&self, position: usize) -> Option<&'i Slot> {
        match &self.chosen {
            None => self.slots.get(position),
            Some(chosen) => self.slots.get(*chosen.get(position)? as usize),
        }
    }

    /// Its passages, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'i Slot> {
        let (all, chosen) = match &self.chosen {
            None => (self.slots, &[][..]),
            Some(chosen) => (&[][..], chosen.as_slice()),
        };
        let slots = self.slots;
        all.iter().chain(chosen.iter().map(move |position| &slots[*position as usize]))
    }

    pub(crate) fn terms_of(&self, slot: &Slot) -> &'i [Term] {
        self.index.terms_of(slot)
    }

    pub(crate) fn stop_words_of(&self, slot: &Slot) -> &'i [u8] {
        self.index.stop_words_of(slot)
    }

    pub(crate) fn facets_of(&self, slot: &Slot) -> &'i [u32] {
        self.index.facets_of(slot)
    }
}
