//! What varies in length, of all records side by side.

/// Where a record's part of a pool lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    from: u32,
    count: u16,
}

impl Run {
    /// How many items it has.
    pub(crate) fn len(self) -> usize {
        self.count.into()
    }
}

/// Items of all records, and for a while those of records that have gone.
#[derive(Debug)]
pub(crate) struct Pool<T>(Vec<T>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy> Pool<T> {
    /// Takes in the items of a record, 65,535 at most.
    pub(crate) fn push(&mut self, items: &[T]) -> Run {
        let count = u16::try_from(items.len()).unwrap_or(u16::MAX);
        let from = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        make_room(&mut self.0, count.into());
        self.0.extend_from_slice(&items[..count.into()]);
        Run { from, count }
    }

    pub(crate) fn of(&self, run: Run) -> &[T] {
        let from = run.from as usize;
        &self.0[from..from + run.len()]
    }

    /// The memory it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<T>()
    }

    /// Whether so much of it belongs to records that have gone that it should be compacted, when `used` items do not.
    pub(crate) fn is_loose(&self, used: usize) -> bool {
        self.0.len() > used / 4 * 5 + 1_024
    }

    /// Leaves out what belongs to none of the `runs`. It happens in place: an index may take half of the memory there is,
    /// and has no room for another one.
    pub(crate) fn compact(&mut self, mut runs: Vec<&mut Run>) {
        runs.sort_unstable_by_key(|run| run.from);
        let mut end = 0;
        for run in runs {
            let from = run.from as usize;
            self.0.copy_within(from..from + run.len(), end);
            run.from = u32::try_from(end).unwrap_or(u32::MAX);
            end += run.len();
        }
        self.0.truncate(end);
        self.0.shrink_to(end);
    }
}

/// Makes room for `more` items, and an eighth besides: doubling would take twice of what is needed.
pub(crate) fn make_room<T>(items: &mut Vec<T>, more: usize) {
    if items.capacity() - items.len() < more {
        items.reserve_exact(more.max(items.len() / 8));
    }
}
