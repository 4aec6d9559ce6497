//! The endpoint in the path of a request that has its events sent, or shows what was sent.

use hb_domain::webhook::WebhookStatus;
use hb_domain::{Error, Result, WebhookId};
use hb_http::{Call, VersionedWebhook};

/// The endpoint, if the caller may get its events.
///
/// # Errors
/// [`Error::NotFound`] when the tenant has no such endpoint; what reading the endpoint's events needs.
pub(crate) async fn find(call: &Call) -> Result<VersionedWebhook> {
    let found = call.webhooks().get(&call.path_id(WebhookId::parse)?).await?;
    found.webhook.events.check(call.principal())?;
    Ok(found)
}

/// As [`find`], for a request that queues events for the endpoint.
///
/// # Errors
/// As [`find`]; [`Error::Validation`] when the endpoint is inactive.
pub(crate) async fn find_active(call: &Call) -> Result<VersionedWebhook> {
    let found = find(call).await?;
    match found.webhook.status {
        WebhookStatus::Active => Ok(found),
        WebhookStatus::Inactive => Err(Error::field(
            "id",
            "names an inactive webhook, which gets no events; set its status to active first",
        )),
    }
}

/// Whether the caller may get the events of the endpoint. The handler reports an endpoint that does not exist.
pub(crate) async fn authorize(call: &Call) -> Result<()> {
    match find(call).await {
        Ok(_) | Err(Error::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}
