//! The cache of keys and tenants of one instance.
//!
//! Caching is safe because no request is accepted from the cache alone: the condition of the admission compares the
//! tenant's epoch, which every revocation, rotation and change of plan raises. The age limit bounds how long an entry
//! can be stale after a crash between a change and the raise.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hb_domain::admission::LastSeen;
use hb_domain::credential::StoredCredential;
use hb_domain::tenant::Tenant;
use hb_domain::{KeyId, TenantId, Timestamp};
use lru::LruCache;

/// The longest time that a key or a plan is cached.
const MAX_AGE: Duration = Duration::from_secs(60);
/// The longest time that a refusal is cached. A change of plan reaches a refused caller after it.
const MAX_REFUSAL: Duration = Duration::from_secs(5);
/// The time between two unmetered requests of a tenant to one instance.
const UNMETERED_INTERVAL: Duration = Duration::from_secs(1);
/// The most requests of a tenant within that time for which the tenant is read although they are refused.
const MAX_VERIFIED: u32 = 10;
/// The most keys, and the most tenants, each about a kilobyte.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

#[derive(Debug)]
pub(crate) struct Cache {
    keys: Mutex<LruCache<KeyId, KnownKey>>,
    tenants: Mutex<LruCache<TenantId, KnownTenant>>,
    /// The order of events on this instance.
    sequence: AtomicU64,
}

#[derive(Clone, Debug)]
pub(crate) struct KnownKey {
    pub(crate) credential: Arc<StoredCredential>,
    /// An epoch of the tenant that was read before the credential.
    pub(crate) epoch: i64,
    read_at: Timestamp,
    limited: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct KnownTenant {
    pub(crate) tenant: Tenant,
    /// The last known state of the tenant's bucket.
    pub(crate) seen: LastSeen,
    /// When this epoch was cached, as a tick.
    pub(crate) epoch_cached_at: u64,
    read_at: Timestamp,
    refused_until: Option<Timestamp>,
    unmetered_at: Option<Timestamp>,
    /// The refused requests since then for which the tenant was read.
    verified: u32,
}

/// Whether a tenant may make another unmetered request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interval {
    /// It may.
    Over,
    /// It has to wait.
    Running {
        /// For how long.
        left: Duration,
        /// Whether its credential is verified before the request is refused.
        is_verified: bool,
    },
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            keys: Mutex::new(LruCache::new(CAPACITY)),
            tenants: Mutex::new(LruCache::new(CAPACITY)),
            sequence: AtomicU64::new(1),
        }
    }
}

impl Cache {
    /// The next tick of the instance; later events have higher ones.
    pub(crate) fn next_tick(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn key(&self, id: &KeyId, now: Timestamp) -> Option<KnownKey> {
        lock(&self.keys).get(id).filter(|known| is_fresh(known.read_at, now)).cloned()
    }

    pub(crate) fn tenant(&self, id: &TenantId, now: Timestamp) -> Option<KnownTenant> {
        lock(&self.tenants).get(id).filter(|known| known.is_fresh(now)).cloned()
    }

    /// Stores a credential that was read when the tenant's epoch was `epoch` or later.
    pub(crate) fn store_key(&self, credential: &Arc<StoredCredential>, epoch: i64, now: Timestamp) {
        let mut keys = lock(&self.keys);
        let limited = keys.peek(&credential.id).map_or(0, |known| known.limited);
        let known = KnownKey { credential: Arc::clone(credential), epoch, read_at: now, limited };
        keys.put(credential.id.clone(), known);
    }

    /// Stores a tenant that has just been read. A read that was overtaken by one with a later epoch is ignored.
    pub(crate) fn store_tenant(&self, id: &TenantId, tenant: &Tenant, now: Timestamp) {
        self.store(id, tenant, false, now);
    }

    /// As [`store_tenant`](Self::store_tenant), from the write that has admitted a request of this instance.
    pub(crate) fn store_admission(&self, id: &TenantId, tenant: &Tenant, now: Timestamp) {
        self.store(id, tenant, true, now);
    }

    fn store(&self, id: &TenantId, tenant: &Tenant, is_own: bool, now: Timestamp) {
        let tick = self.next_tick();
        let mut tenants = lock(&self.tenants);
        match tenants.get_mut(id) {
            Some(known) if known.tenant.epoch > tenant.epoch => {}
            Some(known) => {
                if known.tenant.epoch < tenant.epoch {
                    known.epoch_cached_at = tick;
                }
                known.tenant = tenant.clone();
                known.seen.update(&tenant.meter, is_own, now);
                known.read_at = now;
                known.refused_until = None;
            }
            None => {
                let known =
                    KnownTenant { epoch_cached_at: tick, ..KnownTenant::just_read(tenant.clone(), now) };
                tenants.put(id.clone(), known);
            }
        }
    }

    /// Evicts a key.
    pub(crate) fn evict_key(&self, id: &KeyId) {
        lock(&self.keys).pop(id);
    }

    /// Evicts a tenant that is cached with this epoch or an earlier one.
    pub(crate) fn evict_tenant(&self, id: &TenantId, epoch: i64) {
        let mut tenants = lock(&self.tenants);
        if tenants.peek(id).is_some_and(|known| known.tenant.epoch <= epoch) {
            tenants.pop(id);
        }
    }

    /// Stores that the tenant was refused, for `wait` or 5 s, whichever is shorter.
    pub(crate) fn store_refusal(&self, id: &TenantId, wait: Duration, now: Timestamp) {
        if let Some(known) = lock(&self.tenants).get_mut(id) {
            known.refused_until = Some(now.plus(wait.min(MAX_REFUSAL)));
        }
    }

    /// Checks whether the tenant's last unmetered request was less than a second ago. Otherwise stores the time of this one.
    /// Of the refused requests the first ten are verified, which bounds the reads of a caller that does not wait.
    pub(crate) fn check_unmetered_interval(&self, id: &TenantId, now: Timestamp) -> Interval {
        let mut tenants = lock(&self.tenants);
        let Some(known) = tenants.get_mut(id) else { return Interval::Over };
        let next = known.unmetered_at.map(|at| at.plus(UNMETERED_INTERVAL));
        match next {
            Some(next) if now < next => {
                let left = Duration::from_micros((next.micros() - now.micros()).unsigned_abs());
                let is_verified = known.verified < MAX_VERIFIED;
                known.verified += u32::from(is_verified);
                Interval::Running { left, is_verified }
            }
            _ => {
                (known.unmetered_at, known.verified) = (Some(now), 0);
                Interval::Over
            }
        }
    }

    /// Counts a refused request of a key, until an admitted one writes the count.
    pub(crate) fn record_rate_limited(&self, id: &KeyId) {
        if let Some(known) = lock(&self.keys).get_mut(id) {
            known.limited += 1;
        }
    }

    /// Takes the count of refused requests of a key, for the caller to write.
    pub(crate) fn take_rate_limited(&self, id: &KeyId) -> u64 {
        lock(&self.keys).get_mut(id).map_or(0, |known| std::mem::take(&mut known.limited))
    }
}

impl KnownTenant {
    /// A tenant that was read at `now`.
    pub(crate) fn just_read(tenant: Tenant, now: Timestamp) -> Self {
        let mut seen = LastSeen::default();
        seen.update(&tenant.meter, false, now);
        Self {
            tenant,
            seen,
            epoch_cached_at: 0,
            read_at: now,
            refused_until: None,
            unmetered_at: None,
            verified: 0,
        }
    }

    /// A suspension is a refusal, so it is cached no longer than one.
    fn is_fresh(&self, now: Timestamp) -> bool {
        is_fresh(self.read_at, now) && !(self.tenant.suspended && self.read_at.plus(MAX_REFUSAL) <= now)
    }

    /// Whether a cached refusal applies.
    pub(crate) fn is_refused(&self, now: Timestamp) -> bool {
        self.refused_until.is_some_and(|until| now < until && until.micros() - now.micros() <= 5_000_000)
    }
}

fn is_fresh(read_at: Timestamp, now: Timestamp) -> bool {
    now < read_at.plus(MAX_AGE) && read_at < now.plus(MAX_AGE)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
