//! `POST /api/v1/api-keys`

use hb_domain::key::Environment;
use hb_domain::key_summary::KeySummary;
use hb_domain::rules;
use hb_http::{Call, Outcome, Reply};

use crate::view;

pub(crate) async fn create(mut call: Call) -> Outcome {
    call.no_query()?;
    let mut fields = call.body()?;
    fields.check_tenant(call.principal().tenant());
    let name = fields.require("name", rules::text(1..=255));
    let environment =
        fields.take("environment", rules::one_of(Environment::parse, &["development", "production"]));
    let scopes = fields.take("scopes", rules::scopes).unwrap_or(call.principal().scopes());
    let expires_at = fields
        .take("expiresAt", rules::nullable(rules::future(call.now())))
        .unwrap_or(call.principal().expires_at());
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
        created_at: call.now(),
        expires_at,
        revoked_at: None,
    };
    call.keys().create(&key, hash).await?;
    let location = format!("/api/v1/api-keys/{}", key.id);
    Reply::created(location, &view::handed_out(&key, &plain, call.allowance()))?.with_secret("plainKey")
}
