//! What an instance remembers of keys and tenants.
//!
//! Remembering is safe because nothing is accepted on memory alone: the admission's condition
//! compares the tenant's epoch, which every revocation, rotation and change of plan raises. The age
//! limit bounds what a crash between the change and the raise can leave behind.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hb_domain::admission::LastSeen;
use hb_domain::credential::StoredCredential;
use hb_domain::tenant::Tenant;
use hb_domain::{KeyId, TenantId, Timestamp};
use lru::LruCache;

/// How long a key or a plan is remembered.
const MAX_AGE: Duration = Duration::from_secs(60);
/// How long a refusal is remembered: a change of plan reaches a refused caller by then.
const MAX_REFUSAL: Duration = Duration::from_secs(5);
/// How often a tenant's standing is read, per instance.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);
/// Keys and tenants remembered, each about a kilobyte.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

#[derive(Debug)]
pub(crate) struct Cache {
    keys: Mutex<LruCache<KeyId, KnownKey>>,
    tenants: Mutex<LruCache<TenantId, KnownTenant>>,
    /// Orders what was learnt on this instance.
    sequence: AtomicU64,
}

#[derive(Clone, Debug)]
pub(crate) struct KnownKey {
    pub(crate) credential: Arc<StoredCredential>,
    /// An epoch that the tenant had before the credential was read.
    pub(crate) epoch: i64,
    read_at: Timestamp,
    limited: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct KnownTenant {
    pub(crate) tenant: Tenant,
    /// What the tenant's bucket was last like.
    pub(crate) seen: LastSeen,
    /// When this epoch was learnt, in the instance's sequence.
    pub(crate) epoch_learnt: u64,
    read_at: Timestamp,
    refused_until: Option<Timestamp>,
    status_requested_at: Option<Timestamp>,
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
    /// The present place in the instance's sequence; what is learnt later has a higher one.
    pub(crate) fn tick(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn key(&self, id: &KeyId, now: Timestamp) -> Option<KnownKey> {
        lock(&self.keys).get(id).filter(|known| is_fresh(known.read_at, now)).cloned()
    }

    pub(crate) fn tenant(&self, id: &TenantId, now: Timestamp) -> Option<KnownTenant> {
        lock(&self.tenants).get(id).filter(|known| known.is_fresh(now)).cloned()
    }

    /// Remembers a credential that was read while the tenant's epoch was `epoch` or later.
    pub(crate) fn learn_key(&self, credential: &Arc<StoredCredential>, epoch: i64, now: Timestamp) {
        let mut keys = lock(&self.keys);
        let limited = keys.peek(&credential.id).map_or(0, |known| known.limited);
        let known = KnownKey { credential: Arc::clone(credential), epoch, read_at: now, limited };
        keys.put(credential.id.clone(), known);
    }

    /// Remembers a tenant as the database has just shown it. An answer that was overtaken by one
    /// with a later epoch is left aside.
    pub(crate) fn learn_tenant(&self, id: &TenantId, tenant: &Tenant, now: Timestamp) {
        self.learn(id, tenant, false, now);
    }

    /// As [`learn_tenant`](Self::learn_tenant), from the write that has admitted a request of this instance.
    pub(crate) fn learn_admission(&self, id: &TenantId, tenant: &Tenant, now: Timestamp) {
        self.learn(id, tenant, true, now);
    }

    fn learn(&self, id: &TenantId, tenant: &Tenant, is_own: bool, now: Timestamp) {
        let learnt = self.tick();
        let mut tenants = lock(&self.tenants);
        match tenants.get_mut(id) {
            Some(known) if known.tenant.epoch > tenant.epoch => {}
            Some(known) => {
                if known.tenant.epoch < tenant.epoch {
                    known.epoch_learnt = learnt;
                }
                known.tenant = tenant.clone();
                known.seen.update(&tenant.meter, is_own, now);
                known.read_at = now;
                known.refused_until = None;
            }
            None => {
                let known =
                    KnownTenant { epoch_learnt: learnt, ..KnownTenant::just_read(tenant.clone(), now) };
                tenants.put(id.clone(), known);
            }
        }
    }

    pub(crate) fn forget_key(&self, id: &KeyId) {
        lock(&self.keys).pop(id);
    }

    /// Forgets what was learnt of a tenant up to this epoch.
    pub(crate) fn forget_tenant(&self, id: &TenantId, epoch: i64) {
        let mut tenants = lock(&self.tenants);
        if tenants.peek(id).is_some_and(|known| known.tenant.epoch <= epoch) {
            tenants.pop(id);
        }
    }

    /// Remembers that the tenant was refused, for `wait` or 5 s, whichever is shorter.
    pub(crate) fn learn_refusal(&self, id: &TenantId, wait: Duration, now: Timestamp) {
        if let Some(known) = lock(&self.tenants).get_mut(id) {
            known.refused_until = Some(now.plus(wait.min(MAX_REFUSAL)));
        }
    }

    /// Whether the tenant's standing was asked for less than a second ago, and if so, how long to
    /// wait; otherwise notes that it is asked for now.
    pub(crate) fn status_requested(&self, id: &TenantId, now: Timestamp) -> Option<Duration> {
        let mut tenants = lock(&self.tenants);
        let known = tenants.get_mut(id)?;
        let next = known.status_requested_at.map(|at| at.plus(STATUS_INTERVAL));
        match next {
            Some(next) if now < next => {
                Some(Duration::from_micros((next.micros() - now.micros()).unsigned_abs()))
            }
            _ => {
                known.status_requested_at = Some(now);
                None
            }
        }
    }

    pub(crate) fn record_rate_limited(&self, id: &KeyId) {
        if let Some(known) = lock(&self.keys).get_mut(id) {
            known.limited += 1;
        }
    }

    /// The refusals noted for a key, which are the caller's to write down from now on.
    pub(crate) fn take_rate_limited(&self, id: &KeyId) -> u64 {
        lock(&self.keys).get_mut(id).map_or(0, |known| std::mem::take(&mut known.limited))
    }
}

impl KnownTenant {
    /// What a read at `now` has shown.
    pub(crate) fn just_read(tenant: Tenant, now: Timestamp) -> Self {
        let mut seen = LastSeen::default();
        seen.update(&tenant.meter, false, now);
        Self { tenant, seen, epoch_learnt: 0, read_at: now, refused_until: None, status_requested_at: None }
    }

    /// A suspension is a refusal like another: it is not believed for longer than one.
    fn is_fresh(&self, now: Timestamp) -> bool {
        is_fresh(self.read_at, now) && !(self.tenant.suspended && self.read_at.plus(MAX_REFUSAL) <= now)
    }

    /// Whether the tenant was refused a moment ago, so that it is refused again without asking.
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
