//! `POST /api/v1/api-keys/revoke`

use hb_domain::fields::Fields;
use hb_domain::key_summary::KeyStatus;
use hb_domain::{KeyId, Result, Timestamp};
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::target;

/// The body of the request.
pub(crate) struct RevokeKey {
    id: String,
}

/// A key that was revoked.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "RevokedApiKey"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevokedKey<'a> {
    /// The id of the key.
    id: &'a KeyId,
    /// When it was revoked; of a key that had been revoked before, that time.
    revoked_at: Timestamp,
    /// Always `revoked`.
    status: KeyStatus,
}

impl RevokeKey {
    fn parse(mut fields: Fields) -> Result<Self> {
        let id = target::take_key_id(&mut fields);
        Ok(Self { id: fields.finish_with(id)? })
    }
}

#[cfg(feature = "describe")]
impl hb_domain::describe::Request for RevokeKey {
    fn name() -> &'static str {
        "ApiKeyRevocation"
    }

    fn record(recorder: &hb_domain::describe::Recorder) {
        let _ = Self::parse(recorder.body());
    }
}

pub(crate) async fn revoke(call: Call) -> HandlerResult {
    call.no_query()?;
    let request = RevokeKey::parse(call.body()?)?;

    let key = target::find(&call, &request.id).await?;
    call.principal().may_revoke(&key)?;
    let revoked_at = call.keys().revoke(&key).await?;
    Reply::ok(&RevokedKey { id: &key.id, revoked_at, status: KeyStatus::Revoked })
}
