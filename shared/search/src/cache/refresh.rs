//! The refresh of one request: which page to read next, and what to make of the result.
//!
//! A rebuild that is due or under way goes first. A sync follows: it reads what has changed since the last complete sync
//! or, behind backdated changes, since the earliest of them.

use std::time::Duration;

use hb_domain::Timestamp;
use hb_domain::tenant::SearchVersion;

use super::{CachedIndex, State};
use crate::Entry;
use crate::cache::rebuild::Progress;

/// After so many pages of changes since a backdated one, a rebuild is faster.
pub(super) const MAX_PAGES: u32 = 4;

/// What one refresh may use.
#[derive(Clone, Copy, Debug)]
pub struct RefreshLimits {
    /// How long a rebuild reads on, page by page and at least one; a sync, twice as long.
    pub time: Duration,
    /// How many bytes a rebuild may read. Less than `max_bytes`: old entries take up memory until its end.
    pub room_bytes: usize,
    /// The size in bytes beyond which an index that has grown by syncs is rebuilt.
    pub max_bytes: usize,
    /// How many bytes of entries are collected before they are put into the index, which takes a pass through all of it.
    pub batch_bytes: usize,
    /// How long before the last sync a change may be dated and yet be missing: clocks that differ and slow commits.
    pub overlap: Duration,
}

/// A refresh in progress. Dropping it early loses no entries of a rebuild: the next refresh continues it.
#[derive(Debug)]
#[must_use = "the index is refreshed by following its steps"]
pub struct Refresh<'c, K> {
    pub(super) cached: &'c mut CachedIndex<K>,
    version: SearchVersion,
    now: Timestamp,
    limits: RefreshLimits,
    phase: Phase<K>,
}

/// What the caller does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'r, K> {
    /// Search the index as it is.
    Serve,
    /// Read a page of the tenant's entries, the latest changes first, and report [`page`](Refresh::page),
    /// [`throttled`](Refresh::throttled) or [`failed`](Refresh::failed).
    ReadPage {
        /// Where the page begins; `None` for the first one.
        from: Option<&'r K>,
        /// Only changes from then on; `None` for all of them.
        since: Option<Timestamp>,
    },
}

#[derive(Debug)]
enum Phase<K> {
    Rebuild,
    Sync(SyncProgress<K>),
    Done,
}

/// How far a sync has come. It is not kept between requests.
#[derive(Debug)]
struct SyncProgress<K> {
    since: Timestamp,
    /// Whether it reads back to the earliest backdated change.
    is_catch_up: bool,
    from: Option<K>,
    pages: u32,
    pending: Vec<Entry>,
    pending_bytes: usize,
}

/// How a sync has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sync {
    /// All changes were read.
    Complete,
    /// There was no time for all.
    TimedOut,
    /// There are so many changes that a rebuild, which continues where it stopped, is faster.
    NeedsRebuild,
}

impl<'c, K> Refresh<'c, K> {
    pub(super) fn start(
        cached: &'c mut CachedIndex<K>,
        version: SearchVersion,
        now: Timestamp,
        limits: RefreshLimits,
    ) -> Self {
        let is_current = cached.is_current(version, now);
        let mut refresh = Self { cached, version, now, limits, phase: Phase::Done };
        if is_current {
            return refresh;
        }
        if refresh.is_oversized() {
            refresh.cached.require_rebuild();
        }
        if refresh.cached.needs_rebuild(version, now) {
            refresh.cached.begin_rebuild(version, now);
        }
        if refresh.cached.is_rebuilding() {
            refresh.phase = Phase::Rebuild;
        } else {
            refresh.begin_sync();
        }
        refresh
    }

    /// What to do next.
    pub fn next_step(&self) -> Step<'_, K> {
        match (&self.phase, &self.cached.state) {
            (Phase::Rebuild, State::Rebuilding(rebuild)) => {
                Step::ReadPage { from: rebuild.from.as_ref(), since: None }
            }
            (Phase::Sync(sync), _) => Step::ReadPage { from: sync.from.as_ref(), since: Some(sync.since) },
            _ => Step::Serve,
        }
    }

    /// The memory that the index takes, in bytes.
    pub fn allocated_bytes(&self) -> usize {
        self.cached.index.allocated_bytes()
    }

    /// Reports that the page, which is [reported](Self::page) next, lacks entries that could not be read.
    pub const fn page_is_incomplete(&mut self) {
        match &mut self.cached.state {
            State::Empty => {}
            State::Rebuilding(rebuild) => rebuild.lacks_entries = true,
            State::Ready(ready) => ready.lacks_entries = true,
        }
    }

    /// Reports a page that was read, where the next one begins, if there is one, and the time since the request began.
    pub fn page(&mut self, entries: Vec<Entry>, next: Option<K>, elapsed: Duration) {
        match &self.phase {
            Phase::Rebuild => self.rebuild_page(entries, next, elapsed),
            Phase::Sync(_) => self.sync_page(entries, next, elapsed),
            Phase::Done => {}
        }
    }

    /// Reports that the database throttles reads. Returns whether the refresh goes on; otherwise it has
    /// [failed](Self::failed).
    pub fn throttled(&mut self, elapsed: Duration) -> bool {
        match &self.phase {
            Phase::Rebuild if self.has_entries() => self.pause_rebuild(),
            Phase::Sync(sync) if sync.is_catch_up => self.end_sync(Sync::NeedsRebuild, elapsed),
            // The response says that it is partial in any case.
            Phase::Sync(_) if self.cached.is_rebuilding() => self.end_sync(Sync::TimedOut, elapsed),
            _ => {
                self.failed();
                return false;
            }
        }
        true
    }

    /// Reports that a page could not be read. The refresh is over; a rebuild keeps what it has read.
    pub fn failed(&mut self) {
        self.flush_rebuild();
        self.phase = Phase::Done;
    }

    fn rebuild_page(&mut self, entries: Vec<Entry>, next: Option<K>, elapsed: Duration) {
        let State::Rebuilding(rebuild) = &mut self.cached.state else { return };
        match rebuild.add(entries, next, self.limits.room_bytes) {
            Progress::Continues if elapsed >= self.limits.time => self.pause_rebuild(),
            Progress::Continues => {
                if rebuild.pending_bytes() >= self.limits.batch_bytes {
                    self.flush_rebuild();
                    if !self.cached.is_rebuilding() {
                        self.begin_sync();
                    }
                }
            }
            progress => {
                self.cached.finish_rebuild(progress == Progress::Full);
                self.begin_sync();
            }
        }
    }

    /// Leaves the rest of a rebuild to the next request.
    fn pause_rebuild(&mut self) {
        self.flush_rebuild();
        self.begin_sync();
    }

    /// Puts what a rebuild has read into the index.
    fn flush_rebuild(&mut self) {
        self.cached.flush_rebuild();
        self.make_room();
    }

    /// Removes the entries from before a rebuild when there is no room for both. A rebuild that has no room either, because
    /// of the changes that were synced meanwhile, ends; the next refresh begins another one.
    fn make_room(&mut self) {
        if self.cached.is_rebuilding() && self.is_oversized() {
            self.cached.index.end_rebuild();
            if self.is_oversized() {
                self.cached.finish_rebuild(true);
            }
        }
    }

    fn begin_sync(&mut self) {
        let (synced_at, catch_up) = match &self.cached.state {
            State::Empty => return,
            State::Rebuilding(rebuild) => (rebuild.synced_at, None),
            State::Ready(ready) => (ready.synced_at, ready.version.catch_up_from(&self.version)),
        };
        let since = catch_up.into_iter().fold(synced_at.minus(self.limits.overlap), Timestamp::min);
        self.phase = Phase::Sync(SyncProgress {
            since,
            is_catch_up: catch_up.is_some(),
            from: None,
            pages: 0,
            pending: Vec::new(),
            pending_bytes: 0,
        });
    }

    fn sync_page(&mut self, entries: Vec<Entry>, next: Option<K>, elapsed: Duration) {
        let Phase::Sync(sync) = &mut self.phase else { return };
        sync.pending_bytes += entries.iter().map(Entry::bytes).sum::<usize>();
        sync.pending.extend(entries);
        sync.pages += 1;
        sync.from = next;
        let is_late = elapsed >= self.limits.time * 2;
        if sync.from.is_none() {
            self.end_sync(Sync::Complete, elapsed);
        } else if sync.is_catch_up && (is_late || sync.pages >= MAX_PAGES) {
            self.end_sync(Sync::NeedsRebuild, elapsed);
        } else if is_late {
            self.end_sync(Sync::TimedOut, elapsed);
        } else if sync.pending_bytes >= self.limits.batch_bytes {
            sync.pending_bytes = 0;
            self.cached.index.apply(std::mem::take(&mut sync.pending));
            self.make_room();
            if self.is_oversized() {
                self.end_sync(Sync::NeedsRebuild, elapsed);
            }
        }
    }

    fn end_sync(&mut self, outcome: Sync, elapsed: Duration) {
        let Phase::Sync(sync) = std::mem::replace(&mut self.phase, Phase::Done) else { return };
        self.cached.index.apply(sync.pending);
        self.make_room();
        match (&mut self.cached.state, outcome) {
            (State::Rebuilding(rebuild), Sync::Complete) => rebuild.synced_at = self.now,
            (State::Ready(ready), Sync::Complete) => {
                ready.synced(self.version, self.now, sync.is_catch_up);
            }
            (State::Ready(ready), Sync::TimedOut) => ready.needs_sync = true,
            _ => {}
        }
        let needs_rebuild = match outcome {
            // The rebuild that came before may have begun with an earlier version.
            Sync::Complete => self.cached.needs_rebuild(self.version, self.now),
            Sync::NeedsRebuild => true,
            Sync::TimedOut => false,
        };
        if needs_rebuild {
            self.cached.begin_rebuild(self.version, self.now);
            if elapsed < self.limits.time {
                self.phase = Phase::Rebuild;
            }
        }
    }

    /// Whether there is anything to search.
    fn has_entries(&self) -> bool {
        let has_pending = matches!(&self.cached.state, State::Rebuilding(rebuild) if rebuild.has_pending());
        has_pending || !self.cached.index.is_empty()
    }

    fn is_oversized(&self) -> bool {
        self.cached.index.used_bytes() > self.limits.max_bytes
    }
}
