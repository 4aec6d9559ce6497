//! The body of a request: its size, its media type and its content coding.

use hb_domain::fields::Fields;
use hb_domain::{Error, Result, TenantId, json, ndjson, unread_body};
use http::Method;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};

/// The largest JSON body, in bytes.
pub(crate) const MAX_JSON: usize = 256 * 1024;
/// The largest JSON body that holds a batch, in bytes.
pub(crate) const MAX_BULK: usize = 1024 * 1024;
/// The largest NDJSON body, in bytes: it fits in a Lambda event after the gateway has encoded it in base64.
pub(crate) const MAX_LINES: usize = 4 * 1024 * 1024;
const JSON: &[&str] = &["application/json"];
/// The media types of a PATCH: all bodies are merge patches (RFC 7396).
pub(crate) const PATCH: &[&str] = &["application/json", "application/merge-patch+json"];

/// The largest body of a request that needs none, in bytes.
pub(crate) const MAX_UNREAD: usize = 8 * 1024;

/// The media types of a JSON body that is sent with `method`.
pub(crate) const fn json_types(method: &Method) -> &'static [&'static str] {
    match *method {
        Method::PATCH => PATCH,
        _ => JSON,
    }
}

/// Refuses a body with a content coding: a compressed body would be read as malformed text.
///
/// # Errors
/// [`Error::UnsupportedCoding`].
pub(crate) fn check_coding(headers: &HeaderMap, body: &[u8]) -> Result<()> {
    let is_identity = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    let is_plain = values
        .all(|value| value.to_str().is_ok_and(|codings| codings.split(',').map(str::trim).all(is_identity)));
    if is_plain || body.is_empty() { Ok(()) } else { Err(Error::UnsupportedCoding) }
}

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

/// The limits of a JSON body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonLimits {
    /// The largest body, in bytes.
    pub(crate) bytes: usize,
    /// The most values in it, nested ones included.
    pub(crate) values: usize,
    /// The media types that it may have.
    pub(crate) types: &'static [&'static str],
}

/// Reads a JSON object.
///
/// # Errors
/// When it is too large, not sent as JSON, not JSON, or not an object.
pub(crate) fn json_fields(
    headers: &HeaderMap,
    body: &[u8],
    limits: JsonLimits,
    caller: &TenantId,
) -> Result<Fields> {
    let JsonLimits { bytes, values, types } = limits;
    check(headers, body, bytes, types)?;
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
    check(headers, body, MAX_LINES, ndjson::MEDIA_TYPES)?;
    Ok(ndjson::lines(body).collect())
}

fn check(headers: &HeaderMap, body: &[u8], limit: usize, accepted: &'static [&'static str]) -> Result<()> {
    if body.len() > limit {
        return Err(Error::TooLarge { limit });
    }
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if accepted.iter().any(|accepted| media_type.eq_ignore_ascii_case(accepted)) {
        Ok(())
    } else {
        Err(Error::UnsupportedMediaType { accepted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_other_than_identity_is_refused() {
        let check = |values: &[&'static str], body: &[u8]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, http::HeaderValue::from_static(value));
            }
            check_coding(&headers, body).is_ok()
        };
        for plain in
            [&[][..], &["identity"], &["Identity"], &[""], &["identity, identity"], &["identity", ""]]
        {
            assert!(check(plain, b"{}"), "{plain:?}");
        }
        for coded in [&["gzip"][..], &["identity, gzip"], &["identity", "br"], &["gzip;q=0"], &["identit"]] {
            assert!(!check(coded, b"{}"), "{coded:?}");
            assert!(check(coded, b""), "no body is coded");
        }
    }
}
