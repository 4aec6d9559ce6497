//! `GET` and `POST /auth/clerk-token`

use hb_domain::fields::Fields;
use hb_domain::{Error, Scope, rules};
use hb_http::{Call, HandlerResult, Reply};
use serde_json::json;

pub(crate) async fn exchange(mut call: Call) -> HandlerResult {
    let own = call.principal().scopes();
    let mut query = call.query();
    query.check_tenant(call.principal().tenant());
    let asked = query.take("scopes", rules::query_scopes);
    query.finish()?;
    let asked_in_body = if call.has_body() { asked_in(call.body()?, &call)? } else { None };
    if asked.is_some() && asked_in_body.is_some() {
        return Err(Error::field("scopes", "must be given once, in the query or in the body"));
    }
    let scopes = asked.or(asked_in_body).unwrap_or(own);
    let scopes = scopes.iter().filter(|scope| own.contains(*scope)).collect();
    let minted = call.new_token(scopes).await?;
    let data = json!({
        "token": minted.token,
        "tokenType": "Bearer",
        "expiresAt": minted.expires_at,
        "tenantId": call.principal().tenant(),
        "scopes": scopes.iter().map(Scope::as_str).collect::<Vec<_>>(),
    });
    Reply::ok(&data)?.with_secret("token")
}

/// The scopes that the body asks for.
fn asked_in(mut fields: Fields, call: &Call) -> hb_domain::Result<Option<hb_domain::Scopes>> {
    fields.check_tenant(call.principal().tenant());
    let scopes = fields.take("scopes", rules::scopes);
    fields.finish()?;
    Ok(scopes)
}
