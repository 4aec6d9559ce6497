//! A rebuild that is under way: all memories are read, the latest changes first.

use hb_domain::Timestamp;
use hb_domain::tenant::SearchVersion;

use super::ready::Ready;
use crate::Entry;

/// How far a rebuild has come. It is kept between requests.
#[derive(Debug)]
pub(super) struct Rebuild<K> {
    began: Timestamp,
    /// The index will have every change of this version.
    version: SearchVersion,
    /// When the last complete sync began, or the rebuild.
    pub(super) synced_at: Timestamp,
    /// Where the next page begins; `None` before the first one.
    pub(super) from: Option<K>,
    /// How many bytes the entries take that are in the index.
    applied_bytes: usize,
    /// Entries that were read and are not in the index yet.
    pending: Vec<Entry>,
    pending_bytes: usize,
    /// Whether entries could not be read.
    pub(super) lacks_entries: bool,
}

/// What to do after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There are more pages.
    Continues,
    /// This was the last page.
    Complete,
    /// There is no room for more.
    Full,
}

impl<K> Rebuild<K> {
    pub(super) const fn new(version: SearchVersion, now: Timestamp) -> Self {
        Self {
            began: now,
            version,
            synced_at: now,
            from: None,
            applied_bytes: 0,
            pending: Vec::new(),
            pending_bytes: 0,
            lacks_entries: false,
        }
    }

    /// Takes in a page. Entries beyond `room_bytes` are dropped.
    pub(super) fn add(&mut self, entries: Vec<Entry>, next: Option<K>, room_bytes: usize) -> Progress {
        self.pending_bytes += entries.iter().map(Entry::bytes).sum::<usize>();
        self.pending.extend(entries);
        self.from = next;
        if self.applied_bytes + self.pending_bytes > room_bytes {
            let mut room = room_bytes.saturating_sub(self.applied_bytes);
            self.pending.retain(|entry| {
                let fits = entry.bytes() <= room;
                room = room.saturating_sub(entry.bytes());
                fits
            });
            return Progress::Full;
        }
        if self.from.is_none() { Progress::Complete } else { Progress::Continues }
    }

    pub(super) const fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    pub(super) const fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Hands out the entries that are not in the index yet.
    pub(super) fn take_pending(&mut self) -> Vec<Entry> {
        self.applied_bytes += std::mem::take(&mut self.pending_bytes);
        std::mem::take(&mut self.pending)
    }

    /// The state after the last page. A sync has to follow: what was written during the rebuild has moved to the front,
    /// behind the pages that were read.
    pub(super) const fn finish(&self, is_truncated: bool) -> Ready {
        Ready {
            version: self.version,
            rebuilt_at: Some(self.began),
            synced_at: self.synced_at,
            is_truncated,
            needs_sync: true,
            may_have_deleted_entries: false,
            lacks_entries: self.lacks_entries,
        }
    }
}
