//! `GET` and `POST /dashboard/keys/{id}/revoke`: the end of a key, once its name has been typed.

use askama::Template;
use hb_domain::{Error, KeyId};
use hb_http::{ApiRequest, HandlerResult, PageCall, Reply};
use lambda_http::http::Uri;
use serde_json::json;

use crate::api::{self, ApiKey};
use crate::form::{FormError, FormErrors};
use crate::format;
use crate::page::{Page, render};

#[derive(Template)]
#[template(path = "key_revoke.html")]
struct RevokePage {
    page: Page,
    has_errors: bool,
    errors: Vec<FormError>,
    key_id: String,
    key_name: String,
    last_used: String,
    last_used_at: String,
    confirmation: String,
    confirmation_error: String,
}

pub(crate) async fn open(call: PageCall) -> HandlerResult {
    call.principal().may_manage_keys()?;
    let key = api::key(&call, call.path_id(KeyId::parse)?.as_str()).await?;
    page(&call, key, FormErrors::default())
}

pub(crate) async fn revoke(call: PageCall) -> HandlerResult {
    call.principal().may_manage_keys()?;
    let id = call.path_id(KeyId::parse)?;
    let key = api::key(&call, id.as_str()).await?;
    // A browser sends the line breaks and outer spaces of a name in its own way.
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    if words(call.form().value("confirmation")) != words(&key.name) {
        let error = Error::field("confirmation", "must be the name of the key");
        let message = "Type the name of the key exactly as it is shown.".to_owned();
        let errors = FormErrors(vec![FormError { field: "confirmation", message }]);
        return Ok(page(&call, key, errors)?.with_status_of(&error));
    }
    let request = ApiRequest::post(api_keys::ROUTES, "/api/v1/api-keys/revoke", json!({"keyId": id}));
    call.api(request).await?;
    let location = format!("/dashboard/keys?revoked={id}").parse::<Uri>();
    let location = location.map_err(|error| Error::Internal(format!("location: {error}")))?;
    Ok(Reply::see_other(&location))
}

fn page(call: &PageCall, key: ApiKey, errors: FormErrors) -> HandlerResult {
    let last_used_at = key.last_used_at()?;
    render(&RevokePage {
        page: Page::of(call, "keys"),
        last_used: last_used_at.map(format::time).unwrap_or_default(),
        last_used_at: last_used_at.map(|time| time.to_string()).unwrap_or_default(),
        key_id: key.id,
        key_name: key.name,
        confirmation: call.form().value("confirmation").to_owned(),
        confirmation_error: errors.at("confirmation"),
        has_errors: !errors.0.is_empty(),
        errors: errors.0,
    })
}
