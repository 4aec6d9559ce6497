//! `GET` and `POST /auth/clerk-token`

use hb_domain::fields::Fields;
use hb_domain::{Error, Result, Scopes, TenantId, Timestamp, rules};
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

/// The scopes that the query requests.
pub(crate) struct TokenQuery {
    scopes: Option<Scopes>,
}

/// The scopes that the body requests.
pub(crate) struct TokenBody {
    scopes: Option<Scopes>,
}

/// An access token, which is sent as `Authorization: Bearer …`.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessToken<'a> {
    /// From then on the token is refused.
    expires_at: Timestamp,
    /// What the token allows.
    scopes: Scopes,
    /// The tenant of the session.
    tenant_id: &'a TenantId,
    /// The token, a JWT that is signed with EdDSA.
    token: &'a str,
    /// Always `Bearer`.
    token_type: &'static str,
}

impl TokenQuery {
    fn parse(mut fields: Fields) -> Result<Self> {
        let scopes = fields.take("scopes", rules::query_scopes());
        fields.finish()?;
        Ok(Self { scopes })
    }
}

impl TokenBody {
    fn parse(mut fields: Fields) -> Result<Self> {
        let scopes = fields.take("scopes", rules::scopes());
        fields.finish()?;
        Ok(Self { scopes })
    }
}

#[cfg(feature = "describe")]
impl hb_domain::describe::Request for TokenQuery {
    fn record(recorder: &hb_domain::describe::Recorder) {
        let _ = Self::parse(recorder.query());
    }
}

#[cfg(feature = "describe")]
impl hb_domain::describe::Request for TokenBody {
    fn name() -> &'static str {
        "TokenRequest"
    }

    fn record(recorder: &hb_domain::describe::Recorder) {
        let _ = Self::parse(recorder.body());
    }
}

pub(crate) async fn exchange(mut call: Call) -> HandlerResult {
    let own = call.principal().scopes();
    let query = TokenQuery::parse(call.query())?;
    let body = if call.has_body() { TokenBody::parse(call.body()?)? } else { TokenBody { scopes: None } };
    if query.scopes.is_some() && body.scopes.is_some() {
        return Err(Error::field("scopes", "must be given once, in the query or in the body"));
    }
    let requested = query.scopes.or(body.scopes).unwrap_or(own);
    let scopes = requested.iter().filter(|scope| own.contains(*scope)).collect();
    let minted = call.new_token(scopes).await?;
    let token = AccessToken {
        expires_at: minted.expires_at,
        scopes,
        tenant_id: call.principal().tenant(),
        token: &minted.token,
        token_type: "Bearer",
    };
    Reply::ok(&token)?.with_secret("token")
}
