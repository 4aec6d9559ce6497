//! `POST /api/v1/api-keys/rotate`

use std::time::Duration;

use hb_domain::credential::MAX_GRACE;
use hb_domain::fields::Fields;
use hb_domain::key_summary::KeyStatus;
use hb_domain::{Error, Result, rules};
use hb_http::{Call, HandlerResult, Reply, Rotation};

use crate::target;
use crate::view::PlainKeyView;

/// The body of the request.
pub(crate) struct RotateKey {
    id: String,
    /// How long the replaced secret stays valid.
    grace: Duration,
}

impl RotateKey {
    fn parse(mut fields: Fields) -> Result<Self> {
        let id = target::take_key_id(&mut fields);
        let grace = fields.take("gracePeriodSeconds", rules::integer(0..=MAX_GRACE.as_secs())).unwrap_or(0);
        Ok(Self { id: fields.finish_with(id)?, grace: Duration::from_secs(grace) })
    }
}

#[cfg(feature = "describe")]
impl hb_domain::describe::Request for RotateKey {
    fn name() -> &'static str {
        "ApiKeyRotation"
    }

    fn record(recorder: &hb_domain::describe::Recorder) {
        let _ = Self::parse(recorder.body());
    }
}

pub(crate) async fn rotate(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let RotateKey { id, grace } = RotateKey::parse(call.body()?)?;

    let key = target::find(&call, &id).await?;
    call.principal().may_rotate(&key)?;
    match key.status(call.effective_at()) {
        KeyStatus::Active => {}
        KeyStatus::Revoked => return Err(Error::field("keyId", "names a key that has been revoked")),
        KeyStatus::Expired => return Err(Error::field("keyId", "names a key that has expired")),
    }
    let (plain, hash) = call.new_secret(&key.id, key.environment).await?;
    let name = call.new_version();
    let rotation = Rotation { id: &key.id, secret: &hash, grace, name: &name };
    call.keys().rotate(rotation).await?;
    Reply::ok(&PlainKeyView::of(&key, &plain, call.allowance()))?.with_secret("plainKey")
}
