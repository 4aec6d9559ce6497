//! The result of a handler: status, content and typed headers.

use std::borrow::Cow;
use std::fmt;

use hb_domain::{Error, Result, ndjson};
use headers::{Header, HeaderMapExt};
use http::header::{CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue, REFERRER_POLICY, SET_COOKIE};
use http::{StatusCode, Uri};
use serde::Serialize;
use serde_json::Value;

use crate::StaticFile;

/// The media type of a document in JSON.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The media type of a web page.
pub(crate) const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// The result of a handler.
pub type HandlerResult = Result<Reply>;

/// A successful reply. Its `Debug` leaves out the content and the headers, which may hold a secret.
#[derive(Clone)]
pub struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content: Content,
    /// Headers beyond those that other fields stand for.
    pub(crate) headers: HeaderMap,
    /// The path of the next page.
    pub(crate) next: Option<String>,
    /// The value of `Location`.
    pub(crate) location: Option<String>,
    /// The version of the content, which becomes its `ETag`.
    pub(crate) version: Option<String>,
    /// The data without the secret in it, when there is one.
    pub(crate) redacted: Option<String>,
    /// Whether a repetition of the request would do more.
    pub(crate) unfinished: bool,
}

/// The content of a reply.
#[derive(Clone)]
pub(crate) enum Content {
    /// None.
    Empty,
    /// `data` in JSON, which the envelope carries.
    Envelope(String),
    /// A document of this media type, sent as it is.
    Document(HeaderValue, Cow<'static, str>),
}

impl Reply {
    /// 200 with `data` in the envelope.
    ///
    /// # Errors
    /// [`Error::Internal`] when `data` cannot be serialized.
    pub fn ok(data: &impl Serialize) -> HandlerResult {
        Ok(Self::of(StatusCode::OK, Content::Envelope(json(data)?)))
    }

    /// 201 with `data` in the envelope; the new resource is at `location`.
    ///
    /// # Errors
    /// As [`ok`](Self::ok).
    pub fn created(location: String, data: &impl Serialize) -> HandlerResult {
        Ok(Self { status: StatusCode::CREATED, location: Some(location), ..Self::ok(data)? })
    }

    /// 200 with a JSON document of a format that is defined elsewhere, without the envelope.
    ///
    /// # Errors
    /// As [`ok`](Self::ok).
    pub fn json_document(document: &impl Serialize) -> HandlerResult {
        Ok(Self::of(StatusCode::OK, Content::Document(JSON, json(document)?.into())))
    }

    /// 200 with NDJSON, and the path of the page that follows, if there is one.
    pub fn lines(lines: String, next: Option<String>) -> Self {
        let media_type = HeaderValue::from_static(ndjson::MEDIA_TYPE);
        Self { next, ..Self::of(StatusCode::OK, Content::Document(media_type, lines.into())) }
    }

    /// 200 with a web page.
    pub fn html(page: String) -> Self {
        Self::of(StatusCode::OK, Content::Document(HTML, page.into()))
    }

    /// 200 with a file of the function, and its version for conditional requests.
    pub fn file(file: &'static StaticFile) -> Self {
        let content = Content::Document(file.media_type().clone(), file.text().into());
        Self::of(StatusCode::OK, content).of_version(file.version().to_owned())
    }

    /// 303: the browser continues with a `GET` of `location`.
    pub fn see_other(location: &Uri) -> Self {
        let location = Some(location.to_string());
        Self { location, ..Self::of(StatusCode::SEE_OTHER, Content::Empty) }
    }

    /// Sets a header.
    #[must_use]
    pub fn with(mut self, header: impl Header) -> Self {
        self.headers.typed_insert(header);
        self
    }

    /// Limits what a web page may load and run (Content Security Policy, level 3).
    #[must_use]
    pub fn with_content_security_policy(mut self, policy: &str) -> Self {
        // A text that is no header's is a policy that allows nothing.
        let nothing = HeaderValue::from_static("default-src 'none'");
        let policy = HeaderValue::from_str(policy).unwrap_or(nothing);
        self.headers.insert(CONTENT_SECURITY_POLICY, policy);
        self
    }

    /// Has the browser name the page in requests to this site only. Forms of the page are sent with their origin.
    #[must_use]
    pub fn with_private_referrer(mut self) -> Self {
        self.headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        self
    }

    /// Shows the page as that of an error: with its status.
    #[must_use]
    pub fn with_status_of(self, error: &Error) -> Self {
        Self { status: crate::error::status(error), ..self }
    }

    /// Adds a cookie, in the form of a `Set-Cookie` header; a reply may set several.
    #[must_use]
    pub fn with_cookie(mut self, cookie: HeaderValue) -> Self {
        self.headers.append(SET_COOKIE, cookie);
        self
    }

    /// Sets the version of the content, for conditional requests.
    #[must_use]
    pub fn of_version(self, version: String) -> Self {
        Self { version: Some(version), ..self }
    }

    /// Marks `field` of the data as a secret: nobody may cache the response, and a repetition of the request receives
    /// null in its place.
    ///
    /// # Errors
    /// [`Error::Internal`] when the data has no such field.
    pub fn with_secret(self, field: &str) -> HandlerResult {
        let Content::Envelope(text) = &self.content else {
            return Err(Error::Internal("reply: only data in the envelope holds secrets".into()));
        };
        let mut data: Value = serde_json::from_str(text).unwrap_or_default();
        let secret =
            data.get_mut(field).ok_or_else(|| Error::Internal(format!("reply: no field {field}")))?;
        *secret = Value::Null;
        Ok(Self { redacted: Some(data.to_string()), ..self })
    }

    /// Marks a request that was only partly completed: a repetition under the same idempotency key continues it.
    #[must_use]
    pub fn unfinished(self) -> Self {
        Self { unfinished: true, ..self }
    }

    fn of(status: StatusCode, content: Content) -> Self {
        let headers = HeaderMap::new();
        Self {
            status,
            content,
            headers,
            next: None,
            location: None,
            version: None,
            redacted: None,
            unfinished: false,
        }
    }
}

fn json(data: &impl Serialize) -> Result<String> {
    serde_json::to_string(data).map_err(|error| Error::Internal(format!("reply: {error}")))
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("location", &self.location)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
