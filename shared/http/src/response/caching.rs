//! Who may store a response: a cache must not give one caller what another one may see.

use crate::route::Surface;
use http::header::{CACHE_CONTROL, ETAG, HeaderMap, HeaderValue, VARY, X_CONTENT_TYPE_OPTIONS};

/// Stored by the caller's own cache only, and used after asking whether the `ETag` is still current.
const REVALIDATED: HeaderValue = HeaderValue::from_static("private, no-cache");
/// Stored by nobody.
const NOT_STORED: HeaderValue = HeaderValue::from_static("private, no-store");

/// Adds the headers of a response to a caller with a credential. `Vary` also binds what a browser's `force-cache` would
/// otherwise give to the next user. A response that sets `Cache-Control` itself keeps it.
pub(crate) fn protect(headers: &mut HeaderMap, surface: Surface) {
    let control = if headers.contains_key(ETAG) { REVALIDATED } else { NOT_STORED };
    headers.entry(CACHE_CONTROL).or_insert(control);
    let credential = match surface {
        Surface::Api => "Authorization",
        Surface::Page => "Cookie",
    };
    headers.append(VARY, HeaderValue::from_static(credential));
}

/// Tells browsers to use no other media type than that of the response.
pub(crate) fn forbid_sniffing(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
