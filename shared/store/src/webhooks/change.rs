//! Changing an endpoint.

use hb_domain::precondition::Preconditions;
use hb_domain::webhook::{Webhook, WebhookPatch, may_change};
use hb_domain::{Error, Result, WebhookId};

use super::item::{self, VersionedWebhook};
use super::{Part, Webhooks, changed_too_often, record_taken_over, url_taken};
use crate::backoff::Backoff;
use crate::feed::head;
use crate::item::{millis, text, texts};
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::write::Write;

impl Webhooks<'_> {
    /// Changes an endpoint that meets the conditions, and returns the result. Each attempt reads the endpoint and writes on the
    /// condition that it is unchanged, so no concurrent change is lost, and the caller is allowed to change what it finds.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such endpoint, [`Error::PreconditionFailed`] when it does not meet them; what
    /// [`may_change`] returns; [`Error::Duplicate`] when another endpoint has the new URL; the database's.
    pub async fn change(
        &self,
        id: &WebhookId,
        patch: &WebhookPatch,
        conditions: &Preconditions,
        version: &str,
    ) -> Result<VersionedWebhook> {
        let now = self.context.received_at();
        let mut backoff = Backoff::transaction();
        loop {
            let found = self.read(id).await?.ok_or(Error::NotFound)?;
            let changed = patch.apply(&found.webhook, now);
            may_change(self.caller, &found.webhook.events, &changed.events)?;
            if self.is_applied() || found.version == version {
                return Ok(found);
            }
            if !conditions.are_met(Some(&found.version)) {
                return Err(Error::PreconditionFailed);
            }
            if changed == found.webhook {
                return Ok(found);
            }
            if self.try_change(&found, &changed, version, &mut backoff).await? {
                let version = version.to_owned();
                return Ok(VersionedWebhook { webhook: changed, version, ..found });
            }
            if !backoff.wait().await {
                return Err(changed_too_often());
            }
        }
    }

    /// Replaces the endpoint as it was found. Returns `false` if it was changed or deleted meanwhile. The item of its former URL may
    /// be missing or wrong after a restore of the table; the endpoint is changed all the same.
    async fn try_change(
        &self,
        found: &VersionedWebhook,
        changed: &Webhook,
        version: &str,
        backoff: &mut Backoff,
    ) -> Result<bool> {
        let mut transaction = self.write_over(found, changed, version);
        loop {
            let Err(failed) = transaction.run(self.store, backoff).await? else { return Ok(true) };
            match failed.part {
                Part::Url => return Err(url_taken(failed.found)),
                Part::IdempotencyRecord => return Err(record_taken_over()),
                Part::FormerUrl | Part::Head => {
                    self.log_damage(&found.webhook.id, failed.part);
                    transaction = transaction.without(failed.part);
                }
                Part::Endpoint | Part::Deliveries => return Ok(false),
            }
        }
    }

    /// The transaction that replaces `found` by `changed`. It leaves the secret as it is.
    fn write_over(&self, found: &VersionedWebhook, changed: &Webhook, version: &str) -> Transaction<Part> {
        let update = Write::update(
            Table::Webhooks,
            item::key(self.tenant, &changed.id),
            "SET #name = :name, #url = :url, events = :events, #status = :status, updatedAt = :now, #version = :version",
        )
        .condition("#version = :seen")
        .name("#name", "name")
        .name("#url", "url")
        .name("#status", "status")
        .name("#version", "version")
        .value(":name", text(&changed.name))
        .value(":url", text(&changed.url))
        .value(":events", texts(changed.events.iter()))
        .value(":status", text(changed.status))
        .value(":now", millis(changed.updated_at))
        .value(":version", text(version))
        .value(":seen", text(&found.version))
        .identified_by("version", text(version));
        let is_moved = changed.url != found.webhook.url;
        // An append that has read the endpoint before the change is not made after it.
        let gets_others = (changed.status, &changed.events) != (found.webhook.status, &found.webhook.events);
        let url = Write::put(Table::Webhooks, item::encode_url(self.tenant, changed))
            .condition("attribute_not_exists(sk)");
        Transaction::new(Part::Endpoint, update)
            .and(Part::Url, is_moved.then_some(url))
            .and(Part::FormerUrl, is_moved.then(|| self.url_deletion(&found.webhook)))
            .and(Part::Head, gets_others.then(|| head::change_endpoint(self.tenant)))
            .and(Part::Deliveries, self.look(&changed.id))
            .and(Part::IdempotencyRecord, self.applied())
    }

    /// The deletion of the item of an endpoint's URL.
    pub(super) fn url_deletion(&self, webhook: &Webhook) -> Write {
        Write::delete(Table::Webhooks, item::url_key(self.tenant, &webhook.url))
            .condition("id = :id")
            .value(":id", text(&webhook.id))
    }

    /// Logs that an item that belongs to the endpoint is missing or wrong.
    pub(super) fn log_damage(&self, id: &WebhookId, part: Part) {
        tracing::error!(tenant = %self.tenant, webhook = %id, ?part, "an item that belongs to a webhook is missing or wrong");
    }
}
