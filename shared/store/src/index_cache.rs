//! An LRU cache of the tenants' search indexes, within a memory budget.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hb_domain::TenantId;
use hb_search::RefreshLimits;
use lru::LruCache;
use tokio::sync::RwLock;

use crate::changes::MAX_COMMIT_DELAY;
use crate::item::Attributes;

/// The most tenants in the cache, whatever their size.
const MAX_TENANTS: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");
/// A function's memory in MiB, unless the environment sets it.
const DEFAULT_MEMORY: usize = 1_024;
/// How long before the last sync a change may be dated and yet be missing: 60 s for clocks that differ, the longest
/// commit, and 30 s that a function lives.
const SYNC_OVERLAP: Duration = Duration::from_secs(60 + MAX_COMMIT_DELAY.as_secs() + 30);

/// A tenant's index; its start keys are DynamoDB's.
pub(crate) type CachedIndex = hb_search::CachedIndex<Attributes>;

/// The cached indexes of an instance; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct IndexCache {
    cached: Arc<Mutex<LruCache<TenantId, CacheEntry>>>,
    budget: usize,
    pub(crate) search_budget: SearchBudget,
}

/// What one search may use. A search that reaches a limit returns a partial result that says so.
#[derive(Clone, Copy, Debug)]
pub struct SearchBudget {
    /// How long it reads pages of a rebuild, at least one; of a sync, twice as long.
    pub time_limit: Duration,
    /// The most memories that are read to find those to return. Some are read in vain if memories have been deleted, or
    /// have more metadata than their search documents.
    pub reads: usize,
}

impl Default for SearchBudget {
    fn default() -> Self {
        Self { time_limit: Duration::from_secs(8), reads: 2_000 }
    }
}

/// One tenant's entry: the index, and its size in bytes as of the last [`IndexCache::account`].
#[derive(Clone, Debug, Default)]
struct CacheEntry {
    cached: Arc<RwLock<CachedIndex>>,
    bytes: usize,
}

impl IndexCache {
    /// A cache with a budget of half of the function's memory.
    pub(crate) fn new() -> Self {
        let memory = std::env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").ok();
        let memory = memory.and_then(|size| size.parse().ok()).unwrap_or(DEFAULT_MEMORY);
        let cached = Arc::new(Mutex::new(LruCache::new(MAX_TENANTS)));
        Self { cached, budget: memory * 1024 * 1024 / 2, search_budget: SearchBudget::default() }
    }

    /// What one refresh of a tenant's index may use.
    pub(crate) const fn refresh_limits(&self) -> RefreshLimits {
        RefreshLimits {
            time: self.search_budget.time_limit,
            room_bytes: self.budget / 4 * 3,
            max_bytes: self.budget,
            batch_bytes: self.budget / 16,
            overlap: SYNC_OVERLAP,
        }
    }

    /// The index of a tenant, an empty one if it is not in the cache.
    pub(crate) fn of(&self, tenant: &TenantId) -> Arc<RwLock<CachedIndex>> {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&cached.get_or_insert_mut(tenant.clone(), CacheEntry::default).cached)
    }

    /// Records the size of a tenant's index, and evicts the least recently searched tenants beyond the budget.
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
    fn the_least_recently_searched_tenants_are_evicted() {
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
            "the least recently searched goes first"
        );
        let large = taken("four", 1_000);
        assert!(is_held("four", &large), "the one that is being searched stays");
        assert!(!is_held("one", &cached[0]), "and all others go");
    }
}
