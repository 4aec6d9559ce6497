//! `POST /api/v1/api-keys`

use hb_domain::fields::Fields;
use hb_domain::key::Environment;
use hb_domain::key_summary::KeySummary;
use hb_domain::rules::{self, Time};
use hb_domain::{Principal, Result, Scopes, Timestamp};
use hb_http::{Call, HandlerResult, Reply};

use crate::view::PlainKeyView;

/// The body of the request.
pub(crate) struct CreateKey {
    name: String,
    environment: Environment,
    grant: Grant,
}

/// What the new key may do, and until when; `None` where the body leaves it to the caller's own.
struct Grant {
    scopes: Option<Scopes>,
    expires_at: Option<Option<Timestamp>>,
}

impl Grant {
    fn take(fields: &mut Fields, expiry: Time) -> Self {
        Self {
            scopes: fields.take("scopes", rules::scopes()),
            expires_at: fields.take("expiresAt", rules::nullable(expiry)),
        }
    }

    /// The scopes and the expiry for a key that `caller` creates.
    ///
    /// # Errors
    /// As [`Principal::may_create`].
    fn checked(&self, caller: &Principal) -> Result<(Scopes, Option<Timestamp>)> {
        let scopes = self.scopes.unwrap_or(caller.scopes());
        let expires_at = self.expires_at.unwrap_or(caller.expires_at());
        caller.may_create(scopes, expires_at)?;
        Ok((scopes, expires_at))
    }
}

impl CreateKey {
    fn parse(mut fields: Fields, now: Timestamp) -> Result<Self> {
        let name = fields.require("name", rules::key_name());
        let environment = fields.take("environment", rules::one_of::<Environment>());
        let grant = Grant::take(&mut fields, rules::future(now));
        let name = fields.finish_with(name)?;
        Ok(Self { name, environment: environment.unwrap_or(Environment::Production), grant })
    }
}

#[cfg(feature = "describe")]
impl hb_domain::describe::Request for CreateKey {
    fn name() -> &'static str {
        "NewApiKey"
    }

    fn record(recorder: &hb_domain::describe::Recorder) {
        let _ = Self::parse(recorder.body(), recorder.now());
    }
}

/// Whether the caller may create the key that the body describes. Other faults of the body are for [`create`] to report,
/// and so is an expiry that has passed: the request may have been completed before.
pub(crate) async fn authorize(call: &Call) -> Result<()> {
    Grant::take(&mut call.body()?, rules::time()).checked(call.principal()).map(|_| ())
}

pub(crate) async fn create(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let CreateKey { name, environment, grant } = CreateKey::parse(call.body()?, call.effective_at())?;
    let (scopes, expires_at) = grant.checked(call.principal())?;

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
    Reply::created(location, &PlainKeyView::of(&key, &plain, call.allowance()))?.with_secret("plainKey")
}
