//! Deleting an endpoint, and the end of recording with the last one.

use hb_domain::{Error, Result, WebhookId};

use super::item::{self, VersionedWebhook};
use super::{Part, Webhooks, changed_too_often};
use crate::backoff::Backoff;
use crate::deliveries::recovery;
use crate::feed::{Head, head};
use crate::item::text;
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::write::Write;

impl Webhooks<'_> {
    /// Deletes an endpoint; with `expected`, only one of these versions. After the last one events are recorded no longer. A
    /// request that finds no endpoint completes that, in case the one that deleted it has ended before.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such endpoint, [`Error::PreconditionFailed`] when it has another version; the
    /// database's.
    pub async fn delete(&self, id: &WebhookId, expected: Option<&[String]>) -> Result<()> {
        let mut backoff = Backoff::transaction();
        loop {
            let Some(found) = self.read(id).await? else {
                self.end_recording().await?;
                return Err(Error::NotFound);
            };
            if expected.is_some_and(|versions| !versions.contains(&found.version)) {
                return Err(Error::PreconditionFailed);
            }
            if self.try_delete(&found, &mut backoff).await? {
                return self.end_recording().await;
            }
            if !backoff.wait().await {
                return Err(changed_too_often());
            }
        }
    }

    /// Deletes the endpoint as it was found. Returns `false` if it was changed or deleted meanwhile. What else belongs to it may be
    /// missing or wrong after a restore of the table; the endpoint is deleted all the same.
    async fn try_delete(&self, found: &VersionedWebhook, backoff: &mut Backoff) -> Result<bool> {
        let endpoint = Write::delete(Table::Webhooks, item::key(self.tenant, &found.webhook.id))
            .condition("#version = :version")
            .name("#version", "version")
            .value(":version", text(&found.version));
        let mut transaction = Transaction::new(Part::Endpoint, endpoint)
            .and(Part::Url, self.url_deletion(&found.webhook))
            .and(Part::Head, head::remove_endpoint(self.tenant, self.context.received_at()))
            .and(Part::Deliveries, recovery::deletion(&self.endpoint(&found.webhook.id)))
            .and(Part::Deliveries, self.look(&found.webhook.id));
        loop {
            let Err(failed) = transaction.run(self.store, backoff).await? else { return Ok(true) };
            match failed.part {
                Part::Url | Part::Head => {
                    self.log_damage(&found.webhook.id, failed.part);
                    transaction = transaction.without(failed.part);
                }
                Part::Endpoint | Part::FormerUrl | Part::Deliveries | Part::IdempotencyRecord => {
                    return Ok(false);
                }
            }
        }
    }

    /// Has the tenant's searches recorded no longer, if it has no endpoint. See [`super`] for the order of the steps.
    pub(super) async fn end_recording(&self) -> Result<()> {
        let found = Head::read(self.store, self.tenant).await?;
        if found.is_some_and(|head| head.endpoints > 0) {
            return Ok(());
        }
        let Some(tenant) = self.store.tenants().get(self.tenant).await? else { return Ok(()) };
        // A suspended tenant without a head may be in erasure, which is not to find a new one.
        if !tenant.recording.is_on || (found.is_none() && tenant.suspended) {
            return Ok(());
        }
        let end = head::end_generation(self.tenant, found.as_ref(), self.context.received_at());
        if Transaction::new((), end).run(self.store, &mut Backoff::transaction()).await?.is_err() {
            // An endpoint was created meanwhile.
            return Ok(());
        }
        self.store.tenants().stop_recording(self.tenant, tenant.recording.version).await?;
        if found.is_none() { self.remove_head_if_erased().await } else { Ok(()) }
    }
}
