//! Conditional requests (RFC 9110, section 13).
//!
//! The headers are read by hand, for infra/adr/0016: `headers` does not list the tags of `If-Match`, which the store
//! compares, and splits and validates malformed values in another way.

use hb_domain::precondition::{Preconditions, Versions};
use http::header::{HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH};

/// The most tags of `If-Match` that are compared.
const MAX_TAGS: usize = 20;

/// The versions that `If-Match` accepts; `None` when it accepts any.
///
/// A weak tag never matches (RFC 9110, section 13.1.1), and neither does anything that is not a tag.
pub(crate) fn expected_versions(headers: &HeaderMap) -> Option<Vec<String>> {
    let mut tags = Vec::new();
    for value in headers.get_all(IF_MATCH) {
        let value = value.to_str().unwrap_or_default();
        if value.trim() == "*" {
            return None;
        }
        // Anything but a strong tag becomes the empty text, which is no version.
        let strong = |tag: &str| Some(tag.strip_prefix('"')?.strip_suffix('"')?.to_owned());
        tags.extend(value.split(',').map(|tag| strong(tag.trim()).unwrap_or_default()));
        tags.truncate(MAX_TAGS);
    }
    headers.contains_key(IF_MATCH).then_some(tags)
}

/// The conditions of a request that may create what it names: `*` is a condition then.
pub(crate) fn preconditions(headers: &HeaderMap) -> Preconditions {
    let versions = |expected: Option<Vec<String>>| expected.map_or(Versions::Any, Versions::Listed);
    Preconditions {
        if_match: headers.contains_key(IF_MATCH).then(|| versions(expected_versions(headers))),
        if_none_match: headers.contains_key(IF_NONE_MATCH).then(|| versions(excluded_versions(headers))),
    }
}

/// The versions that `If-None-Match` lists, weak tags included; `None` when it lists any.
fn excluded_versions(headers: &HeaderMap) -> Option<Vec<String>> {
    let mut tags = Vec::new();
    for value in headers.get_all(IF_NONE_MATCH) {
        let value = value.to_str().unwrap_or_default();
        if value.trim() == "*" {
            return None;
        }
        let version = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
        tags.extend(value.split(',').map(version).take(MAX_TAGS));
    }
    Some(tags)
}

/// Whether `If-None-Match` lists `tag`, by weak comparison (RFC 9110, section 13.1.2).
pub(crate) fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.trim() == "*" || value.split(',').any(|named| named.trim().trim_start_matches("W/") == tag)
    })
}
