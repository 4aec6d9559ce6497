//! One tenant's index as an instance caches it: a state machine that decides which pages to read, and does no I/O.
//!
//! The caller starts a [`Refresh`] for each request, reads the pages that [`Refresh::next_step`] asks for, and reports
//! what came of each. The time, the clock and the limits are passed in. infra/adr/0011 says why no change is missed.
//!
//! ```text
//! Empty ── first request ──▶ Rebuilding ── last page, or no room left ──▶ Ready
//!                             ▲   │  ▲                                      │
//!                             │   └──┘ continued by the next request        │
//!                             └───────── a sync does not suffice ───────────┘
//! ```

mod ready;
mod rebuild;
mod refresh;
#[cfg(test)]
mod tests;

use hb_domain::search::Search;
use hb_domain::tenant::SearchVersion;
use hb_domain::{MemoryId, Timestamp};

pub use ready::MAX_REBUILD_AGE;
pub use refresh::{Refresh, RefreshLimits, Step};

use crate::Index;
use ready::Ready;
use rebuild::Rebuild;

/// A tenant's index and how current it is. `K` is the database's start key: where the next page begins.
#[derive(Debug)]
pub struct CachedIndex<K> {
    index: Index,
    state: State<K>,
    /// Counts the refreshes.
    revision: u64,
}

#[derive(Debug)]
enum State<K> {
    /// Nothing was read.
    Empty,
    /// All memories are being read. Entries from before the rebuild stay searchable until its end.
    Rebuilding(Rebuild<K>),
    /// All memories were read, or as many as there is room for.
    Ready(Ready),
}

impl<K> Default for CachedIndex<K> {
    fn default() -> Self {
        Self { index: Index::default(), state: State::Empty, revision: 0 }
    }
}

impl<K> CachedIndex<K> {
    /// The index, as far as it was read.
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// The number of refreshes so far. Entries change only in a refresh, or by [`remove`](Self::remove).
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether a search as of `version` has to [refresh](Self::refresh) the index first.
    pub fn needs_refresh(&self, version: SearchVersion, now: Timestamp) -> bool {
        !self.is_current(version, now) || self.index.has_expired(now)
    }

    /// Starts a refresh that brings the index up to `version`, as far as `limits` allow.
    pub fn refresh(
        &mut self,
        version: SearchVersion,
        now: Timestamp,
        limits: RefreshLimits,
    ) -> Refresh<'_, K> {
        self.revision += 1;
        Refresh::start(self, version, now, limits)
    }

    /// Removes memories that were found to be deleted, unless the index was refreshed since `revision`: they may exist
    /// again.
    pub fn remove(&mut self, deleted: &[MemoryId], revision: u64) {
        if self.revision == revision {
            self.index.remove(deleted);
        }
    }

    /// Removes the memories that have expired by `now`.
    pub fn remove_expired(&mut self, now: Timestamp) {
        self.index.remove_expired(now);
    }

    /// Makes the next refresh rebuild the index.
    pub const fn require_rebuild(&mut self) {
        if let State::Ready(ready) = &mut self.state {
            ready.rebuilt_at = None;
        }
    }

    /// How many memories `search` covers, when the index may not have all of the tenant's; `None` when it has.
    pub fn partial_count(&self, search: &Search) -> Option<u64> {
        let is_complete = matches!(&self.state, State::Ready(ready) if ready.is_complete());
        (!is_complete).then(|| self.index.count(search) as u64)
    }

    fn is_current(&self, version: SearchVersion, now: Timestamp) -> bool {
        let bytes = self.index.used_bytes();
        matches!(&self.state, State::Ready(ready) if ready.is_current(version, now, bytes))
    }

    /// Whether all memories have to be read again. A rebuild that has begun is continued instead.
    fn needs_rebuild(&self, version: SearchVersion, now: Timestamp) -> bool {
        match &self.state {
            State::Empty => true,
            State::Rebuilding(_) => false,
            State::Ready(ready) => ready.needs_rebuild(version, now, self.index.used_bytes()),
        }
    }

    /// Whether a rebuild is under way, which the next refresh continues.
    pub const fn is_rebuilding(&self) -> bool {
        matches!(self.state, State::Rebuilding(_))
    }

    /// Empty or ready → rebuilding.
    fn begin_rebuild(&mut self, version: SearchVersion, now: Timestamp) {
        self.index.begin_rebuild();
        self.state = State::Rebuilding(Rebuild::new(version, now));
    }

    /// Rebuilding → ready.
    fn finish_rebuild(&mut self, is_truncated: bool) {
        self.flush_rebuild();
        if let State::Rebuilding(rebuild) = &self.state {
            let ready = rebuild.finish(is_truncated);
            self.index.end_rebuild();
            self.state = State::Ready(ready);
        }
    }

    /// Puts what a rebuild has read into the index.
    fn flush_rebuild(&mut self) {
        if let State::Rebuilding(rebuild) = &mut self.state {
            self.index.apply(rebuild.take_pending());
        }
    }
}
