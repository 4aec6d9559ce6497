//! The table of webhook endpoints: the partition key is the tenant.
//!
//! | item | sort key | holds |
//! |---|---|---|
//! | endpoint | its id, `whk_…` | what its owner sees, and its encrypted secret |
//! | URL | `url#` + a digest of the URL | the id of the endpoint that has it: a tenant has a URL once |
//! | health, recovery | `health#`, `recovery#` + its id | see [`crate::deliveries`] |
//! | head of the feed | `feed` | how many endpoints there are; see [`Head`](crate::Head) |
//!
//! Whether searches are recorded is also a flag of the tenant's item, which requests read anyway. That item is never part of a
//! transaction. Therefore the flag is raised before an endpoint is created and lowered after the last one was deleted:
//!
//! - A creation (0) reads the head's generation, (1) raises the flag, which gets a new version, (2) writes the endpoint on the
//!   condition that the generation is unchanged. If only that fails, it starts over.
//! - A deletion that leaves no endpoint reads the flag's version, raises the generation on the condition that there is still no
//!   endpoint, and lowers the flag on the condition that it has the version that was read.
//!
//! A creation whose step (2) came before the new generation is seen by its condition. One whose step (2) came after it began
//! after it, so it raised the flag after its version was read: either the flag has another version, or it is raised later.
//!
//! A creation that fails does what a deletion does, since it may have raised the flag of a tenant without endpoints. Such a tenant may
//! have no head; then the new generation is the head's first, and a creation that found no head sees it by its condition too.

mod change;
mod create;
mod delete;
mod erased;
pub(crate) mod item;
mod rotate;
mod sealed;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::delivery::EndpointId;
use hb_domain::{Error, Principal, Result, TenantId, WebhookId};

use crate::deliveries::DueEndpoint;
use crate::idempotency::LockedRecord;
use crate::item::{Attributes, Row, text};
use crate::partition::read_kind;
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;
use crate::write::Write;
use crate::{Context, Store};
pub use item::{PreviousSecret, VersionedWebhook};
pub use rotate::WebhookRotation;
pub use sealed::{SealedSecrets, SecretSlot};

/// The webhook endpoints of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Webhooks<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
    context: &'a Context,
    caller: &'a Principal,
    idempotency: Option<&'a LockedRecord>,
}

/// The parts of a transaction on an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The endpoint.
    Endpoint,
    /// The item of its URL.
    Url,
    /// The item of the URL that it had before.
    FormerUrl,
    /// The head of the feed, with the number of endpoints.
    Head,
    /// What has the schedule look at its deliveries. Without a condition.
    Deliveries,
    /// The mark that the change was applied.
    IdempotencyRecord,
}

impl<'a> Webhooks<'a> {
    pub(crate) const fn new(store: &'a Store, context: &'a Context) -> Self {
        let (caller, idempotency) = (context.principal(), context.idempotency());
        Self { store, tenant: caller.tenant(), context, caller, idempotency }
    }

    /// Reads one endpoint, consistently.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the tenant has no such endpoint; the database's.
    pub async fn get(&self, id: &WebhookId) -> Result<VersionedWebhook> {
        self.read(id).await?.ok_or(Error::NotFound)
    }

    /// Reads all endpoints, consistently, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self) -> Result<Vec<VersionedWebhook>> {
        let items = read_kind(self.store, Table::Webhooks, text(self.tenant), item::ENDPOINT).await?;
        let mut webhooks = items.iter().map(item::decode).collect::<Result<Vec<_>>>()?;
        webhooks.sort_by(|a, b| {
            let (a, b) = (&a.webhook, &b.webhook);
            b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id))
        });
        Ok(webhooks)
    }

    async fn read(&self, id: &WebhookId) -> Result<Option<VersionedWebhook>> {
        let get = self.store.db.get_item().table_name(self.store.table(Table::Webhooks));
        let get = get.set_key(Some(item::key(self.tenant, id))).consistent_read(true);
        let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = get.send().await.map_err(|error| map_sdk_error("GetItem webhooks", error))?;
        response.item.as_ref().map(item::decode).transpose()
    }

    /// The endpoint for which deliveries are queued.
    fn endpoint(&self, id: &WebhookId) -> EndpointId {
        EndpointId { tenant: self.tenant.clone(), id: id.clone() }
    }

    /// Has the schedule look at the deliveries of an endpoint that is changed or deleted.
    fn look(&self, id: &WebhookId) -> Write {
        DueEndpoint::new(self.endpoint(id), self.context.received_at()).put()
    }

    /// Whether an earlier attempt of the request has applied its change.
    fn is_applied(&self) -> bool {
        self.idempotency.is_some_and(|locked| locked.record.applied)
    }

    /// The part of a transaction that marks its change as applied, under an idempotency record.
    fn applied(&self) -> Option<Write> {
        self.idempotency.map(|locked| locked.applied(self.tenant))
    }
}

/// The error of a request that met changes of others at each attempt.
fn changed_too_often() -> Error {
    Error::Unavailable("the webhook was changed by others too often".into())
}

/// The error of a request whose idempotency record another attempt has locked since.
fn record_taken_over() -> Error {
    Error::Unavailable("another request took over the idempotency record".into())
}

/// The error of a URL that another endpoint has, whose id is in the item that was found.
fn url_taken(found: Option<Attributes>) -> Error {
    let found = found.unwrap_or_default();
    match Row::new(Table::Webhooks, &found).parsed("id", WebhookId::parse) {
        Ok(holder) => Error::Duplicate(format!("A webhook of this URL exists: {holder}")),
        Err(error) => error,
    }
}
