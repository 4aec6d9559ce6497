//! `POST /api/v1/api-keys/rotate`

use std::time::Duration;

use hb_domain::credential::MAX_GRACE;
use hb_domain::key_summary::KeyStatus;
use hb_domain::{Error, rules};
use hb_http::{Call, HandlerResult, Reply, Rotation};

use crate::{target, view};

pub(crate) async fn rotate(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let mut fields = call.body()?;
    fields.check_tenant(call.principal().tenant());
    let id = target::take_key_id(&mut fields);
    let grace = fields.take("gracePeriodSeconds", rules::integer(0..=MAX_GRACE.as_secs())).unwrap_or(0);
    let id = fields.finish_with(id)?;

    let key = target::find(&call, &id).await?;
    call.principal().may_rotate(&key)?;
    match key.status(call.effective_at()) {
        KeyStatus::Active => {}
        KeyStatus::Revoked => return Err(Error::field("keyId", "names a key that has been revoked")),
        KeyStatus::Expired => return Err(Error::field("keyId", "names a key that has expired")),
    }
    let (plain, hash) = call.new_secret(&key.id, key.environment).await?;
    let (name, grace) = (call.new_version(), Duration::from_secs(grace));
    let rotation = Rotation { id: &key.id, secret: &hash, grace, name: &name };
    call.keys().rotate(rotation).await?;
    Reply::ok(&view::handed_out(&key, &plain, call.allowance()))?.with_secret("plainKey")
}
