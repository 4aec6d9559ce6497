//! Compares the responses of the service with the committed OpenAPI document: every response that a test gets is one that
//! the document describes.

use std::path::Path;
use std::sync::LazyLock;

use hb_domain::ndjson;
use hb_http::route::{Found, Surface, find};
use hb_local::functions;
use http::{Method, StatusCode};
use serde_json::Value;

use super::Answer;
use super::json_schema::problems_in;

/// Headers that belong to the transfer or are for browsers; `content-type` is the key of the document's content.
const NOT_OURS: [&str; 7] = [
    "connection",
    "content-length",
    "content-type",
    "date",
    "strict-transport-security",
    "transfer-encoding",
    "x-content-type-options",
];

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/docs/openapi.json");
    let text = std::fs::read_to_string(path).expect("the OpenAPI document");
    serde_json::from_str(&text).expect("JSON")
});

/// A request that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'r> {
    /// The method.
    pub method: &'r Method,
    /// The path and the query.
    pub target: &'r str,
    /// Whether it has a body.
    pub has_body: bool,
    /// Whether it has the header `If-Match`.
    pub has_if_match: bool,
}

/// Panics when the document does not describe this response of the service.
///
/// The document is about requests that it describes. Unknown paths, other methods, `OPTIONS` and pages are not in it, nor are
/// refusals of a body or a condition where an operation has none.
pub fn check(sent: &Sent<'_>, answer: &Answer) {
    // The document is being renewed.
    if std::env::var_os("HB_WRITE_OPENAPI").is_some() {
        return;
    }
    let tables: Vec<_> = functions::route_tables().map(|(_, routes)| routes).collect();
    let path = sent.target.split(['?', '#']).next().unwrap_or_default();
    let Found::Route(route, _) = find(&tables, sent.method, path) else { return };
    if route.surface == Surface::Page {
        return;
    }
    let operation: &'static Value = &DOCUMENT["paths"][route.path][route.method.as_str().to_lowercase()];
    assert!(!operation.is_null(), "the OpenAPI document has no operation {} {}", route.method, route.path);
    if is_beyond(operation, sent, answer.status) {
        return;
    }
    let violations = violations(operation, sent, answer);
    assert!(
        violations.is_empty(),
        "the OpenAPI document does not describe the response of {} to {} {}: {violations:#?}\n{} {:?}\n{}",
        operation["operationId"],
        sent.method,
        sent.target,
        answer.status,
        answer.headers,
        answer.text
    );
}

/// Whether the response is to a part of the request that the operation does not have.
fn is_beyond(operation: &'static Value, sent: &Sent<'_>, status: StatusCode) -> bool {
    let has_condition = || {
        let parameters = operation["parameters"].as_array();
        parameters.into_iter().flatten().any(|parameter| resolve(parameter)["name"] == "If-Match")
    };
    match status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => sent.has_body && operation["requestBody"].is_null(),
        StatusCode::PRECONDITION_FAILED => sent.has_if_match && !has_condition(),
        _ => false,
    }
}

/// What the document does not say of a response of an operation.
fn violations(operation: &'static Value, sent: &Sent<'_>, answer: &Answer) -> Vec<String> {
    let Some(response) = operation["responses"].get(answer.status.as_str()).map(resolve) else {
        return vec![format!("it has no status {}", answer.status.as_u16())];
    };
    let mut violations = headers(response, answer);
    // Only the headers of the response to a GET.
    if *sent.method != Method::HEAD {
        violations.extend(body(response, answer));
    }
    violations
}

fn headers(response: &'static Value, answer: &Answer) -> Vec<String> {
    let described = response["headers"].as_object();
    let mut violations = Vec::new();
    for (name, header) in described.into_iter().flatten() {
        let header = resolve(header);
        match answer.headers.get(name) {
            None if header["required"] == true => violations.push(format!("the header {name} is missing")),
            None => {}
            Some(value) => {
                let text = value.to_str().unwrap_or_default();
                let value = match header["schema"]["type"].as_str() {
                    Some("integer") => text.parse::<i64>().map_or(Value::Null, Value::from),
                    _ => text.into(),
                };
                let problems = problems_in(&DOCUMENT, &header["schema"], &value);
                violations.extend(problems.into_iter().map(|problem| format!("header {name}{problem}")));
            }
        }
    }
    let is_described = |name: &str| {
        described.into_iter().flat_map(|headers| headers.keys()).any(|known| known.eq_ignore_ascii_case(name))
    };
    for name in answer.headers.keys().map(http::HeaderName::as_str) {
        let is_ours = !NOT_OURS.contains(&name) && !name.starts_with("access-control-");
        if is_ours && !is_described(name) {
            violations.push(format!("the header {name} is not described"));
        }
    }
    violations
}

fn body(response: &'static Value, answer: &Answer) -> Vec<String> {
    let Some(content) = response["content"].as_object() else {
        let is_empty = answer.text.is_empty() && answer.header("content-type").is_empty();
        return if is_empty { vec![] } else { vec!["it has a body".to_owned()] };
    };
    let media_type = answer.header("content-type");
    let Some(media) = content.get(media_type) else {
        return vec![format!("the media type {media_type:?} is not described")];
    };
    let schema = &media["schema"];
    if media_type != ndjson::MEDIA_TYPE {
        return problems_in(&DOCUMENT, schema, &answer.json);
    }
    let lines = answer.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_default());
    lines.flat_map(|line| problems_in(&DOCUMENT, &schema["contentSchema"], &line)).collect()
}

/// What a reference stands for; anything else as it is.
fn resolve(value: &'static Value) -> &'static Value {
    let reference = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| DOCUMENT.pointer(pointer)).unwrap_or(value)
}
