//! The headers of responses.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Name of the component, of the header, its description and the schema of its value.
struct Header {
    name: &'static str,
    description: &'static str,
    schema: fn() -> Value,
}

const HEADERS: [Header; 19] = [
    header("X-Request-Id", "The id of the request, for questions to the operator.", request_id),
    header("X-RateLimit-Limit", "Requests per calendar month (UTC); on a 429 the burst.", count),
    header("X-RateLimit-Remaining", "How many requests are left of `X-RateLimit-Limit`.", count),
    header(
        "X-RateLimit-Reset",
        "When the month ends, in seconds since 1970; on a 429, when the next request is admitted.",
        count,
    ),
    header("X-RateLimit-Retry-After", "Seconds until the next request is admitted. Only on a 429.", count),
    header(
        "RateLimit-Policy",
        "The limits of the burst and of the month (draft-ietf-httpapi-ratelimit-headers).",
        text,
    ),
    header(
        "RateLimit",
        "What is left of the burst and of the month (draft-ietf-httpapi-ratelimit-headers).",
        text,
    ),
    header("Retry-After", "Seconds until a repetition of the request may succeed.", count),
    header("ETag", "The version of the resource.", text),
    header("Location", "The path of the new resource.", text),
    header(
        "Link",
        "The address of the next page, as `<…>; rel=\"next\"` (RFC 8288). Absent at the end.",
        text,
    ),
    header("WWW-Authenticate", "What the credential lacks (RFC 6750).", text),
    header(
        "Deprecation",
        "When the secret of the presented key was replaced (RFC 9745). Only until it stops working.",
        text,
    ),
    header("Sunset", "When the replaced secret stops working (RFC 8594).", text),
    header("Idempotent-Replayed", "`true` in a stored response that is returned again.", text),
    header("Cache-Control", "Who may store the response.", text),
    header("Accept-Encoding", "The accepted content codings of a body.", text),
    header("Accept-Patch", "The accepted media types of a PATCH (RFC 5789).", text),
    header("Vary", "`Authorization`: the response is the caller's.", text),
];

const fn header(name: &'static str, description: &'static str, schema: fn() -> Value) -> Header {
    Header { name, description, schema }
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn request_id() -> Value {
    json!({"type": "string", "pattern": "^req_[0-9a-z]{20}$"})
}

/// The header of every response.
pub(super) const ALWAYS: [&str; 1] = ["X-Request-Id"];
/// The headers of every response to a caller that was admitted or refused by its limits.
pub(super) const LIMITED: [&str; 5] =
    ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Policy", "RateLimit"];
/// The headers of every response of a route that needs a credential.
pub(super) const PRIVATE: [&str; 2] = ["Cache-Control", "Vary"];
/// The headers of responses to a key whose secret was replaced.
pub(super) const REPLACED: [&str; 2] = ["Deprecation", "Sunset"];

/// The headers of one response.
#[derive(Debug, Default)]
pub(super) struct Headers(Map<String, Value>);

impl Headers {
    /// Those that are always there.
    pub(super) fn always<const N: usize>(self, names: [&str; N]) -> Self {
        names.into_iter().fold(self, Self::one)
    }

    /// One that is always there.
    fn one(mut self, name: &str) -> Self {
        self.0.insert(name.to_owned(), json!({"$ref": reference(name)}));
        self
    }

    /// Those that may be absent.
    pub(super) fn sometimes<const N: usize>(mut self, names: [&str; N]) -> Self {
        for name in names {
            self.0.entry(name).or_insert_with(|| json!({"$ref": reference(&optional(name))}));
        }
        self
    }

    pub(super) fn into_value(self) -> Value {
        self.0.into()
    }
}

/// The address of a component.
fn reference(name: &str) -> String {
    format!("#/components/headers/{name}")
}

/// The name of the component of a header that may be absent.
fn optional(name: &str) -> String {
    format!("Optional-{name}")
}

/// The headers that `parts` of the document refer to, as components: as those that are always there, and as those that may be
/// absent.
pub(super) fn components(parts: &[&Map<String, Value>]) -> Map<String, Value> {
    let both = HEADERS.iter().flat_map(|header| {
        let described = json!({"description": header.description, "schema": (header.schema)()});
        let mut required = described.clone();
        required["required"] = true.into();
        [(header.name.to_owned(), required), (optional(header.name), described)]
    });
    let mut used = BTreeSet::new();
    parts.iter().flat_map(|part| part.values()).for_each(|value| collect_references(value, &mut used));
    both.filter(|(name, _)| used.contains(reference(name).as_str())).collect()
}

/// Collects what `$ref` names anywhere in `value`.
fn collect_references<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| collect_references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, found)),
        _ => {}
    }
}
