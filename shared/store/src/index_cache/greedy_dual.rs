//! Which cached values stay when there is no room for all: GreedyDual-Size.
//!
//! A value is worth what it costs to read it again, per byte that it takes, plus the floor at the time of its last use.
//! The value that is worth least is evicted, and the floor rises to its worth. What has not been used for a while
//! therefore falls behind, however large it is. (Cao and Irani, "Cost-Aware WWW Proxy Caching Algorithms", USITS 1997.)
//!
//! The cost is the delay that an eviction causes. Reading takes time in proportion to the size, and the searches that
//! arrive meanwhile wait for it, so that their total delay grows with the square of the size. (Atre et al., "Caching
//! with Delayed Hits", SIGCOMM 2020.) Cost per byte is then the size: small values go first, and a large one goes when it
//! has not been used while several times the cache was read. A cost in proportion to the size would be LRU.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::time::Duration;

use hb_domain::Timestamp;
use lru::LruCache;

/// What an entry takes in addition to its value: its key, its places in the orders, and allocations of an empty value.
pub(super) const ENTRY_BYTES: usize = 4_096;

/// Cached values by key, and their sizes.
#[derive(Debug)]
pub(super) struct GreedyDual<K: Hash + Eq, V> {
    /// The least recently used first.
    entries: LruCache<K, Entry<V>>,
    /// The one that is worth least first.
    by_worth: BTreeMap<Rank, K>,
    floor: u64,
    /// Counts the uses.
    uses: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    bytes: usize,
    rank: Rank,
    used_at: Timestamp,
}

/// The worth of an entry; of equal ones the least recently used comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    worth: u64,
    last_use: u64,
}

/// How much room there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// The most bytes of all entries.
    pub(super) bytes: usize,
    /// The bytes beyond that which a value may take while it is read, before more valuable ones are evicted for it.
    pub(super) spare: usize,
    /// How long after its last use a value is worth nothing.
    pub(super) lifetime: Duration,
}

/// What the caller does with the value whose size it reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is being read. It stays.
    Reading,
    /// It has been read. It stays unless all others are worth more.
    Read,
}

impl<K: Hash + Eq + Clone, V: Clone + Default> GreedyDual<K, V> {
    pub(super) fn new() -> Self {
        Self { entries: LruCache::unbounded(), by_worth: BTreeMap::new(), floor: 0, uses: 0, bytes: 0 }
    }

    /// Uses the value of a key; a new one if there is none.
    pub(super) fn get(&mut self, key: &K, now: Timestamp) -> V {
        if !self.entries.contains(key) {
            let rank = Rank { worth: 0, last_use: 0 };
            let entry = Entry { value: V::default(), bytes: ENTRY_BYTES, rank, used_at: now };
            self.bytes += ENTRY_BYTES;
            self.entries.put(key.clone(), entry);
        }
        self.update(key, None, now).unwrap_or_default()
    }

    /// Reports the size of a value, and evicts values until there is room. A value that was evicted meanwhile is not
    /// counted.
    pub(super) fn resize(&mut self, key: &K, bytes: usize, phase: Phase, room: Room, now: Timestamp) {
        if self.update(key, Some(bytes), now).is_some() {
            self.trim(key, phase, room, now);
        }
    }

    /// Records a use of an entry, and its size if it is given.
    fn update(&mut self, key: &K, bytes: Option<usize>, now: Timestamp) -> Option<V> {
        let entry = self.entries.get_mut(key)?;
        if let Some(bytes) = bytes {
            self.bytes -= entry.bytes;
            entry.bytes = bytes.saturating_add(ENTRY_BYTES);
            self.bytes = self.bytes.saturating_add(entry.bytes);
        }
        self.uses += 1;
        self.by_worth.remove(&entry.rank);
        entry.rank = Rank { worth: self.floor + entry.bytes as u64, last_use: self.uses };
        entry.used_at = now;
        self.by_worth.insert(entry.rank, key.clone());
        Some(entry.value.clone())
    }

    fn trim(&mut self, current: &K, phase: Phase, room: Room, now: Timestamp) {
        while self.bytes > room.bytes && self.entries.len() > 1 {
            if let Some(expired) = self.expired(room.lifetime, now) {
                self.remove(&expired);
                continue;
            }
            let mut by_worth = self.by_worth.iter();
            let Some((mut rank, mut least)) = by_worth.next() else { return };
            if least == current && phase == Phase::Reading {
                if self.bytes - room.bytes <= room.spare {
                    return;
                }
                let Some(other) = by_worth.next() else { return };
                (rank, least) = other;
            }
            self.floor = rank.worth;
            let least = least.clone();
            self.remove(&least);
            self.update(current, None, now);
        }
    }

    /// The key of the least recently used entry, if its lifetime is over.
    fn expired(&self, lifetime: Duration, now: Timestamp) -> Option<K> {
        let (key, entry) = self.entries.peek_lru()?;
        (entry.used_at.plus(lifetime) <= now).then(|| key.clone())
    }

    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.pop(key) {
            self.bytes -= entry.bytes;
            self.by_worth.remove(&entry.rank);
        }
    }
}

#[cfg(test)]
mod tests;
