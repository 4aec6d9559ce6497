//! What an instance holds of one tenant for searches, and whether it will do for a request.

use std::time::Duration;

use hb_domain::Timestamp;
use hb_domain::search::Search;
use hb_domain::tenant::SearchVersion;
use hb_search::Index;

use crate::item::Attributes;

/// After that long without a look at the latest changes one is taken, whatever the version: a request that changed
/// something may have died before it could tell.
const MAX_AGE: Duration = Duration::from_secs(60);
/// After that long everything is read again: so long a line of an import whose request has died may not be found.
const MAX_REBUILD_AGE: Duration = Duration::from_secs(3_600);
/// When the last look is that long ago and a new one does not come to an end, reading everything, which goes on where it
/// has stopped, is the shorter way.
const MAX_SYNC_AGE: Duration = Duration::from_secs(600);
/// From so many bytes on, some 5,000 memories of a sentence, not every deletion has everything read again.
const SMALL: usize = 1 << 20;
/// It is then read again for deletions after a pause: a millisecond for so many bytes.
const BYTES_A_MILLISECOND: usize = 200;

/// What is held of one tenant.
#[derive(Debug, Default)]
pub(crate) struct CachedIndex {
    pub(crate) index: Index,
    /// The version of which it has everything; `None` as long as that is not so.
    pub(crate) version: Option<SearchVersion>,
    /// When the latest changes were looked for, to the end.
    pub(crate) synced_at: Option<Timestamp>,
    /// When it was last read as a whole; `None` when that has to be done again.
    pub(crate) rebuilt_at: Option<Timestamp>,
    /// A reading of everything that a request had no time to finish.
    pub(crate) rebuild: Option<Rebuild>,
    /// Whether there was no room for all: it has what changed last.
    pub(crate) is_truncated: bool,
    /// Whether memories have been deleted since it was read as a whole.
    pub(crate) may_have_deleted_entries: bool,
    /// Whether there are changes that a look at the latest has begun with, and was not able to end.
    pub(crate) needs_sync: bool,
    /// Counts the times that it was brought up to date.
    pub(crate) revision: u64,
}

/// A reading of everything that has come so far.
#[derive(Clone, Debug)]
pub(crate) struct Rebuild {
    pub(crate) began: Timestamp,
    /// What it will have everything of.
    pub(crate) version: SearchVersion,
    pub(crate) from: Option<Attributes>,
    /// How many bytes what it has read takes.
    pub(crate) bytes: usize,
}

impl CachedIndex {
    /// Whether it has everything of `version`, and has looked at the latest changes of late.
    pub(crate) fn is_current(&self, version: SearchVersion, now: Timestamp) -> bool {
        self.version.is_some_and(|known| known.covers(&version))
            && self.synced_at.is_some_and(|at| now < at.plus(MAX_AGE) && at < now.plus(MAX_AGE))
            && !self.needs_sync
            && !self.needs_rebuild(version, now)
    }

    /// Whether everything has to be read anew: a look at the latest changes would not do.
    pub(crate) fn needs_rebuild(&self, version: SearchVersion, now: Timestamp) -> bool {
        let (Some(known), Some(at), Some(synced)) = (self.version, self.rebuilt_at, self.synced_at) else {
            return self.rebuild.is_none();
        };
        // A clock that was set back would look for changes after their time.
        let is_usable = now < at.plus(MAX_REBUILD_AGE) && synced < now.plus(MAX_AGE);
        let is_far_behind = self.needs_sync && synced.plus(MAX_SYNC_AGE) <= now;
        let may_have_deleted_entries = self.may_have_deleted_entries || known.deletes < version.deletes;
        let by_look = SearchVersion { writes: version.writes, deletes: version.deletes, ..known };
        let is_out_of_sight = !by_look.covers(&version) && known.catch_up_from(&version).is_none();
        !is_usable
            || is_far_behind
            || is_out_of_sight
            || (may_have_deleted_entries && self.may_rebuild_for_deletions(now))
    }

    /// Whether it may be read anew for deletions alone: always when it is small.
    fn may_rebuild_for_deletions(&self, now: Timestamp) -> bool {
        let bytes = self.index.needed();
        let pause = Duration::from_millis((bytes / BYTES_A_MILLISECOND) as u64);
        bytes <= SMALL || self.rebuilt_at.is_none_or(|at| at.plus(pause) <= now)
    }

    /// Begins to read everything anew; what it has serves on until the end.
    pub(crate) fn begin_rebuild(&mut self, version: SearchVersion, now: Timestamp) {
        self.index.begin_reading();
        self.rebuild = Some(Rebuild { began: now, version, from: None, bytes: 0 });
        self.version = None;
        self.synced_at = Some(now);
    }

    /// Everything was read, or as much as there is room for.
    pub(crate) fn finish_rebuild(&mut self, is_truncated: bool) {
        let Some(rebuild) = self.rebuild.take() else { return };
        self.index.end_reading();
        self.is_truncated = is_truncated;
        self.needs_sync = true;
        self.may_have_deleted_entries = false;
        self.rebuilt_at = Some(rebuild.began);
        self.version = Some(rebuild.version);
    }

    /// It has the changes of `version`; and its deletions and what has no time, as far as it had them before.
    pub(crate) fn set_version(&mut self, version: SearchVersion, has_caught_up: bool) {
        if let Some(known) = &mut self.version {
            self.may_have_deleted_entries |= known.deletes < version.deletes;
            known.writes = known.writes.max(version.writes);
            known.deletes = known.deletes.max(version.deletes);
            if has_caught_up {
                known.backdated = version.backdated;
            }
        }
    }

    /// How many memories it knows of those that a search is answered from, when it does not know all there are.
    pub(crate) fn searched(&self, search: &Search) -> Option<u64> {
        let is_whole =
            self.rebuild.is_none() && !self.is_truncated && !self.needs_sync && self.version.is_some();
        (!is_whole).then(|| self.index.count(search) as u64)
    }
}
