//! On whose behalf the store is used: the caller, the limits, the times, and the changes to announce.
//!
//! Every handle to a tenant's data is made from a [`Context`], so none can be had that reads another tenant's items or
//! does not note its writes for searches. Each kind of context has a constructor of its own.

use hb_domain::plan::Allowance;
use hb_domain::principal::Caller;
use hb_domain::tenant::{RateLimitStatus, Recording, SearchVersion};
use hb_domain::{Error, Principal, RequestId, Result, Scopes, TenantId, Timestamp};
use strum::VariantArray;

use crate::changes::Changes;
use crate::idempotency::LockedRecord;
use crate::{Deliveries, Feed, IdempotencyRecords, Keys, Memories, StorageLedger, Store, Usage, Webhooks};

/// The kinds of contexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
pub enum ContextKind {
    /// An admitted HTTP request of one tenant.
    Request,
    /// A command of the operator for one tenant: no limits, no searches.
    Operator,
    /// The sample data of the local stack: as the operator.
    Sample,
    /// A consumer of a table's stream: no tenant of its own, see [`StreamContext`].
    StreamConsumer,
}

/// What a request is admitted with.
#[derive(Clone, Debug)]
struct Admitted {
    id: RequestId,
    rate_limit: RateLimitStatus,
    search_version: SearchVersion,
    recording: Recording,
}

/// On whose behalf one tenant's data is used. Clones share the changes to announce.
#[derive(Clone, Debug)]
pub struct Context {
    kind: ContextKind,
    principal: Principal,
    received_at: Timestamp,
    admitted: Option<Admitted>,
    idempotency: Option<LockedRecord>,
    changes: Changes,
}

impl Context {
    /// The context of the admitted request `id`, received when `rate_limit` was determined.
    pub fn request(
        principal: Principal,
        rate_limit: RateLimitStatus,
        search_version: SearchVersion,
        recording: Recording,
        id: RequestId,
    ) -> Self {
        let admitted = Some(Admitted { id, rate_limit, search_version, recording });
        Self { admitted, ..Self::new(ContextKind::Request, principal, rate_limit.at) }
    }

    /// The context of an operator's command for `tenant`. The operator is authenticated by IAM.
    pub fn operator(tenant: &TenantId, now: Timestamp) -> Self {
        Self::new(ContextKind::Operator, operator(tenant), now)
    }

    /// The context of the local stack's sample data.
    pub fn sample(tenant: &TenantId, now: Timestamp) -> Self {
        Self::new(ContextKind::Sample, operator(tenant), now)
    }

    fn new(kind: ContextKind, principal: Principal, received_at: Timestamp) -> Self {
        Self { kind, principal, received_at, admitted: None, idempotency: None, changes: Changes::default() }
    }

    /// The same context for a request that holds the lock of an idempotency record: it takes effect when the first
    /// attempt was received, and finds what earlier attempts have written.
    #[must_use]
    pub fn with_idempotency(self, record: LockedRecord) -> Self {
        Self { idempotency: Some(record), ..self }
    }

    /// Which kind of context it is.
    pub const fn kind(&self) -> ContextKind {
        self.kind
    }

    /// The caller.
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The caller's tenant.
    pub const fn tenant(&self) -> &TenantId {
        self.principal.tenant()
    }

    /// The id of the request, if it is one.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.admitted.as_ref().map(|admitted| &admitted.id)
    }

    /// The tenant's limits; `None` where none apply.
    pub fn allowance(&self) -> Option<&Allowance> {
        self.admitted.as_ref().map(|admitted| &admitted.rate_limit.allowance)
    }

    /// The most memories that the tenant may have; `None` where no limit applies.
    pub(crate) fn memory_limit(&self) -> Option<u64> {
        self.allowance().and_then(|allowance| allowance.memories)
    }

    /// The version of the tenant's memories that a search has to cover.
    ///
    /// # Errors
    /// [`Error::Internal`] for a context that was not admitted, which no version was read for.
    pub(crate) fn search_version(&self) -> Result<SearchVersion> {
        let admitted = self.admitted.as_ref().map(|admitted| admitted.search_version);
        admitted.ok_or_else(|| Error::Internal(format!("{:?}: only requests search", self.kind)))
    }

    /// Whether the searches of the tenant are recorded, by its item at the time of the admission.
    pub fn records_searches(&self) -> bool {
        self.admitted.as_ref().is_some_and(|admitted| admitted.recording.is_on)
    }

    /// When the request takes effect: when its first attempt was received.
    pub fn effective_at(&self) -> Timestamp {
        self.idempotency.as_ref().map_or(self.received_at, |locked| locked.record.created_at)
    }

    /// When this attempt was received: by this time items have expired or not.
    pub const fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// The idempotency record whose lock the request holds, if it has one.
    pub const fn idempotency(&self) -> Option<&LockedRecord> {
        self.idempotency.as_ref()
    }

    pub(crate) const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Announces the noted changes to searches. Once it has returned, every search finds them; a change that could not
    /// be announced must not be acknowledged.
    ///
    /// # Errors
    /// The database's.
    pub async fn publish_changes(&self, store: &Store) -> Result<()> {
        self.changes.publish(store, self.tenant()).await
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "operators are authenticated by IAM, the local stack is its own"
)]
fn operator(tenant: &TenantId) -> Principal {
    Principal::authenticated(tenant.clone(), Caller::Operator, Scopes::all())
}

/// Handles to one tenant's data.
#[derive(Clone, Copy, Debug)]
pub struct TenantStore<'a> {
    pub(crate) store: &'a Store,
    pub(crate) context: &'a Context,
}

impl<'a> TenantStore<'a> {
    pub(crate) const fn new(store: &'a Store, context: &'a Context) -> Self {
        Self { store, context }
    }

    /// The tenant's memories.
    pub const fn memories(self) -> Memories<'a> {
        Memories::new(self.store, self.context)
    }

    /// The tenant's API keys.
    pub fn keys(self) -> Keys<'a> {
        Keys::new(self.store, self.context)
    }

    /// The usage of the tenant's keys.
    pub const fn usage(self) -> Usage<'a> {
        Usage::new(self.store, self.context)
    }

    /// How much the tenant stores.
    pub const fn storage(self) -> StorageLedger<'a> {
        StorageLedger::new(self.store, self.context.tenant())
    }

    /// The tenant's deliveries.
    pub const fn deliveries(self) -> Deliveries<'a> {
        Deliveries::new(self.store, self.context)
    }

    /// The tenant's webhook endpoints.
    pub const fn webhooks(self) -> Webhooks<'a> {
        Webhooks::new(self.store, self.context)
    }

    /// The tenant's feed of events.
    pub const fn feed(self) -> Feed<'a> {
        Feed::new(self.store, self.context)
    }

    /// The idempotency records of the caller.
    pub fn idempotency(self) -> IdempotencyRecords<'a> {
        IdempotencyRecords::new(self.store, self.context.principal())
    }
}

/// The context of a stream consumer, which handles events of any tenant.
#[derive(Clone, Copy, Debug)]
pub struct StreamContext {
    received_at: Timestamp,
}

impl StreamContext {
    /// The context of a batch of stream records that was received `now`.
    pub const fn new(now: Timestamp) -> Self {
        Self { received_at: now }
    }

    /// Which kind of context it is.
    pub const fn kind(&self) -> ContextKind {
        ContextKind::StreamConsumer
    }

    /// When the batch was received.
    pub const fn received_at(&self) -> Timestamp {
        self.received_at
    }
}

#[cfg(test)]
mod tests {
    use hb_domain::plan::Plan;
    use hb_domain::tenant::Tenant;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn tenant() -> TenantId {
        TenantId::parse("acme").expect("a tenant")
    }

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-24T12:00:00Z").expect("a time")
    }

    /// Every kind is listed here with what it may.
    #[test]
    fn each_kind_of_context_has_its_own_limits() {
        for kind in ContextKind::VARIANTS {
            let context = match kind {
                ContextKind::Request => {
                    let state = Tenant::new(Plan::Free, now());
                    let id = RequestId::mint(&mut StdRng::seed_from_u64(1));
                    let status = state.rate_limit_status(now());
                    let context =
                        Context::request(operator(&tenant()), status, state.search, state.recording, id);
                    assert_eq!(context.memory_limit(), Plan::Free.allowance().memories);
                    assert_eq!(context.search_version().ok(), Some(state.search));
                    assert!(context.request_id().is_some());
                    context
                }
                ContextKind::Operator => Context::operator(&tenant(), now()),
                ContextKind::Sample => Context::sample(&tenant(), now()),
                ContextKind::StreamConsumer => {
                    assert_eq!(StreamContext::new(now()).kind(), *kind);
                    continue;
                }
            };
            assert_eq!((context.kind(), context.tenant()), (*kind, &tenant()));
            assert_eq!((context.effective_at(), context.received_at()), (now(), now()));
            if *kind != ContextKind::Request {
                assert_eq!(
                    (context.memory_limit(), context.allowance()),
                    (None, None),
                    "{kind:?} has no limits"
                );
                assert!(
                    context.search_version().is_err(),
                    "{kind:?} was not admitted, so it does not search"
                );
            }
        }
    }
}
