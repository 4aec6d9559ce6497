//! The response context: what a request came to, and how HTTP and the log express it.

mod caching;
mod conditional;
mod cors;
mod limits;
mod page;
mod transport;

use std::time::Duration;

use hb_domain::principal::Replaced;
use hb_domain::tenant::RateLimitStatus;
use hb_domain::{Error, KeyId, Principal, RequestId, TenantId, Timestamp};
use hb_store::ConsumedCapacity;
use headers::{CacheControl, ContentLength, ETag, HeaderMapExt};
use http::header::{ALLOW, CONTENT_TYPE, ETAG, HeaderValue, LINK, LOCATION};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use lambda_http::{Body, Response};

use crate::completion::Completion;
use crate::guard::Refusal;
use crate::reply::{Content, HTML, JSON};
use crate::route::Surface;
use crate::{PublicUrl, Reply, body, envelope, error};
pub(crate) use conditional::{expected_versions, preconditions};
pub(crate) use cors::is_preflight;
pub use transport::StrictTransport;

/// Statistics of one request.
#[derive(Debug)]
pub(crate) struct RequestStats {
    /// The gateway's own id of the request.
    pub(crate) gateway_id: Option<String>,
    pub(crate) latency: Duration,
    /// Whether it is the first of its instance.
    pub(crate) is_cold: bool,
    pub(crate) consumed: ConsumedCapacity,
}

/// The outcome of a request, and what its response and its log line need besides.
#[derive(Debug)]
pub(crate) struct ResponseContext {
    pub(crate) outcome: Result<Completion, Error>,
    pub(crate) surface: Surface,
    /// Whether the response depends on the credential.
    pub(crate) is_private: bool,
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) rate_limit: Option<RateLimitStatus>,
    pub(crate) replaced: Option<Replaced>,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) key: Option<KeyId>,
    pub(crate) route: &'static str,
}

impl ResponseContext {
    /// For a caller that has not been authenticated.
    pub(crate) const fn anonymous(outcome: Result<Completion, Error>) -> Self {
        Self {
            outcome,
            surface: Surface::Api,
            is_private: false,
            public_url: None,
            rate_limit: None,
            replaced: None,
            tenant: None,
            key: None,
            route: "",
        }
    }

    /// For this caller, whose rate-limit status the headers show.
    pub(crate) fn of(
        outcome: Result<Completion, Error>,
        principal: Option<&Principal>,
        rate_limit: Option<RateLimitStatus>,
    ) -> Self {
        Self {
            replaced: principal.and_then(Principal::replaced),
            tenant: principal.map(|principal| principal.tenant().clone()),
            key: principal.and_then(Principal::key_id).cloned(),
            rate_limit,
            ..Self::anonymous(outcome)
        }
    }

    /// For a request that the guard refused.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        let replaced = refusal.replaced();
        Self { replaced, ..Self::of(Err(refusal.error), refusal.principal.as_ref(), refusal.rate_limit) }
    }

    /// The HTTP response.
    pub(crate) fn respond(&self, parts: &Parts, id: &RequestId, now: Timestamp) -> Response<Body> {
        let mut headers = HeaderMap::new();
        if self.surface == Surface::Api {
            cors::allow_every_origin(&mut headers);
        }
        insert(&mut headers, "x-request-id", id.as_str());
        if let Some(rate_limit) = &self.rate_limit {
            limits::rate_limit(&mut headers, rate_limit, self.outcome.as_ref().err());
        }
        if let Some(replaced) = self.replaced {
            limits::replaced(&mut headers, replaced);
        }
        let (status, body) = match &self.outcome {
            Ok(Completion::Options(allow)) => {
                self.options(allow.as_deref(), &parts.headers, &mut headers);
                (StatusCode::NO_CONTENT, None)
            }
            Ok(Completion::Fresh(reply)) => {
                if let Some(next) = &reply.next {
                    self.link_next(next, &mut headers);
                }
                fresh(reply, &mut headers, parts, id, now)
            }
            Ok(Completion::Replayed(stored)) => {
                describe(&mut headers, stored.version.as_deref(), stored.location.as_deref());
                headers.insert(CONTENT_TYPE, JSON);
                headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
                let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
                (status, Some(stored.body.clone()))
            }
            Err(error) => {
                error::explain(error, &mut headers);
                if let (Error::RateLimited { retry_after }, None) = (error, &self.rate_limit) {
                    limits::retry_after(&mut headers, *retry_after);
                }
                if parts.method == Method::PATCH && matches!(error, Error::UnsupportedMediaType { .. }) {
                    accept_patch(&mut headers);
                }
                (error::status(error), Some(self.error_body(error, &mut headers, id, now)))
            }
        };
        if self.is_private {
            caching::protect(&mut headers, self.surface);
        }
        caching::forbid_sniffing(&mut headers);
        let mut response = Response::new(Body::Empty);
        if let Some(body) = body {
            if status == StatusCode::NOT_MODIFIED || parts.method == Method::HEAD {
                // Without it a proxy would state that a GET returns zero bytes, which RFC 9110, section 8.6 forbids.
                headers.typed_insert(ContentLength(body.len() as u64));
            } else {
                *response.body_mut() = Body::Text(body);
            }
        }
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    /// Adds the address of the next page (RFC 8288).
    fn link_next(&self, path: &str, headers: &mut HeaderMap) {
        let address = self.public_url.as_ref().map_or_else(|| path.to_owned(), |url| url.join(path));
        insert(headers, LINK, &format!("<{address}>; rel=\"next\""));
    }

    /// Adds the headers of an `OPTIONS` response: those of a preflight for the API, and `Allow` where the path exists.
    fn options(&self, allow: Option<&str>, request: &HeaderMap, headers: &mut HeaderMap) {
        if self.surface == Surface::Api {
            cors::preflight(headers, request);
        }
        let Some(allow) = allow else { return };
        if allow.split(", ").any(|method| method == Method::PATCH) {
            accept_patch(headers);
        }
        insert(headers, ALLOW, allow);
    }

    /// The body of an error, with the headers that belong to its form: JSON for the API, HTML for a page.
    fn error_body(&self, error: &Error, headers: &mut HeaderMap, id: &RequestId, now: Timestamp) -> String {
        match self.surface {
            Surface::Api => {
                headers.insert(CONTENT_TYPE, JSON);
                envelope::failure(error, id, now)
            }
            Surface::Page => {
                headers.insert(CONTENT_TYPE, HTML);
                page::describe(headers);
                page::error(error, error::status(error), id)
            }
        }
    }

    /// Logs one line, and the cause of a server error.
    pub(crate) fn log(
        &self,
        response: &Response<Body>,
        method: &Method,
        id: &RequestId,
        stats: &RequestStats,
    ) {
        let error = self.outcome.as_ref().err();
        let status = response.status();
        if status.is_server_error()
            && let Some(error) = error
        {
            tracing::error!(target: "hb_http::request", request_id = %id, cause = %error, "request failed");
        }
        tracing::info!(
            target: "hb_http::request",
            request_id = %id,
            gateway_id = stats.gateway_id.as_deref(),
            %method,
            route = self.route,
            status = status.as_u16(),
            code = error.map(error::code),
            replayed = matches!(self.outcome, Ok(Completion::Replayed(_))),
            tenant = self.tenant.as_ref().map(TenantId::as_str),
            key = self.key.as_ref().map(KeyId::as_str),
            latency_ms = stats.latency.as_secs_f64() * 1e3,
            cold = u8::from(stats.is_cold),
            failed = u8::from(status.is_server_error()),
            db_calls = stats.consumed.calls,
            throttled = stats.consumed.throttled,
            read_units = stats.consumed.read_units,
            write_units = stats.consumed.write_units,
            "request"
        );
    }
}

/// Status, headers and body of a new reply.
fn fresh(
    reply: &Reply,
    headers: &mut HeaderMap,
    parts: &Parts,
    id: &RequestId,
    now: Timestamp,
) -> (StatusCode, Option<String>) {
    describe(headers, reply.version.as_deref(), reply.location.as_deref());
    if reply.redacted.is_some() {
        headers.typed_insert(CacheControl::new().with_no_store());
    }
    for (name, value) in &reply.headers {
        headers.append(name, value.clone());
    }
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    let is_known = headers.get(ETAG).is_some_and(|tag| conditional::is_known(&parts.headers, tag));
    let status = if is_read && is_known { StatusCode::NOT_MODIFIED } else { reply.status };
    let (media_type, body) = match &reply.content {
        Content::Empty => return (status, None),
        Content::Envelope(data) => (JSON, envelope::success(data, id, now)),
        Content::Document(media_type, document) => (media_type.clone(), document.clone().into_owned()),
    };
    if status != StatusCode::NOT_MODIFIED {
        headers.insert(CONTENT_TYPE, media_type);
    }
    (status, Some(body))
}

/// Adds the version and the location of the content.
fn describe(headers: &mut HeaderMap, version: Option<&str>, location: Option<&str>) {
    if let Some(tag) = version.and_then(|version| format!("\"{version}\"").parse::<ETag>().ok()) {
        headers.typed_insert(tag);
    }
    if let Some(location) = location {
        insert(headers, LOCATION, location);
    }
}

/// Adds the media types of patches (RFC 5789, section 3.1).
fn accept_patch(headers: &mut HeaderMap) {
    insert(headers, "accept-patch", &body::PATCH.join(", "));
}

fn insert(headers: &mut HeaderMap, name: impl http::header::IntoHeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
