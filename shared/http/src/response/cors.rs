//! CORS: scripts of every origin may call the API.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue,
};

const ALLOWED: &str = "Authorization, Content-Type, Accept, Idempotency-Key, If-Match, If-None-Match";
const EXPOSED: &str = "X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, \
    X-RateLimit-Retry-After, Retry-After, RateLimit, RateLimit-Policy, ETag, Location, Link, Deprecation, \
    Sunset, Idempotent-Replayed, WWW-Authenticate";
/// How long a browser may cache a preflight, in seconds.
const PREFLIGHT_AGE: u64 = 7_200;

/// Lets scripts of every origin read the response. The API takes no cookies, so there is no credentials mode.
pub(crate) fn allow_every_origin(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}

/// Answers a preflight: `methods` as `Allow` lists them, and the request headers that the API reads.
pub(crate) fn preflight(headers: &mut HeaderMap, methods: &HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(PREFLIGHT_AGE));
}
