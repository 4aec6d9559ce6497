//! `PATCH /api/v1/webhooks/{id}`

use hb_domain::precondition::Preconditions;
use hb_domain::webhook::{WebhookPatch, may_change, subscribed};
use hb_domain::{Error, Result, WebhookId};
use hb_http::{Call, HandlerResult, Reply};

use crate::view::WebhookView;

/// Whether the caller may get the events of the endpoint as it is and as the body has it. The handler reports an endpoint that
/// does not exist, and faults of the body.
pub(crate) async fn authorize(call: &Call) -> Result<()> {
    let after = subscribed(&mut call.body()?);
    let Ok(id) = call.path_id(WebhookId::parse) else { return after.check(call.principal()) };
    match call.webhooks().get(&id).await {
        Ok(found) => may_change(call.principal(), &found.webhook.events, &after),
        Err(Error::NotFound) => after.check(call.principal()),
        Err(error) => Err(error),
    }
}

pub(crate) async fn update(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let patch = WebhookPatch::parse(call.body()?, call.webhook_urls())?;
    let id = call.path_id(WebhookId::parse)?;
    let conditions = Preconditions { if_none_match: None, ..call.preconditions() };
    let version = call.new_version();
    let changed = Box::pin(call.webhooks().change(&id, &patch, &conditions, &version)).await?;
    Ok(Reply::ok(&WebhookView::of(changed.webhook))?.of_version(changed.version))
}
