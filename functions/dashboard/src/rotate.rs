//! `GET` and `POST /dashboard/keys/{id}/rotate`: a new secret for a key.

use std::time::Duration;

use askama::Template;
use hb_domain::{Error, KeyId};
use hb_http::{ApiRequest, Form, HandlerResult, PageCall};
use serde_json::json;

use crate::create::{Choice, SecretPage};
use crate::form::{FormError, FormErrors};
use crate::page::{Page, render};
use crate::{api, format};

/// The grace periods that the form offers, in seconds.
const GRACES: [(&str, &str); 4] =
    [("0", "None: it stops at once"), ("3600", "1 hour"), ("86400", "24 hours"), ("604800", "7 days")];

#[derive(Template)]
#[template(path = "key_rotate.html")]
struct RotatePage {
    page: Page,
    idempotency_key: String,
    has_errors: bool,
    errors: Vec<FormError>,
    key_id: String,
    key_name: String,
    key_prefix: String,
    graces: Vec<Choice>,
    grace_error: String,
}

pub(crate) async fn open(call: PageCall) -> HandlerResult {
    call.principal().may_manage_keys()?;
    let form = call.prefilled();
    page(&call, &form, FormErrors::default()).await
}

pub(crate) async fn rotate(call: PageCall) -> HandlerResult {
    call.principal().may_manage_keys()?;
    let (id, form) = (call.path_id(KeyId::parse)?, call.form());
    let grace = form.value("grace").parse::<u64>();
    let body = json!({"keyId": id, "gracePeriodSeconds": grace.clone().map_or(json!(form.value("grace")), |grace| json!(grace))});
    let request = ApiRequest::post(api_keys::ROUTES, "/api/v1/api-keys/rotate", body);
    let reply = match call.api(request.once_for(form.value("idempotency_key"))).await {
        Ok(reply) => reply,
        Err(error) => return refused(&call, error).await,
    };
    let key: api::NewKey = reply.data()?;
    let until = grace.ok().filter(|grace| *grace > 0 && !reply.is_replayed());
    let until = until.map(|grace| call.now().plus(Duration::from_secs(grace)));
    render(&SecretPage {
        page: Page::of(&call, "keys"),
        already: key.plain_key.is_none(),
        key_id: key.id,
        name: key.name,
        secret: key.plain_key.unwrap_or_default(),
        rotated: true,
        previous_until: until.map(format::time).unwrap_or_default(),
        previous_until_at: until.map(|until| until.to_string()).unwrap_or_default(),
        replaces_id: String::new(),
        replaces_name: String::new(),
    })
}

/// The form again, with what is wrong.
async fn refused(call: &PageCall, error: Error) -> HandlerResult {
    let errors = FormErrors::of(error.clone(), &[("gracePeriodSeconds", "grace", "Grace period")], "grace")?;
    Ok(page(call, call.form(), errors).await?.with_status_of(&error))
}

async fn page(call: &PageCall, form: &Form, errors: FormErrors) -> HandlerResult {
    let key = api::key(call, call.path_id(KeyId::parse)?.as_str()).await?;
    let chosen = form.value("grace");
    let is_known = GRACES.iter().any(|(value, _)| *value == chosen);
    let graces = GRACES.iter().map(|(value, label)| Choice {
        value: (*value).to_owned(),
        label,
        selected: if is_known { *value == chosen } else { *value == "0" },
    });
    render(&RotatePage {
        page: Page::of(call, "keys"),
        idempotency_key: call.new_idempotency_key(),
        key_id: key.id,
        key_name: key.name,
        key_prefix: key.key_prefix,
        graces: graces.collect(),
        grace_error: errors.at("grace"),
        has_errors: !errors.0.is_empty(),
        errors: errors.0,
    })
}
