//! Creating an endpoint.

use hb_domain::error::{AuthFailure, Quota};
use hb_domain::webhook::{MAX_WEBHOOKS, SealedSecret, Webhook, WebhookStatus};
use hb_domain::{Error, Result};

use super::item::{self, VersionedWebhook};
use super::{Part, Webhooks, record_taken_over, url_taken};
use crate::backoff::Backoff;
use crate::deliveries::recovery;
use crate::feed::{Head, head};
use crate::item::{Attributes, bytes, text};
use crate::tables::Table;
use crate::transaction::{ConditionFailed, Transaction};
use crate::write::Write;

impl Webhooks<'_> {
    /// Creates an endpoint, and has the tenant's events recorded from now on.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when another endpoint has its URL, or when an earlier attempt of the request created the endpoint
    /// and it was changed or deleted since; [`Error::QuotaExhausted`] when the tenant has [`MAX_WEBHOOKS`];
    /// [`Error::AuthInvalid`] when the tenant was deleted meanwhile, [`Error::Suspended`] when it was suspended; the database's.
    pub async fn create(
        &self,
        webhook: Webhook,
        version: String,
        secret: SealedSecret,
    ) -> Result<VersionedWebhook> {
        let new = VersionedWebhook { webhook, version, secret, previous: None };
        if self.is_applied() {
            return self.adopt(new).await;
        }
        let created = Box::pin(self.record_and_create(new)).await;
        if created.is_err() {
            // The flag may be raised without an endpoint.
            if let Err(error) = Box::pin(self.end_recording()).await {
                tracing::warn!(tenant = %self.tenant, %error, "the recording of searches was not ended");
            }
        }
        created
    }

    /// The steps of a creation; see [`super`].
    async fn record_and_create(&self, new: VersionedWebhook) -> Result<VersionedWebhook> {
        let mut backoff = Backoff::transaction();
        loop {
            let head = Head::read(self.store, self.tenant).await?;
            if !self.store.tenants().start_recording(self.tenant).await? {
                return Err(Error::AuthInvalid(AuthFailure::Unknown));
            }
            let put =
                |item: Attributes| Write::put(Table::Webhooks, item).condition("attribute_not_exists(sk)");
            let since = self.context.received_at();
            let transaction = Transaction::new(Part::Endpoint, put(item::encode(self.tenant, &new)))
                .and(Part::Url, put(item::encode_url(self.tenant, &new.webhook)))
                .and(Part::Head, head::add_endpoint(self.tenant, head.as_ref(), since))
                .and(Part::IdempotencyRecord, self.applied());
            let transaction = self
                .recovery(&new.webhook, head.as_ref())
                .into_iter()
                .flatten()
                .fold(transaction, |transaction, write| transaction.and(Part::Deliveries, write));
            let failed = match transaction.run(self.store, &mut backoff).await? {
                Ok(_) => {
                    let Some(refusal) = self.refusal().await? else { return Ok(new) };
                    self.withdraw(&new.webhook.id).await?;
                    return Err(refusal);
                }
                Err(failed) => failed,
            };
            match failed.part {
                Part::Endpoint => return self.adopt(new).await,
                Part::Deliveries => {}
                Part::Url | Part::FormerUrl => return Err(url_taken(failed.found)),
                Part::IdempotencyRecord => return Err(record_taken_over()),
                Part::Head => {
                    let found = failed.found.as_ref().map(Head::decode).transpose()?;
                    if found.is_some_and(|head| head.endpoints >= MAX_WEBHOOKS) {
                        return Err(Error::QuotaExhausted(Quota::Webhooks(MAX_WEBHOOKS)));
                    }
                }
            }
            if !backoff.wait().await {
                return Err(Error::Unavailable("creating a webhook met too many conflicts".into()));
            }
        }
    }

    /// Has the changes queued that were appended before the endpoint and that it gets all the same.
    fn recovery(&self, webhook: &Webhook, head: Option<&Head>) -> Option<[Write; 2]> {
        let version = head::next_endpoints_version(head);
        let (since, now) = (webhook.delivers_since(), self.context.received_at());
        let is_active = webhook.status == WebhookStatus::Active;
        is_active.then(|| recovery::of_creation(&self.endpoint(&webhook.id), since, version, now))
    }

    /// Gives the endpoint that an earlier attempt of this request created the secret that this attempt returns: that of the
    /// earlier one was returned to nobody.
    async fn adopt(&self, new: VersionedWebhook) -> Result<VersionedWebhook> {
        let id = &new.webhook.id;
        let Some(locked) = self.idempotency else {
            return Err(Error::Unavailable(format!("the webhook id {id} is taken")));
        };
        let changed = |how: &str| {
            Error::Duplicate(format!(
                "The webhook was created by an earlier attempt of this request and has been {how} since: {id}"
            ))
        };
        let found = self.read(id).await?.ok_or_else(|| changed("deleted"))?;
        if found.version != new.version {
            return Err(changed("changed"));
        }
        found.webhook.events.check(self.caller)?;
        let secret = Write::update(
            Table::Webhooks,
            item::key(self.tenant, id),
            "SET #secret = :secret, keyVersion = :keyVersion",
        )
        .condition("#version = :version")
        .name("#secret", "secret")
        .name("#version", "version")
        .value(":secret", bytes(&new.secret.sealed))
        .value(":keyVersion", text(&new.secret.key_version))
        .value(":version", text(&new.version));
        let transaction = Transaction::new(Part::Endpoint, secret)
            .and(Part::IdempotencyRecord, locked.applied_again(self.tenant));
        match transaction.run(self.store, &mut Backoff::transaction()).await? {
            Ok(_) => Ok(VersionedWebhook { secret: new.secret, ..found }),
            Err(ConditionFailed { part: Part::IdempotencyRecord, .. }) => Err(record_taken_over()),
            // The next attempt of the request finds how.
            Err(_) => Err(Error::Unavailable("a webhook was changed while it was adopted".into())),
        }
    }
}
