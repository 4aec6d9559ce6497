//! `GET /api/v1/webhooks`

use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::view::WebhookView;

/// The webhook endpoints of the tenant.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
pub(crate) struct WebhookList {
    /// The endpoints, at most 20.
    webhooks: Vec<WebhookView>,
}

pub(crate) async fn list(call: Call) -> HandlerResult {
    call.no_query()?;
    let webhooks = call.webhooks().list().await?.into_iter();
    Reply::ok(&WebhookList { webhooks: webhooks.map(|found| WebhookView::of(found.webhook)).collect() })
}
