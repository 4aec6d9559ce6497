//! `GET /api/v1/webhooks/{id}`

use hb_domain::WebhookId;
use hb_http::{Call, HandlerResult, Reply};

use crate::view::WebhookView;

pub(crate) async fn get(call: Call) -> HandlerResult {
    call.no_query()?;
    let found = call.webhooks().get(&call.path_id(WebhookId::parse)?).await?;
    Ok(Reply::ok(&WebhookView::of(found.webhook))?.of_version(found.version))
}
