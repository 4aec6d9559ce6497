//! A pool: items of variable-length lists of all slots, in one vector.

/// The position of a slot's items in a pool.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    from: u32,
    count: u16,
}

impl Span {
    /// How many items it has.
    pub(crate) fn len(self) -> usize {
        self.count.into()
    }
}

/// The items of all slots, and for a while those of removed slots.
#[derive(Debug)]
pub(crate) struct Pool<T>(Vec<T>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy> Pool<T> {
    /// Adds the items of a slot, 65,535 at most.
    pub(crate) fn push(&mut self, items: &[T]) -> Span {
        let count = u16::try_from(items.len()).unwrap_or(u16::MAX);
        let from = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        make_room(&mut self.0, count.into());
        self.0.extend_from_slice(&items[..count.into()]);
        Span { from, count }
    }

    pub(crate) fn of(&self, span: Span) -> &[T] {
        let from = span.from as usize;
        &self.0[from..from + span.len()]
    }

    /// The memory it takes, in bytes.
    pub(crate) fn allocated_bytes(&self) -> usize {
        self.0.capacity() * size_of::<T>()
    }

    /// Whether so many items belong to removed slots that it should be compacted; `used` items do not.
    pub(crate) fn needs_compaction(&self, used: usize) -> bool {
        self.0.len() > used / 4 * 5 + 1_024
    }

    /// Drops the items of no span. It works in place: an index may take half of the memory, which leaves no room for a
    /// copy.
    pub(crate) fn compact(&mut self, mut spans: Vec<&mut Span>) {
        spans.sort_unstable_by_key(|span| span.from);
        let mut end = 0;
        for span in spans {
            let from = span.from as usize;
            self.0.copy_within(from..from + span.len(), end);
            span.from = u32::try_from(end).unwrap_or(u32::MAX);
            end += span.len();
        }
        self.0.truncate(end);
        self.0.shrink_to(end);
    }
}

/// Reserves room for `more` items, or an eighth of the length if that is more. Doubling would waste half of the memory.
pub(crate) fn make_room<T>(items: &mut Vec<T>, more: usize) {
    if items.capacity() - items.len() < more {
        items.reserve_exact(more.max(items.len() / 8));
    }
}
