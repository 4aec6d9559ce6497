//! A client that sends HTTP requests to an instance and parses the envelope.

use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::conformance;

/// Sends requests to one address, with one credential.
#[derive(Clone)]
pub struct Client {
    http: Hyper<HttpConnector, Full<bytes::Bytes>>,
    url: String,
    credential: Option<String>,
    /// Whether the OpenAPI document describes the responses.
    is_described: bool,
}

/// A response.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null if it is none.
    pub json: Value,
}

impl Client {
    /// A client of the service at `url`, without a credential. A response that the OpenAPI document does not describe fails
    /// the test.
    pub fn new(url: &str) -> Self {
        let http = Hyper::builder(TokioExecutor::new()).build_http();
        Self { http, url: url.to_owned(), credential: None, is_described: true }
    }

    /// A client of another server.
    pub fn of_another(url: &str) -> Self {
        Self { is_described: false, ..Self::new(url) }
    }

    /// The same client with an API key or token.
    #[must_use]
    pub fn with(&self, credential: &str) -> Self {
        Self { credential: Some(credential.to_owned()), ..self.clone() }
    }

    /// The credential it sends.
    pub fn credential(&self) -> Option<&str> {
        self.credential.as_deref()
    }

    /// Sends a request without body.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// Sends a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Sends a request, with a JSON body if given.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let body = body.map(|body| body.to_string());
        let headers: &[(&str, &str)] =
            if body.is_some() { &[("content-type", "application/json")] } else { &[] };
        self.send_raw(method, path, headers, body.unwrap_or_default()).await
    }

    /// Sends exactly these headers and bytes, and the credential. `path` may also be an absolute URL of the service.
    pub async fn send_raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<bytes::Bytes>,
    ) -> Answer {
        self.try_send_raw(method, path, headers, body)
            .await
            .unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// As [`send_raw`](Self::send_raw), for a service that may stop before it has responded.
    ///
    /// # Errors
    /// The reason why there is no response.
    pub async fn try_send_raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<bytes::Bytes>,
    ) -> Result<Answer, String> {
        let path = path.strip_prefix(&self.url).unwrap_or(path);
        let mut request = Request::builder().method(method.clone()).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(credential) = &self.credential {
            request = request.header("authorization", format!("Bearer {credential}"));
        }
        let body = body.into();
        let sent = conformance::Sent {
            method: &method,
            target: path,
            has_body: !body.is_empty(),
            has_if_match: headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("if-match")),
        };
        let request = request.body(Full::new(body)).expect("a request");
        let response = self.http.request(request).await.map_err(|error| format!("{error:?}"))?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        let json = serde_json::from_str(&text).unwrap_or_default();
        let answer = Answer { status: parts.status, headers: parts.headers, text, json };
        if self.is_described {
            conformance::check(&sent, &answer);
        }
        Ok(answer)
    }
}

impl Answer {
    /// A header as text; empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header of text"))
    }

    /// The `data` of a successful response.
    pub fn data(&self) -> &Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        &self.json["data"]
    }

    /// The code of the first error.
    pub fn code(&self) -> &str {
        self.json["errors"][0]["code"].as_str().unwrap_or_default()
    }

    /// The message of the first error.
    pub fn message(&self) -> &str {
        self.json["errors"][0]["message"].as_str().unwrap_or_default()
    }

    /// The fields that a validation error names, sorted.
    pub fn fields(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().expect("errors");
        let mut fields: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
        fields.sort_unstable();
        fields
    }

    /// Checks status and code, and that the envelope is complete.
    #[track_caller]
    pub fn expect(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{}", self.text);
        assert_eq!(self.json["success"], status < 400, "{}", self.text);
        assert_eq!(self.json["metadata"]["request_id"], self.header("x-request-id"), "{}", self.text);
    }
}
