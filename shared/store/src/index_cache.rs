//! The cached search indexes of an instance, within a memory budget. A tenant's plan bounds its share, and the indexes
//! that are worth least are evicted ([`greedy_dual`]).

mod greedy_dual;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hb_domain::{TenantId, Timestamp};
use hb_search::{Entry, RefreshLimits};
use tokio::sync::RwLock;

use crate::changes::MAX_COMMIT_DELAY;
use crate::item::Attributes;
use greedy_dual::{GreedyDual, Phase, Room};

/// A function's memory in MiB, unless the environment sets it.
const DEFAULT_MEMORY: usize = 1_024;
/// A tenant's share is at least that large, whatever its limit of memories.
const MIN_SHARE: usize = 1 << 20;
/// How long before the last sync a change may be dated and yet be missing: 60 s for clocks that differ, the longest
/// commit, and 30 s that a function lives.
const SYNC_OVERLAP: Duration = Duration::from_secs(60 + MAX_COMMIT_DELAY.as_secs() + 30);

/// A tenant's index; its start keys are DynamoDB's.
pub(crate) type CachedIndex = hb_search::CachedIndex<Attributes>;

/// The cached indexes of an instance; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct IndexCache {
    cached: Arc<Mutex<GreedyDual<TenantId, Arc<RwLock<CachedIndex>>>>>,
    /// The most bytes of all indexes.
    pub(crate) budget: usize,
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

impl IndexCache {
    /// A cache with a budget of half of the function's memory.
    pub(crate) fn new() -> Self {
        let memory = std::env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").ok();
        let memory = memory.and_then(|size| size.parse().ok()).unwrap_or(DEFAULT_MEMORY);
        let cached = Arc::new(Mutex::new(GreedyDual::new()));
        Self { cached, budget: memory * 1024 * 1024 / 2, search_budget: SearchBudget::default() }
    }

    /// What one refresh may use of the index of a tenant that may have `memories`, or any number.
    pub(crate) fn refresh_limits(&self, memories: Option<u64>) -> RefreshLimits {
        let share = self.share(memories);
        RefreshLimits {
            time: self.search_budget.time_limit,
            room_bytes: share,
            max_bytes: share / 3 * 4,
            batch_bytes: share / 12,
            overlap: SYNC_OVERLAP,
        }
    }

    /// The most bytes that a rebuild of a tenant's index may take: enough for the memories of its plan, whatever they
    /// contain, and at most three quarters of the budget.
    fn share(&self, memories: Option<u64>) -> usize {
        let memories = memories.and_then(|memories| usize::try_from(memories).ok()).unwrap_or(usize::MAX);
        memories.saturating_mul(Entry::MAX_BYTES).max(MIN_SHARE).min(self.budget / 4 * 3)
    }

    /// The index of a tenant, an empty one if it is not in the cache.
    pub(crate) fn of(&self, tenant: &TenantId, now: Timestamp) -> Arc<RwLock<CachedIndex>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner).get(tenant, now)
    }

    /// Records the size of a tenant's index while it is read, and evicts others for it.
    pub(crate) fn account_reading(&self, tenant: &TenantId, bytes: usize, now: Timestamp) {
        self.account(tenant, bytes, Phase::Reading, now);
    }

    /// Records the size of a tenant's index after a refresh, and evicts indexes beyond the budget. The index itself is one
    /// of them if it is complete and all others are worth more.
    pub(crate) fn account_refreshed(&self, tenant: &TenantId, cached: &CachedIndex, now: Timestamp) {
        // A rebuild that the next search continues is kept.
        let phase = if cached.is_rebuilding() { Phase::Reading } else { Phase::Read };
        self.account(tenant, cached.index().allocated_bytes(), phase, now);
    }

    fn account(&self, tenant: &TenantId, bytes: usize, phase: Phase, now: Timestamp) {
        let room = Room { bytes: self.budget, spare: self.budget / 16, lifetime: hb_search::MAX_REBUILD_AGE };
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        cached.resize(tenant, bytes, phase, room, now);
    }
}

#[cfg(test)]
mod tests {
    use hb_domain::plan::Plan;

    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn a_plan_bounds_the_share_of_a_tenant() {
        let share = |budget: usize, memories| IndexCache { budget, ..IndexCache::new() }.share(memories);
        let (free, pro) = (Plan::Free.allowance().memories, Plan::Pro.allowance().memories);
        assert_eq!(share(256 * MIB, free), 1_000 * Entry::MAX_BYTES);
        assert_eq!(share(256 * MIB, pro), 192 * MIB);
        assert_eq!(share(256 * MIB, None), 192 * MIB);
        assert_eq!(share(256 * MIB, Some(0)), MIB);
        assert_eq!(share(MIB, Some(0)), MIB / 4 * 3, "never more than the budget allows");
        let limits = IndexCache { budget: 256 * MIB, ..IndexCache::new() }.refresh_limits(None);
        assert_eq!(
            (limits.room_bytes, limits.max_bytes, limits.batch_bytes),
            (192 * MIB, 256 * MIB, 16 * MIB)
        );
    }

    #[test]
    fn an_index_that_is_worth_least_is_kept_while_it_is_rebuilt_and_not_afterwards() {
        let indexes = IndexCache { budget: 40 * MIB, ..IndexCache::new() };
        let tenant = |name: &str| TenantId::parse(name).expect("a tenant");
        let now = Timestamp::from_millis(0);
        let large = indexes.of(&tenant("large"), now);
        indexes.account_reading(&tenant("large"), 39 * MIB, now);
        let is_cached = |name: &str, before: &Arc<RwLock<CachedIndex>>| {
            Arc::ptr_eq(before, &indexes.of(&tenant(name), now))
        };
        let small = indexes.of(&tenant("small"), now);
        indexes.account_reading(&tenant("small"), 2 * MIB, now);
        assert!(is_cached("small", &small) && is_cached("large", &large));
        indexes.account_refreshed(&tenant("small"), &CachedIndex::default(), now);
        assert!(is_cached("small", &small) && is_cached("large", &large), "an empty index fits");
        indexes.account_reading(&tenant("small"), 2 * MIB, now);
        indexes.account(&tenant("small"), 2 * MIB, Phase::Read, now);
        assert!(!is_cached("small", &small) && is_cached("large", &large));
    }
}
