//! `GET` and `POST /dashboard/keys/new`: the form that creates a key, and the only page that shows its secret.

use std::time::Duration;

use askama::Template;
use hb_domain::{Error, KeyId, Scope, Timestamp};
use hb_http::{ApiRequest, Form, HandlerResult, PageCall};
use serde_json::{Value, json};
use strum::VariantArray;

use crate::api::{self, NewKey};
use crate::form::{FormError, FormErrors};
use crate::page::{Page, render};

/// The lifetimes that the form offers, in days.
const LIFETIMES: [(&str, u32, &str); 3] =
    [("30", 30, "In 30 days"), ("90", 90, "In 90 days"), ("365", 365, "In 1 year")];
const NEVER: &str = "never";
const OTHER: &str = "date";
/// The fields of the API, with the elements of the form and their names there.
const FIELDS: [(&str, &str, &str); 4] = [
    ("name", "name", "Name"),
    ("environment", "environment", "Environment"),
    ("scopes", "scopes", "Scopes"),
    ("expiresAt", "expires", "Expiry"),
];

#[derive(Template)]
#[template(path = "key_new.html")]
struct NewKeyPage {
    page: Page,
    idempotency_key: String,
    has_errors: bool,
    errors: Vec<FormError>,
    replaces_id: String,
    replaces_name: String,
    name: String,
    name_error: String,
    production: bool,
    environment_error: String,
    scopes: Vec<ScopeChoice>,
    scopes_error: String,
    expiries: Vec<Choice>,
    expires_min: String,
    expires_on: String,
    expires_error: String,
}

struct ScopeChoice {
    name: &'static str,
    explanation: &'static str,
    checked: bool,
}

/// An option of a list.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: &'static str,
    pub(crate) selected: bool,
}

/// A new secret, after a creation or a rotation.
#[derive(Template)]
#[template(path = "key_created.html")]
pub(crate) struct SecretPage {
    pub(crate) page: Page,
    pub(crate) key_id: String,
    pub(crate) name: String,
    pub(crate) secret: String,
    /// Whether it was shown before.
    pub(crate) already: bool,
    pub(crate) rotated: bool,
    pub(crate) previous_until: String,
    pub(crate) previous_until_at: String,
    pub(crate) replaces_id: String,
    pub(crate) replaces_name: String,
}

pub(crate) async fn open(call: PageCall) -> HandlerResult {
    call.principal().may_manage_keys()?;
    let form = call.prefilled();
    page(&call, &form, FormErrors::default()).await
}

pub(crate) async fn create(call: PageCall) -> HandlerResult {
    call.principal().may_manage_keys()?;
    let form = call.form();
    let request = ApiRequest::post(api_keys::ROUTES, "/api/v1/api-keys", body(form));
    let reply = match call.api(request.once_for(form.value("idempotency_key"))).await {
        Ok(reply) => reply,
        Err(error) => return refused(&call, error).await,
    };
    let key: NewKey = reply.data()?;
    let replaced = replaced(&call, form).await;
    render(&SecretPage {
        page: Page::of(&call, "keys"),
        already: key.plain_key.is_none(),
        key_id: key.id,
        name: key.name,
        secret: key.plain_key.unwrap_or_default(),
        rotated: false,
        previous_until: String::new(),
        previous_until_at: String::new(),
        replaces_id: replaced.0,
        replaces_name: replaced.1,
    })
}

/// The form again, with what is wrong.
async fn refused(call: &PageCall, error: Error) -> HandlerResult {
    let mut errors = FormErrors::of(error.clone(), &FIELDS, "name")?;
    if call.form().value("expires") == OTHER && call.form().value("expires_on").is_empty() {
        // The form asks for a date, where the API takes a time.
        errors.reword("expires", "Expiry must be a date.");
    }
    Ok(page(call, call.form(), errors).await?.with_status_of(&error))
}

async fn page(call: &PageCall, form: &Form, errors: FormErrors) -> HandlerResult {
    let (replaces_id, replaces_name) = replaced(call, form).await;
    let now = call.now();
    let wanted: Vec<&str> = form.values("scopes").collect();
    let is_wanted = |scope: Scope| match wanted.is_empty() && errors.0.is_empty() {
        // What most applications need.
        true => matches!(scope, Scope::ReadMemories | Scope::WriteMemories),
        false => wanted.contains(&scope.as_str()),
    };
    let scopes = Scope::VARIANTS.iter().map(|scope| ScopeChoice {
        name: scope.as_str(),
        explanation: explanation(*scope),
        checked: is_wanted(*scope),
    });
    render(&NewKeyPage {
        page: Page::of(call, "keys"),
        idempotency_key: call.new_idempotency_key(),
        replaces_id,
        replaces_name,
        name: form.value("name").to_owned(),
        name_error: errors.at("name"),
        production: form.value("environment") != "development",
        environment_error: errors.at("environment"),
        scopes: scopes.collect(),
        scopes_error: errors.at("scopes"),
        expiries: expiries(form.value("expires"), now),
        expires_min: now.to_string().get(..10).unwrap_or_default().to_owned(),
        expires_on: form.value("expires_on").to_owned(),
        expires_error: errors.at("expires"),
        has_errors: !errors.0.is_empty(),
        errors: errors.0,
    })
}

/// The options for the expiry. A lifetime is offered as the time at which it ends, so that a form that is sent twice is the same
/// request.
fn expiries(chosen: &str, now: Timestamp) -> Vec<Choice> {
    let chosen = chosen.split(' ').next().unwrap_or_default();
    let is_known = chosen == OTHER || LIFETIMES.iter().any(|(name, ..)| *name == chosen);
    let never = Choice { value: NEVER.into(), label: "Never", selected: !is_known };
    let lifetime = |(name, days, label): &(&'static str, u32, &'static str)| Choice {
        value: format!("{name} {}", now.plus(Duration::from_secs(86_400) * *days)),
        label,
        selected: *name == chosen,
    };
    let other = Choice { value: OTHER.into(), label: "On another date", selected: chosen == OTHER };
    std::iter::once(never).chain(LIFETIMES.iter().map(lifetime)).chain([other]).collect()
}

/// The request that a form describes.
fn body(form: &Form) -> Value {
    let expires = form.value("expires");
    let expires_at = match expires.split_once(' ') {
        _ if expires.is_empty() || expires == NEVER => Value::Null,
        _ if expires == OTHER => json!(format!("{}T23:59:59.999Z", form.value("expires_on"))),
        Some((_, time)) => json!(time),
        // The API refuses it together with what else is wrong.
        None => json!(expires),
    };
    let scopes: Vec<&str> = form.values("scopes").collect();
    json!({
        "name": form.value("name"),
        "environment": form.value("environment"),
        "scopes": scopes,
        "expiresAt": expires_at,
    })
}

/// The id and the name of the key that the new one replaces; both empty if there is none.
async fn replaced(call: &PageCall, form: &Form) -> (String, String) {
    let Some(id) = KeyId::parse(form.value("replaces")) else { return Default::default() };
    api::key(call, id.as_str()).await.map(|key| (key.id, key.name)).unwrap_or_default()
}

const fn explanation(scope: Scope) -> &'static str {
    match scope {
        Scope::ReadMemories => "Read and search memories",
        Scope::WriteMemories => "Create, change and delete memories",
        Scope::ReadIntelligence => "Use the intelligence features",
        Scope::WriteWebhooks => "Manage webhooks and read their events",
    }
}
