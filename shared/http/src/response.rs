//! What a request came to, and how HTTP and the log say it.

use std::time::Duration;

use hb_domain::principal::Replaced;
use hb_domain::tenant::RateLimitStatus;
use hb_domain::{Error, KeyId, Principal, RequestId, TenantId, Timestamp, ndjson};
use hb_store::ConsumedCapacity;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, LINK, LOCATION,
};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use lambda_http::{Body, Response};

use crate::guard::Refusal;
use crate::reply::{Completion, Data};
use crate::{HandlerResult, Reply, envelope, error, headers};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What it took to answer a request.
#[derive(Debug)]
pub(crate) struct RequestStats {
    /// The gateway's own id of the request.
    pub(crate) gateway_id: Option<String>,
    pub(crate) latency: Duration,
    /// Whether it is the first of its instance.
    pub(crate) is_cold: bool,
    pub(crate) consumed: ConsumedCapacity,
}

/// What a request came to, before HTTP says it.
#[derive(Debug)]
pub(crate) struct ResponseContext {
    pub(crate) outcome: Result<Completion, Error>,
    /// For a preflight, the methods of the path.
    pub(crate) allow: Option<String>,
    pub(crate) rate_limit: Option<RateLimitStatus>,
    pub(crate) replaced: Option<Replaced>,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) key: Option<KeyId>,
    pub(crate) route: &'static str,
}

impl ResponseContext {
    /// The answer to somebody unknown.
    pub(crate) fn anonymous(outcome: HandlerResult) -> Self {
        Self::unknown(outcome.map(Completion::Fresh))
    }

    const fn unknown(outcome: Result<Completion, Error>) -> Self {
        Self { outcome, allow: None, rate_limit: None, replaced: None, tenant: None, key: None, route: "" }
    }

    /// The answer to this caller, whose standing its headers show.
    pub(crate) fn of(
        outcome: HandlerResult,
        principal: Option<&Principal>,
        rate_limit: Option<RateLimitStatus>,
    ) -> Self {
        Self::of_work(outcome.map(Completion::Fresh), principal, rate_limit)
    }

    /// As [`of`](Self::of), for a request that may repeat an earlier one.
    pub(crate) fn of_work(
        outcome: Result<Completion, Error>,
        principal: Option<&Principal>,
        rate_limit: Option<RateLimitStatus>,
    ) -> Self {
        Self {
            replaced: principal.and_then(Principal::replaced),
            tenant: principal.map(|principal| principal.tenant().clone()),
            key: principal.and_then(Principal::key_id).cloned(),
            rate_limit,
            ..Self::unknown(outcome)
        }
    }

    /// What the guard's refusal comes to.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        let replaced = refusal.replaced();
        Self { replaced, ..Self::of(Err(refusal.error), refusal.principal.as_ref(), refusal.rate_limit) }
    }

    /// The HTTP response: status, headers and envelope.
    pub(crate) fn respond(&self, parts: &Parts, id: &RequestId, now: Timestamp) -> Response<Body> {
        let mut headers = HeaderMap::new();
        headers::cross_origin(&mut headers);
        insert(&mut headers, "x-request-id", id.as_str());
        if let Some(rate_limit) = &self.rate_limit {
            headers::rate_limit(&mut headers, rate_limit, self.outcome.as_ref().err());
        }
        if let Some(replaced) = self.replaced {
            headers::replaced(&mut headers, replaced);
        }
        let (status, body) = match &self.outcome {
            Ok(_) if self.allow.is_some() => {
                headers::preflight(&mut headers, self.allow.as_deref().unwrap_or_default());
                (StatusCode::NO_CONTENT, None)
            }
            Ok(Completion::Fresh(reply)) => {
                let (status, body) = fresh(reply, &mut headers, parts, id, now);
                (status, Some(body))
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
                headers.insert(CONTENT_TYPE, JSON);
                (error::status(error), Some(envelope::failure(error, id, now)))
            }
        };
        let mut response = Response::new(Body::Empty);
        if let Some(body) = body {
            if status == StatusCode::NOT_MODIFIED || parts.method == Method::HEAD {
                // Without it whoever passes the answer on would say that a GET gets zero bytes, which
                // RFC 9110, section 8.6 forbids.
                headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            } else {
                *response.body_mut() = Body::Text(body);
            }
        }
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    /// One line a request, and the cause of what went wrong on our side.
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

/// Status, headers and body of an answer that was worked on.
fn fresh(
    reply: &Reply,
    headers: &mut HeaderMap,
    parts: &Parts,
    id: &RequestId,
    now: Timestamp,
) -> (StatusCode, String) {
    describe(headers, reply.version.as_deref(), reply.created.as_deref());
    if reply.redacted.is_some() {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let reading = matches!(parts.method, Method::GET | Method::HEAD);
    let is_known = headers.get(ETAG).is_some_and(|tag| is_known(&parts.headers, tag));
    let status = if reading && is_known { StatusCode::NOT_MODIFIED } else { reply.status() };
    let (media_type, body) = match &reply.data {
        Data::Json(data) => (JSON, envelope::success(data, id, now)),
        Data::Bare(document) => {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
            (JSON, document.clone())
        }
        Data::Lines(lines, next) => {
            if let Some(next) = next {
                insert(headers, LINK, &format!("<{next}>; rel=\"next\""));
            }
            (HeaderValue::from_static(ndjson::MEDIA_TYPE), lines.clone())
        }
    };
    if status != StatusCode::NOT_MODIFIED {
        headers.insert(CONTENT_TYPE, media_type);
    }
    (status, body)
}

/// Names the version of the data and where it was created.
fn describe(headers: &mut HeaderMap, version: Option<&str>, created: Option<&str>) {
    if let Some(version) = version {
        insert(headers, ETAG, &format!("\"{version}\""));
    }
    if let Some(location) = created {
        insert(headers, LOCATION, location);
    }
}

/// Whether `If-None-Match` names `tag`, compared weakly (RFC 9110, section 13.1.2).
fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.trim() == "*" || value.split(',').any(|named| named.trim().trim_start_matches("W/") == tag)
    })
}

fn insert(headers: &mut HeaderMap, name: impl http::header::IntoHeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
