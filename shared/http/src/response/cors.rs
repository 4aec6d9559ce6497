//! CORS: scripts of every origin may call the API.

use http::Method;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
    HeaderValue,
};
use http::request::Parts;

/// The headers that the API reads, and those that tracing libraries add to every request.
const ALLOWED: &str = "Authorization, Content-Type, Accept, Idempotency-Key, If-Match, If-None-Match, \
    traceparent, tracestate, baggage, sentry-trace, X-Request-Id";
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const EXPOSED: &str = "Accept-Patch, X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, \
    X-RateLimit-Retry-After, Retry-After, RateLimit, RateLimit-Policy, ETag, Location, Link, Deprecation, \
    Sunset, Idempotent-Replayed, WWW-Authenticate";
/// How long a browser may cache a preflight, in seconds.
const PREFLIGHT_AGE: u64 = 7_200;

/// Lets scripts of every origin read the response. The API takes no cookies, so there is no credentials mode.
pub(crate) fn allow_every_origin(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}

/// Whether a browser asks with this `OPTIONS` request whether it may send another one.
pub(crate) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Lets a browser send every method to every path, so that a script can read the 404 or 405 of a wrong one: after a
/// refused preflight it learns nothing.
pub(crate) fn preflight(headers: &mut HeaderMap, request: &HeaderMap) {
    let requested = request.get(ACCESS_CONTROL_REQUEST_METHOD).and_then(|method| method.to_str().ok());
    let requested = requested.and_then(|method| method.parse::<Method>().ok());
    let other = requested.filter(|requested| METHODS.split(", ").all(|method| requested != method));
    let methods = other.and_then(|other| HeaderValue::try_from(format!("{METHODS}, {other}")).ok());
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods.unwrap_or(HeaderValue::from_static(METHODS)));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(PREFLIGHT_AGE));
}
