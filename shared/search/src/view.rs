//! The passages that a search ranks: those of the owners and the namespace it asks for. All statistics are computed within a view, as if the
//! tenant had no other records.

use std::borrow::Cow;

use hb_domain::listing::Filter;

use crate::document::Term;
use crate::facets;
use crate::index::{Content, Index, Layout, Slot};
use crate::model::EmbeddingBits;
use crate::owners::Owners;

/// Some of the passages of an index, in its order: with one of a memory all of it.
pub(crate) struct View<'i> {
    index: &'i Index,
    /// The positions of its passages in the index; `None` for all.
    chosen: Option<Vec<u32>>,
    layout: Cow<'i, Layout>,
}

impl<'i> View<'i> {
    /// All passages.
    pub(crate) const fn all(index: &'i Index) -> Self {
        Self { index, chosen: None, layout: Cow::Borrowed(index.layout()) }
    }

    /// The passages of the owners and the namespace of `filter`; all of them when it has neither.
    pub(crate) fn of(index: &'i Index, filter: &Filter) -> Self {
        let (owners, namespaces) = (&Owners::of_filter(filter), facets::of_namespaces(filter));
        if *owners == Owners::default() && namespaces.is_empty() {
            return Self::all(index);
        }
        let (slots, session) = (index.slots(), owners.0[2]);
        // Slots are sorted by session.
        let from = slots.partition_point(|slot| session != 0 && slot.owners.session() < session);
        let until = slots.partition_point(|slot| session == 0 || slot.owners.session() <= session);
        let of_session = slots[from..until].iter().zip(u32::try_from(from).unwrap_or(u32::MAX)..);
        let mut is_chosen = false;
        let mut is_wanted = |slot: &Slot| {
            // The first passage of a memory has its facets.
            if slot.passage == 0 {
                let facets = index.facets_of(slot);
                is_chosen = slot.owners.matches(owners)
                    && namespaces.iter().all(|namespace| facets.contains(namespace));
            }
            is_chosen
        };
        let chosen: Vec<u32> =
            of_session.filter(|(slot, _)| is_wanted(slot)).map(|(_, position)| position).collect();
        let layout = Layout::of(chosen.iter().map(|position| &slots[*position as usize]));
        Self { index, chosen: Some(chosen), layout: Cow::Owned(layout) }
    }

    /// Whether some of its passages, or others of the index, have terms of earlier formats.
    pub(crate) const fn has_short_hashes(&self) -> bool {
        self.index.has_short_hashes()
    }

    /// How its passages form memories and sessions.
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The number of passages.
    pub(crate) fn len(&self) -> usize {
        self.chosen.as_ref().map_or(self.index.slots().len(), Vec::len)
    }

    /// A passage.
    pub(crate) fn slot(&self, position: usize) -> &'i Slot {
        &self.index.slots()[self.in_index(position)]
    }

    /// The content of a passage.
    pub(crate) fn content(&self, position: usize) -> &'i Content {
        &self.index.contents()[self.in_index(position)]
    }

    /// The embedding of a passage.
    pub(crate) fn embedding(&self, position: usize) -> &'i EmbeddingBits {
        &self.index.embeddings()[self.in_index(position)]
    }

    fn in_index(&self, position: usize) -> usize {
        self.chosen.as_ref().map_or(position, |chosen| chosen[position] as usize)
    }

    /// The contents of its passages, in order.
    pub(crate) fn contents(&self) -> impl Iterator<Item = &'i Content> {
        let all = self.index.contents();
        let (every, chosen) = match &self.chosen {
            None => (all, &[][..]),
            Some(chosen) => (&[][..], chosen.as_slice()),
        };
        every.iter().chain(chosen.iter().map(move |position| &all[*position as usize]))
    }

    pub(crate) fn terms_of(&self, content: &Content) -> &'i [Term] {
        self.index.terms_of(content)
    }

    pub(crate) fn stop_words_of(&self, slot: &Slot) -> &'i [u8] {
        self.index.stop_words_of(slot)
    }

    pub(crate) fn facets_of(&self, slot: &Slot) -> &'i [u32] {
        self.index.facets_of(slot)
    }
}
