//! What an instance holds for searches, tenant by tenant, within a budget of memory.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hb_domain::TenantId;
use lru::LruCache;
use tokio::sync::RwLock;

use crate::cached_index::CachedIndex;

/// The most tenants held at a time, however small.
const MAX_TENANTS: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");
/// A function's memory, in MiB, where the environment does not say.
const DEFAULT_MEMORY: usize = 1_024;

/// The indexes of an instance; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct IndexCache {
    cached: Arc<Mutex<LruCache<TenantId, CacheEntry>>>,
    budget: usize,
    pub(crate) search_budget: SearchBudget,
}

/// What one search may take before it answers from what there is, and says so.
#[derive(Clone, Copy, Debug)]
pub struct SearchBudget {
    /// How long it goes on reading what searches need, page by page and at least one; twice as long with the latest
    /// changes.
    pub time_limit: Duration,
    /// The most memories that are read to find those to return. More than are returned are read where memories have
    /// gone, or have more metadata than a record holds.
    pub reads: usize,
}

impl Default for SearchBudget {
    fn default() -> Self {
        Self { time_limit: Duration::from_secs(8), reads: 2_000 }
    }
}

/// One tenant's place: what is held, and how many bytes that was when it was last looked at.
#[derive(Clone, Debug, Default)]
struct CacheEntry {
    cached: Arc<RwLock<CachedIndex>>,
    bytes: usize,
}

impl IndexCache {
    /// Indexes that together take half of the memory that Lambda gives the function.
    pub(crate) fn new() -> Self {
        let memory = std::env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").ok();
        let memory = memory.and_then(|size| size.parse().ok()).unwrap_or(DEFAULT_MEMORY);
        let cached = Arc::new(Mutex::new(LruCache::new(MAX_TENANTS)));
        Self { cached, budget: memory * 1024 * 1024 / 2, search_budget: SearchBudget::default() }
    }

    /// How many bytes what is read of one tenant may need: less than there are, because what goes and what comes is held
    /// for a while beside it.
    pub(crate) const fn room(&self) -> usize {
        self.budget / 4 * 3
    }

    /// How many bytes one tenant may have grown to, change by change, before it is read anew.
    pub(crate) const fn limit(&self) -> usize {
        self.budget
    }

    /// How many bytes are read before they are put in their places, which takes a pass through all.
    pub(crate) const fn part(&self) -> usize {
        self.budget / 16
    }

    /// What is held of a tenant, for whoever comes first to fill.
    pub(crate) fn of(&self, tenant: &TenantId) -> Arc<RwLock<CachedIndex>> {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&cached.get_or_insert_mut(tenant.clone(), CacheEntry::default).cached)
    }

    /// Notes what a tenant takes by now, and lets go of those that were not searched for the longest time.
    pub(crate) fn account(&self, tenant: &TenantId, bytes: usize) {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = cached.get_mut(tenant) {
            cached.bytes = bytes;
        }
        let mut total: usize = cached.iter().map(|(_, cached)| cached.bytes).sum();
        while total > self.budget && cached.len() > 1 {
            total -= cached.pop_lru().map_or(0, |(_, cached)| cached.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenants_that_were_not_searched_for_the_longest_time_make_room() {
        let indexes = IndexCache { budget: 100, ..IndexCache::new() };
        let tenant = |name: &str| TenantId::parse(name).expect("a tenant");
        let taken = |name: &str, bytes| {
            let cached = indexes.of(&tenant(name));
            indexes.account(&tenant(name), bytes);
            cached
        };
        let cached = [taken("one", 40), taken("two", 40)];
        let is_held =
            |name: &str, before: &Arc<RwLock<CachedIndex>>| Arc::ptr_eq(before, &indexes.of(&tenant(name)));
        assert!(is_held("two", &cached[1]) && is_held("one", &cached[0]), "both fit");
        taken("three", 40);
        assert!(
            is_held("one", &cached[0]) && !is_held("two", &cached[1]),
            "the last to be asked for goes first"
        );
        let large = taken("four", 1_000);
        assert!(is_held("four", &large), "the one that is being searched stays");
        assert!(!is_held("one", &cached[0]), "and all others go");
    }
}
