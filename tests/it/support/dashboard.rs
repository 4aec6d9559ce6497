//! A person at the dashboard without a browser: their session's cookie, the pages that they open, and the forms that they send.

use std::sync::LazyLock;

use hb_domain::{TenantId, Timestamp};
use hb_http::{PublicUrl, new_sign_in_link};
use http::Method;
use regex_lite::Regex;

use super::{Answer, Client, Instance, World};

/// The media type of a form.
pub const FORM: &str = "application/x-www-form-urlencoded";
/// The path of the sign-in page.
pub const SIGN_IN: &str = "/dashboard/sign-in";

/// A client with the cookie of one session, or without any.
#[derive(Clone)]
pub struct Visitor {
    /// The client, which has no API key.
    pub client: Client,
    /// The token in the cookie; empty for nobody who is signed in.
    pub token: String,
    url: String,
}

/// The fields of a form, in their order.
pub type Fields = Vec<(String, String)>;

impl Visitor {
    /// Somebody who is not signed in.
    pub fn of(instance: &Instance) -> Self {
        Self::new(&instance.client, &instance.url)
    }

    /// Somebody who is not signed in, at the service with this address.
    pub fn new(client: &Client, url: &str) -> Self {
        Self { client: client.clone(), token: String::new(), url: url.to_owned() }
    }

    /// Somebody who has signed in with a link of this tenant.
    pub async fn signed_in(world: &World, instance: &Instance, tenant: &TenantId) -> Self {
        let link = link(world, instance, tenant).await;
        let visitor = Self::of(instance);
        let answer = visitor.follow(&link).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        Self { token: visitor.token_set_by(&answer), ..visitor }
    }

    /// The same session at another instance.
    #[must_use]
    pub fn at(&self, instance: &Instance) -> Self {
        Self { token: self.token.clone(), ..Self::of(instance) }
    }

    /// The same visitor with another token.
    #[must_use]
    pub fn with(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The own origin.
    pub fn origin(&self) -> String {
        self.url.clone()
    }

    /// The name of the cookie: on this machine it has the port.
    pub fn cookie_name(&self) -> String {
        format!("hb_session_{}", self.url.rsplit(':').next().unwrap_or_default())
    }

    /// The value of the `Cookie` header.
    pub fn cookie(&self) -> String {
        format!("{}={}", self.cookie_name(), self.token)
    }

    /// The token of the session that a response begins; empty if it begins none.
    pub fn token_set_by(&self, answer: &Answer) -> String {
        let value = answer.header("set-cookie").strip_prefix(&format!("{}=", self.cookie_name()));
        value.and_then(|value| value.split(';').next()).unwrap_or_default().to_owned()
    }

    /// Opens a page.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// Sends a request with the cookie and these headers.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<bytes::Bytes>,
    ) -> Answer {
        let cookie = self.cookie();
        let mut headers = headers.to_vec();
        if !self.token.is_empty() {
            headers.push(("cookie", &cookie));
        }
        self.client.send_raw(method, path, &headers, body).await
    }

    /// Sends these fields as a form of this site.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, path, &[("origin", &self.url), ("content-type", FORM)], encoded(fields)).await
    }

    /// Sends a form that was read by [`form`](Self::form).
    pub async fn submit(&self, path: &str, fields: &Fields) -> Answer {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(path, &fields).await
    }

    /// Opens a page, and returns what a browser would send of its form as it is shown.
    pub async fn form(&self, page: &str) -> Fields {
        let answer = self.get(page).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.text);
        form_of(&answer.text, page.split('?').next().unwrap_or_default())
    }

    /// The session's CSRF token, as its pages have it.
    pub async fn csrf(&self) -> String {
        value(&self.form_of_sign_out().await, "csrf").to_owned()
    }

    async fn form_of_sign_out(&self) -> Fields {
        form_of(&self.get("/dashboard/connect").await.text, "/dashboard/sign-out")
    }

    /// Signs in with the link.
    pub async fn follow(&self, link: &str) -> Answer {
        let (_, token) = link.split_once("link=").expect("a link");
        self.post(SIGN_IN, &[("link", token)]).await
    }

    /// Creates a key with this name by its form, and returns its secret.
    pub async fn create_key(&self, name: &str) -> String {
        let path = "/dashboard/keys/new";
        let mut form = self.form(path).await;
        set(&mut form, "name", name);
        let answer = self.submit(path, &form).await;
        secret(&answer).unwrap_or_else(|| panic!("{} {}", answer.status, answer.text))
    }
}

/// A new sign-in link of a tenant.
pub async fn link(world: &World, instance: &Instance, tenant: &TenantId) -> String {
    link_at(world, &instance.url, tenant, instance.clock.now()).await
}

/// A new sign-in link of a tenant at the service with this address.
pub async fn link_at(world: &World, url: &str, tenant: &TenantId, now: Timestamp) -> String {
    let url = PublicUrl::parse(url).expect("a URL");
    new_sign_in_link(&world.store, tenant, &url, now, &mut world.rng()).await.expect("a link")
}

/// The fields in the encoding of forms.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The secret that a page shows.
pub fn secret(answer: &Answer) -> Option<String> {
    let (_, rest) = answer.text.split_once("data-secret translate=\"no\">")?;
    Some(rest.split('<').next()?.to_owned()).filter(|secret| !secret.is_empty())
}

/// The first value of a field; empty if there is none.
pub fn value<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

/// Replaces the values of a field by one.
pub fn set(fields: &mut Fields, name: &str, value: &str) {
    fields.retain(|(field, _)| field != name);
    fields.push((name.to_owned(), value.to_owned()));
}

/// What a browser would send of the form with this action, as the page shows it.
pub fn form_of(html: &str, action: &str) -> Fields {
    static TAG: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"<(input|select|option)\b([^>]*)>").expect("an expression"));
    let (_, rest) = html
        .split_once(&format!("action=\"{action}\""))
        .unwrap_or_else(|| panic!("no form {action}: {html}"));
    let (form, _) = rest.split_once("</form>").expect("the end of the form");
    let (mut fields, mut select) = (Fields::new(), String::new());
    for tag in TAG.captures_iter(form) {
        let attributes = &tag[2];
        let named = || attribute(attributes, "name").unwrap_or_default();
        let value = || attribute(attributes, "value").unwrap_or_default();
        match &tag[1] {
            "select" => select = named(),
            "option" if has(attributes, "selected") => fields.push((select.clone(), value())),
            "option" => {}
            _ => {
                let is_choice = ["radio", "checkbox"]
                    .map(str::to_owned)
                    .contains(&attribute(attributes, "type").unwrap_or_default());
                if !is_choice || has(attributes, "checked") {
                    fields.push((named(), value()));
                }
            }
        }
    }
    fields
}

fn attribute(attributes: &str, name: &str) -> Option<String> {
    let (_, rest) = attributes.split_once(&format!(" {name}=\""))?;
    Some(unescaped(rest.split('"').next()?))
}

fn has(attributes: &str, name: &str) -> bool {
    attributes.split_whitespace().any(|attribute| attribute == name)
}

/// The text of an escaped text.
pub fn unescaped(text: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
    ];
    let plain = entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain));
    plain.replace("&#38;", "&").replace("&amp;", "&")
}
