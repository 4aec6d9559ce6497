//! What requests of a tenant do with its deliveries.

mod log;
mod resend;

use hb_domain::delivery::EndpointId;
use hb_domain::{Error, TenantId, WebhookId};

use crate::idempotency::LockedRecord;
use crate::write::Write;
use crate::{Context, Store};
pub use log::DeliveryLogPage;

/// The deliveries of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Deliveries<'a> {
    pub(super) store: &'a Store,
    pub(super) context: &'a Context,
}

impl<'a> Deliveries<'a> {
    pub(crate) const fn new(store: &'a Store, context: &'a Context) -> Self {
        Self { store, context }
    }

    const fn tenant(&self) -> &'a TenantId {
        self.context.tenant()
    }

    fn endpoint(&self, id: &WebhookId) -> EndpointId {
        EndpointId { tenant: self.tenant().clone(), id: id.clone() }
    }

    /// Whether an earlier attempt of the request has made its change.
    fn is_applied(&self) -> bool {
        self.context.idempotency().is_some_and(|locked| locked.record.applied)
    }

    /// The part of a transaction that marks its change as applied, under an idempotency record.
    fn applied(&self) -> Option<Write> {
        self.context.idempotency().map(|locked: &LockedRecord| locked.applied(self.tenant()))
    }
}

/// The error of a request whose idempotency record another attempt has locked since.
fn record_taken_over() -> Error {
    Error::Unavailable("another request took over the idempotency record".into())
}
