//! One request as an event of API Gateway.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hb_http::Route;
use hb_http::route::Access;
use hb_tests::function::recorded;
use http::Method;
use serde_json::{Value, json};

use super::seeded::Seeded;

/// One request and its expected status.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) status: u16,
    method: Method,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
    in_base64: bool,
    key: String,
}

impl Input {
    /// A request of the route with the account's key and this expected status.
    pub(super) fn new(route: &Route, seeded: &Seeded, status: u16, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            status,
            method: route.method.clone(),
            path: seeded.path(route),
            query: String::new(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: String::new(),
            in_base64: false,
            key: seeded.account.key.clone(),
        }
    }

    pub(super) fn body(self, body: impl ToString) -> Self {
        Self { body: body.to_string(), ..self }
    }

    pub(super) fn query(self, query: impl Into<String>) -> Self {
        Self { query: query.into(), ..self }
    }

    pub(super) fn path(self, path: impl Into<String>) -> Self {
        Self { path: path.into(), ..self }
    }

    pub(super) fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(kept, _)| kept != name);
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn in_base64(self) -> Self {
        Self { name: format!("{} in base64", self.name), in_base64: true, ..self }
    }

    pub(super) fn key(self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self }
    }

    /// Whether `answer` is the expected response.
    pub(super) fn is_answered_with(&self, status: u64, route: &Route) -> bool {
        // The rate-limit status is available once a second; other requests for it are refused.
        status == u64::from(self.status) || (status == 429 && route.access() == Access::Unmetered)
    }

    /// The event that API Gateway creates for it.
    pub(super) fn event(&self) -> Value {
        let mut event = recorded("list-memories.json", &self.key);
        event["rawPath"] = json!(self.path);
        event["rawQueryString"] = json!(self.query);
        event["requestContext"]["http"]["method"] = json!(self.method.as_str());
        for (name, value) in &self.headers {
            event["headers"][name] = json!(value);
        }
        event["body"] = json!(if self.in_base64 { STANDARD.encode(&self.body) } else { self.body.clone() });
        event["isBase64Encoded"] = json!(self.in_base64);
        event
    }
}
