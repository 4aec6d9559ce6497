//! The body of a request, as far as HTTP goes: its size and its media type.

use hb_domain::fields::Fields;
use hb_domain::{Error, Result, json};
use http::header::{CONTENT_TYPE, HeaderMap};

/// The largest JSON body, in bytes.
pub(crate) const MAX_JSON: usize = 256 * 1024;
const JSON: &str = "application/json";

/// Reads a JSON object.
///
/// # Errors
/// Too large, not sent as JSON, not JSON, or not an object.
pub(crate) fn json_fields(headers: &HeaderMap, body: &[u8]) -> Result<Fields> {
    if body.len() > MAX_JSON {
        return Err(Error::TooLarge { limit: MAX_JSON });
    }
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(JSON) {
        return Err(Error::UnsupportedMediaType { expected: JSON });
    }
    if body.is_empty() {
        return Err(Error::Malformed("The body is empty; a JSON object is expected".into()));
    }
    Fields::of_body(json::parse(body)?)
}
