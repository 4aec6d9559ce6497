//! `GET /api/v1/api-keys/{id}`

use hb_domain::KeyId;
use hb_http::{Call, HandlerResult, Reply};

use crate::{target, view};

pub(crate) async fn get(call: Call) -> HandlerResult {
    call.no_query()?;
    let key = target::read(&call, &call.path_id(KeyId::parse)?).await?;
    let last_used_at = call.usage().last_used(&key.id).await?;
    Reply::ok(&view::summary(&key, last_used_at, call.effective_at()))
}
