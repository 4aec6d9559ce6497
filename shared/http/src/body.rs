//! The body of a request: its size and its media type.

use hb_domain::fields::Fields;
use hb_domain::{Error, Result, TenantId, json, ndjson, unread_body};
use http::header::{CONTENT_TYPE, HeaderMap};

/// The largest JSON body, in bytes.
pub(crate) const MAX_JSON: usize = 256 * 1024;
/// The largest JSON body that holds a batch, in bytes.
pub(crate) const MAX_BULK: usize = 1024 * 1024;
/// The largest NDJSON body, in bytes: it fits in a Lambda event after the gateway has encoded it in base64.
const MAX_LINES: usize = 4 * 1024 * 1024;
const JSON: &str = "application/json";

/// The largest body of a request that needs none, in bytes.
const MAX_UNREAD: usize = 8 * 1024;

/// Refuses an unread body that is large or names another tenant than the caller's. Some clients send a body with every
/// request.
///
/// # Errors
/// [`Error::TooLarge`] or [`Error::TenantMismatch`].
pub(crate) fn check_unread(body: &[u8], caller: Option<&TenantId>) -> Result<()> {
    if body.len() > MAX_UNREAD {
        return Err(Error::TooLarge { limit: MAX_UNREAD });
    }
    match caller {
        Some(tenant) if unread_body::names_another(body, tenant) => Err(Error::TenantMismatch),
        _ => Ok(()),
    }
}

/// Reads a JSON object of at most `limit` bytes and `values` values.
///
/// # Errors
/// When it is too large, not sent as JSON, not JSON, or not an object.
pub(crate) fn json_fields(
    headers: &HeaderMap,
    body: &[u8],
    limit: usize,
    values: usize,
    caller: &TenantId,
) -> Result<Fields> {
    check(headers, body, limit, JSON)?;
    if body.is_empty() {
        return Err(Error::Malformed("The body is empty; a JSON object is expected".into()));
    }
    Fields::of_body(json::parse_with(body, values)?, caller)
}

/// The lines of an NDJSON body that are not empty, with their numbers.
///
/// # Errors
/// When it is too large or not sent as NDJSON.
pub(crate) fn ndjson_lines<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<Vec<(usize, &'b [u8])>> {
    check(headers, body, MAX_LINES, ndjson::MEDIA_TYPE)?;
    Ok(ndjson::lines(body).collect())
}

fn check(headers: &HeaderMap, body: &[u8], limit: usize, expected: &'static str) -> Result<()> {
    if body.len() > limit {
        return Err(Error::TooLarge { limit });
    }
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(expected) {
        Ok(())
    } else {
        Err(Error::UnsupportedMediaType { expected })
    }
}
