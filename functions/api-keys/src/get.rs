//! `GET /api/v1/api-keys/{id}`

use hb_domain::KeyId;
use hb_http::{Call, HandlerResult, Reply};

use crate::target;
use crate::view::KeyView;

pub(crate) async fn get(call: Call) -> HandlerResult {
    call.no_query()?;
    let key = target::read(&call, &call.path_id(KeyId::parse)?).await?;
    let last_used_at = call.usage().last_used(&key.id).await?;
    Reply::ok(&KeyView::of(key, last_used_at, call.effective_at()))
}
