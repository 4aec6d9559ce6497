//! The memories that a search is answered from: those of the owners it asks for, and no others. Whatever is counted,
//! compared or passed on is so within a view, as if the tenant held nothing else.

use crate::document::Term;
use crate::index::{Index, Slot};
use crate::owners::Owners;

/// Some of the records of an index, in its order.
pub(crate) struct View<'i> {
    index: &'i Index,
    slots: &'i [Slot],
    /// Which of them; `None` for all.
    chosen: Option<Vec<u32>>,
}

impl<'i> View<'i> {
    /// Everything there is.
    pub(crate) fn all(index: &'i Index) -> Self {
        Self { index, slots: &index.slots, chosen: None }
    }

    /// What belongs to these owners; everything when none is asked for.
    pub(crate) fn of(index: &'i Index, asked: &Owners) -> Self {
        let mut slots = index.slots.as_slice();
        let [user, agent, session] = asked.0;
        if session != 0 {
            // Sessions lie together.
            slots = &slots[slots.partition_point(|slot| slot.owners.session() < session)..];
            slots = &slots[..slots.partition_point(|slot| slot.owners.session() == session)];
        }
        let chosen = (user != 0 || agent != 0).then(|| {
            let all = slots.iter().zip(0_u32..);
            all.filter(|(slot, _)| slot.owners.match_asked(asked)).map(|(_, position)| position).collect()
        });
        Self { index, slots, chosen }
    }

    pub(crate) fn len(&self) -> usize {
        self.chosen.as_ref().map_or(self.slots.len(), Vec::len)
    }

    pub(crate) fn slot(&self, position: usize) -> Option<&'i Slot> {
        match &self.chosen {
            None => self.slots.get(position),
            Some(chosen) => self.slots.get(*chosen.get(position)? as usize),
        }
    }

    /// All of them, in order.
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

    /// The hashes of what the memory can be filtered by.
    pub(crate) fn facets_of(&self, slot: &Slot) -> &'i [u32] {
        self.index.facets_of(slot)
    }
}
