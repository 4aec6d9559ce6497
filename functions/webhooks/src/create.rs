//! `POST /api/v1/webhooks`

use hb_domain::Result;
use hb_domain::webhook::{NewWebhook, subscribed};
use hb_http::{Call, HandlerResult, Reply};

use crate::view::NewWebhookView;

/// Whether the caller may subscribe to the events that the body names. Faults of the body are for [`create`] to report.
pub(crate) async fn authorize(call: &Call) -> Result<()> {
    subscribed(&mut call.body()?).check(call.principal())
}

pub(crate) async fn create(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let mut new = NewWebhook::parse(call.body()?, call.webhook_urls())?;
    new.events.check(call.principal())?;

    let (id, version, given) = (call.new_webhook_id(), call.new_version(), new.secret.take());
    let (secret, sealed) = call.new_webhook_secret(&id, given).await?;
    // The time of the attempt that creates it: what happened since an earlier attempt that failed is not delivered.
    let webhook = new.at(id, call.received_at());
    let created = Box::pin(call.webhooks().create(webhook, version, sealed)).await?;
    let location = format!("/api/v1/webhooks/{}", created.webhook.id);
    let reply = Reply::created(location, &NewWebhookView::of(created.webhook, &secret))?;
    reply.of_version(created.version).with_secret("secret")
}
