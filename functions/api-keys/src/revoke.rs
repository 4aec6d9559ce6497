//! `POST /api/v1/api-keys/revoke`

use hb_http::{Call, HandlerResult, Reply};
use serde_json::json;

use crate::target;

pub(crate) async fn revoke(call: Call) -> HandlerResult {
    call.no_query()?;
    let mut fields = call.body()?;
    fields.check_tenant(call.principal().tenant());
    let id = target::take_key_id(&mut fields);
    let id = fields.finish_with(id)?;

    let key = target::find(&call, &id).await?;
    call.principal().may_revoke(&key)?;
    let revoked_at = call.keys().revoke(&key).await?;
    Reply::ok(&json!({ "id": key.id, "status": "revoked", "revokedAt": revoked_at }))
}
