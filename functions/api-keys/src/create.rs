//! `POST /api/v1/api-keys`

use hb_domain::fields::{Fields, Ruled};
use hb_domain::key::Environment;
use hb_domain::key_summary::KeySummary;
use hb_domain::{Result, Scopes, Timestamp, rules};
use hb_http::{Call, HandlerResult, Reply};
use serde_json::Value;

use crate::view;

/// Whether the caller may create what the body asks for. What is wrong with the body otherwise is for `create` to say,
/// and so is an expiry that has passed: the request may be one that was answered when it had not.
pub(crate) async fn authorize(call: &Call) -> Result<()> {
    let (scopes, expires_at) = take_power(&mut call.body()?, call, rules::time);
    call.principal().may_create(scopes, expires_at)
}

/// What the new key can do, and for how long: what the caller can where the body does not say.
fn take_power(
    fields: &mut Fields,
    call: &Call,
    expiry: impl FnOnce(Value) -> Ruled<Timestamp>,
) -> (Scopes, Option<Timestamp>) {
    let scopes = fields.take("scopes", rules::scopes).unwrap_or(call.principal().scopes());
    let expires_at =
        fields.take("expiresAt", rules::nullable(expiry)).unwrap_or(call.principal().expires_at());
    (scopes, expires_at)
}

pub(crate) async fn create(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let mut fields = call.body()?;
    fields.check_tenant(call.principal().tenant());
    let name = fields.require("name", rules::text(1..=255));
    let environment =
        fields.take("environment", rules::one_of(Environment::parse, &["development", "production"]));
    let (scopes, expires_at) = take_power(&mut fields, &call, rules::future(call.effective_at()));
    let name = fields.finish_with(name)?;
    call.principal().may_create(scopes, expires_at)?;

    let environment = environment.unwrap_or(Environment::Production);
    let id = call.new_key_id();
    let (plain, hash) = call.new_secret(&id, environment).await?;
    let key = KeySummary {
        id,
        name,
        key_prefix: plain.prefix().to_owned(),
        environment,
        scopes,
        created_at: call.effective_at(),
        expires_at,
        revoked_at: None,
    };
    let key = call.keys().create(&key, hash).await?;
    let location = format!("/api/v1/api-keys/{}", key.id);
    Reply::created(location, &view::handed_out(&key, &plain, call.allowance()))?.with_secret("plainKey")
}
