//! An index that has read all memories once, and when that has to happen again.

use std::time::Duration;

use hb_domain::Timestamp;
use hb_domain::tenant::SearchVersion;

/// A sync is due after that long, whatever the version: a request may have written and died before it raised it.
pub(super) const MAX_AGE: Duration = Duration::from_secs(60);
/// A rebuild is due after that long: until then, backdated lines of an import whose request has died may not be found.
pub const MAX_REBUILD_AGE: Duration = Duration::from_secs(3_600);
/// When the last complete sync is that long ago and another one has not completed, a rebuild, which continues where it
/// stopped, is faster.
pub(super) const MAX_SYNC_AGE: Duration = Duration::from_secs(600);
/// Up to that size in bytes, each deletion causes a rebuild: some 5,800 memories of a sentence.
pub(super) const SMALL_INDEX: usize = 1 << 20;
/// A larger index is rebuilt for deletions after a pause of a millisecond for so many bytes.
pub(super) const BYTES_PER_MILLISECOND: usize = 200;

/// What is known about an index that was read as a whole.
#[derive(Debug)]
pub(super) struct Ready {
    /// The index has every change of this version.
    pub(super) version: SearchVersion,
    /// When the rebuild began; `None` when another one is due.
    pub(super) rebuilt_at: Option<Timestamp>,
    /// When the last complete sync began.
    pub(super) synced_at: Timestamp,
    /// Whether memories are missing that there was no room for: those unchanged for the longest time.
    pub(super) is_truncated: bool,
    /// Whether the last sync, or the one that has to follow a rebuild, is not complete.
    pub(super) needs_sync: bool,
    /// Whether memories have been deleted since the rebuild.
    pub(super) may_have_deleted_entries: bool,
    /// Whether entries are missing that could not be read.
    pub(super) lacks_entries: bool,
}

impl Ready {
    /// Whether every memory is in the index.
    pub(super) const fn is_complete(&self) -> bool {
        !self.is_truncated && !self.needs_sync && !self.lacks_entries
    }

    /// Whether the index, of `bytes` bytes, has every change of `version` and was synced recently.
    pub(super) fn is_current(&self, version: SearchVersion, now: Timestamp, bytes: usize) -> bool {
        self.version.covers(&version)
            && now < self.synced_at.plus(MAX_AGE)
            && self.synced_at < now.plus(MAX_AGE)
            && !self.needs_sync
            && !self.needs_rebuild(version, now, bytes)
    }

    /// Whether a sync would not suffice to bring the index, of `bytes` bytes, up to `version`.
    pub(super) fn needs_rebuild(&self, version: SearchVersion, now: Timestamp, bytes: usize) -> bool {
        let Some(rebuilt_at) = self.rebuilt_at else { return true };
        // If the clock was set back, a sync would look for changes in the future.
        let is_clock_set_back = now.plus(MAX_AGE) <= self.synced_at;
        let is_too_old = rebuilt_at.plus(MAX_REBUILD_AGE) <= now;
        let is_far_behind = self.needs_sync && self.synced_at.plus(MAX_SYNC_AGE) <= now;
        is_clock_set_back
            || is_too_old
            || is_far_behind
            || self.is_out_of_reach(version)
            // A reindex publishes a backdated change. What could not be read before may be readable now.
            || (self.lacks_entries && self.version.backdated < version.backdated)
            || (self.may_have_deleted_entries(version) && may_rebuild_for_deletions(rebuilt_at, now, bytes))
    }

    /// Whether changes of `version` have times that no sync looks at, or `version` is another tenant's that had the id.
    fn is_out_of_reach(&self, version: SearchVersion) -> bool {
        let synced = SearchVersion { writes: version.writes, deletes: version.deletes, ..self.version };
        !synced.covers(&version) && self.version.catch_up_from(&version).is_none()
    }

    fn may_have_deleted_entries(&self, version: SearchVersion) -> bool {
        self.may_have_deleted_entries || self.version.deletes < version.deletes
    }

    /// Records a complete sync at `now`, which has every change of `version` but its deletions, and the backdated ones only
    /// when it `has_caught_up`.
    pub(super) fn synced(&mut self, version: SearchVersion, now: Timestamp, has_caught_up: bool) {
        self.may_have_deleted_entries = self.may_have_deleted_entries(version);
        self.version.writes = self.version.writes.max(version.writes);
        self.version.deletes = self.version.deletes.max(version.deletes);
        if has_caught_up {
            self.version.backdated = version.backdated;
        }
        self.synced_at = now;
        self.needs_sync = false;
    }
}

/// Whether deletions alone may cause a rebuild: in a small index always, in a large one after a pause.
fn may_rebuild_for_deletions(rebuilt_at: Timestamp, now: Timestamp, bytes: usize) -> bool {
    let pause = Duration::from_millis((bytes / BYTES_PER_MILLISECOND) as u64);
    bytes <= SMALL_INDEX || rebuilt_at.plus(pause) <= now
}
