//! What was written of a tenant that was suspended or deleted after the request was admitted. An erasure suspends the tenant first,
//! and may have passed the table when the write arrives.

use hb_domain::error::AuthFailure;
use hb_domain::{Error, Result, WebhookId};

use super::Webhooks;
use crate::backoff::Backoff;
use crate::feed::head;
use crate::transaction::Transaction;

impl Webhooks<'_> {
    /// The error that a request of the tenant gets now, read consistently; `None` if the tenant may have endpoints.
    pub(super) async fn refusal(&self) -> Result<Option<Error>> {
        Ok(match self.store.tenants().get(self.tenant).await? {
            None => Some(Error::AuthInvalid(AuthFailure::Unknown)),
            Some(tenant) if tenant.suspended => Some(Error::Suspended),
            Some(_) => None,
        })
    }

    /// Deletes an endpoint that was created after the tenant was suspended or deleted, and the head that was created with it.
    pub(super) async fn withdraw(&self, id: &WebhookId) -> Result<()> {
        match Box::pin(self.delete(id, None)).await {
            // The erasure has deleted it.
            Ok(()) | Err(Error::NotFound) => self.remove_head_if_erased().await,
            Err(error) => Err(error),
        }
    }

    /// Deletes the head without endpoints of a tenant that was deleted. That of a suspended tenant is kept if the feed has events,
    /// whose positions must not be given again.
    pub(super) async fn remove_head_if_erased(&self) -> Result<()> {
        let deletion = match self.store.tenants().get(self.tenant).await? {
            None => head::delete_unused(self.tenant),
            Some(tenant) if tenant.suspended => head::delete_empty(self.tenant),
            Some(_) => return Ok(()),
        };
        // A failed condition: there is none, or another request will delete it.
        let _ = Transaction::new((), deletion).run(self.store, &mut Backoff::transaction()).await?;
        Ok(())
    }
}
