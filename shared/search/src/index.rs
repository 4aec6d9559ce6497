//! The records of a tenant, side by side in memory.

use std::collections::HashSet;

use hb_domain::{MemoryId, Timestamp};

use crate::record::{Code, Record, Term};

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
    pub record: Record,
}

impl Entry {
    /// What it takes in an index, in bytes.
    pub fn bytes(&self) -> usize {
        size_of::<Slot>() + (self.record.terms.len() + self.record.facets.len()) * 4
    }
}

/// Records in the order of their sessions, and within one in that of their creation.
#[derive(Debug, Default)]
pub struct Index {
    pub(crate) slots: Vec<Slot>,
    terms: Vec<Term>,
    facets: Vec<u32>,
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
    pub(crate) code: Code,
    pub(crate) session: u32,
    terms: (u32, u16),
    facets: (u32, u8),
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
        self.slots.capacity() * size_of::<Slot>() + (self.terms.capacity() + self.facets.capacity()) * 4
    }

    /// The memory that it could not do without, in bytes.
    pub fn needed(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.used() * 4
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
        for entry in entries {
            let slot = self.slot(&entry);
            self.slots.push(slot);
        }
        // A stable sort: what is sorted already, all but the end, is merged.
        self.slots.sort_by_key(|slot| (slot.session, slot.id));
        self.tidy();
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

    /// How many terms and facets belong to slots.
    fn used(&self) -> usize {
        self.slots.iter().map(|slot| usize::from(slot.terms.1) + usize::from(slot.facets.1)).sum()
    }

    /// Follows a change of the slots: the first end, and pools that hold no more of what is gone than of what is there.
    fn tidy(&mut self) {
        self.first_end = self.slots.iter().map(|slot| slot.expires_at).min().filter(|end| *end < i64::MAX);
        let used = self.used();
        if self.terms.len() + self.facets.len() > 2 * used + 1_024 {
            self.compact();
        }
        if self.slots.capacity() > 2 * self.slots.len() + 1_024 {
            self.slots.shrink_to_fit();
        }
    }

    fn slot(&mut self, entry: &Entry) -> Slot {
        let record = &entry.record;
        let place = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let terms = (place(self.terms.len()), u16::try_from(record.terms.len()).unwrap_or(u16::MAX));
        self.terms.extend(record.terms.iter().take(usize::from(u16::MAX)));
        let facets = (place(self.facets.len()), u8::try_from(record.facets.len()).unwrap_or(u8::MAX));
        self.facets.extend(record.facets.iter().take(usize::from(u8::MAX)));
        Slot {
            id: number(&entry.id),
            expires_at: entry.expires_at.map_or(i64::MAX, Timestamp::millis),
            code: record.code,
            session: record.session,
            terms,
            facets,
            has_metadata: record.has_metadata,
            reading: self.reading,
            length: u16::try_from(record.length()).unwrap_or(u16::MAX),
            kind: record.kind,
            importance: record.importance,
        }
    }

    /// Leaves out of the pools what belongs to no slot any more.
    fn compact(&mut self) {
        let (mut terms, mut facets) = (Vec::new(), Vec::new());
        for slot in &mut self.slots {
            let (from, count) = (slot.terms.0 as usize, usize::from(slot.terms.1));
            slot.terms.0 = u32::try_from(terms.len()).unwrap_or(u32::MAX);
            terms.extend_from_slice(&self.terms[from..from + count]);
            let (from, count) = (slot.facets.0 as usize, usize::from(slot.facets.1));
            slot.facets.0 = u32::try_from(facets.len()).unwrap_or(u32::MAX);
            facets.extend_from_slice(&self.facets[from..from + count]);
        }
        (self.terms, self.facets) = (terms, facets);
    }

    pub(crate) fn terms_of(&self, slot: &Slot) -> &[Term] {
        let from = slot.terms.0 as usize;
        &self.terms[from..from + usize::from(slot.terms.1)]
    }

    /// The hashes of what the memory can be filtered by.
    pub(crate) fn facets_of(&self, slot: &Slot) -> &[u32] {
        let from = slot.facets.0 as usize;
        &self.facets[from..from + usize::from(slot.facets.1)]
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
