//! The responses of a route.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::errors::{self, Case};
use super::headers::{ALWAYS, Headers, LIMITED, PRIVATE, REPLACED};
use super::operation::described;
use super::request::media;
use super::schemas::Schemas;
use crate::Route;
use crate::route::Access;

/// The name of the error's schema.
const FAILURE: &str = "ErrorResponse";

/// The responses of routes that are errors, by name. Routes with the same errors of a status share one.
pub(super) type Failures = Map<String, Value>;

/// The responses of a route, by status.
pub(super) fn of(route: &Route, schemas: &mut Schemas, failures: &mut Failures, examples: &Value) -> Value {
    let (operation, _) = described(route);
    let mut responses = Map::new();
    for status in operation.successes {
        let example = &examples[status.as_str()];
        responses.insert(status.as_str().to_owned(), success(route, *status, schemas, example));
    }
    if operation.is_versioned_read(&route.method) {
        responses.insert("304".to_owned(), not_modified(route));
    }
    let is_public = route.access() == Access::Public;
    for (status, cases) in errors::of(route) {
        let name = name(status, &cases, is_public);
        let reference = json!({"$ref": format!("#/components/responses/{name}")});
        responses.insert(status.to_string(), reference);
        failures.entry(name).or_insert_with(|| failure(status, &cases, is_public, schemas));
    }
    responses.into()
}

/// A successful response.
fn success(route: &Route, status: StatusCode, schemas: &mut Schemas, example: &Value) -> Value {
    let (operation, description) = described(route);
    let response = schemas.response(&description);
    let lines = response.get("contentMediaType").and_then(Value::as_str).map(str::to_owned);
    let media_type = lines.as_deref().unwrap_or("application/json");
    let response = match route.reveals {
        Some(reveals) => schemas.revealed(response, &reveals),
        None => response,
    };
    let schema = if operation.is_enveloped { envelope(response, schemas) } else { response };
    let mut headers = common_headers(route);
    if operation.is_versioned {
        // It is left out where not everything is revealed.
        headers = match route.reveals {
            None => headers.always(["ETag"]),
            Some(_) => headers.sometimes(["ETag"]),
        };
    }
    if status == StatusCode::CREATED {
        headers = headers.always(["Location"]);
    }
    if operation.is_paged_by_link {
        headers = headers.sometimes(["Link"]);
    }
    if route.accepts_idempotency_key() {
        headers = headers.sometimes(["Idempotent-Replayed"]);
    }
    json!({
        "description": operation.summary,
        "headers": headers.into_value(),
        "content": {media_type: media(&schema, example)},
    })
}

fn not_modified(route: &Route) -> Value {
    json!({
        "description": "The version of the resource is one of `If-None-Match`. No body.",
        "headers": common_headers(route).always(["ETag"]).into_value(),
    })
}

/// The headers of all successful responses of a route.
fn common_headers(route: &Route) -> Headers {
    let headers = Headers::default().always(ALWAYS);
    if route.access() == Access::Public {
        return headers.sometimes(["Cache-Control"]);
    }
    headers.always(LIMITED).always(PRIVATE).sometimes(REPLACED)
}

/// `data` in the envelope.
fn envelope(data: Value, schemas: &mut Schemas) -> Value {
    let metadata = metadata(schemas);
    json!({
        "type": "object",
        "required": ["success", "data", "metadata"],
        "properties": {"success": {"const": true, "description": "Always `true`."}, "data": data, "metadata": metadata},
    })
}

/// A reference to the schema of the envelope's `metadata`.
fn metadata(schemas: &mut Schemas) -> Value {
    let schema = json!({
        "type": "object",
        "description": "The request, as its response names it.",
        "required": ["request_id", "timestamp", "version"],
        "properties": {
            "request_id": {"type": "string", "pattern": "^req_[0-9a-z]{20}$", "description": "The id of the request."},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it was received."},
            "version": {"type": "string", "description": "The version of the API: `v1`."},
        },
    });
    schemas.named("ResponseMetadata", schema)
}

/// A reference to the schema of an error's body.
fn failure_schema(schemas: &mut Schemas) -> Value {
    let metadata = metadata(schemas);
    let detail = schemas.of::<crate::ErrorDetail>();
    let failure = json!({
        "type": "object",
        "description": "An error. `code` is for programs, `message` for people.",
        "required": ["success", "errors", "metadata"],
        "properties": {
            "success": {"const": false, "description": "Always `false`."},
            "errors": {
                "type": "array", "minItems": 1, "items": detail,
                "description": "What is wrong: one error, or one for each invalid field.",
            },
            "metadata": metadata,
        },
    });
    schemas.named(FAILURE, failure)
}

/// The response of an error's status, with an example of each error that has it.
fn failure(status: u16, cases: &[Case], is_public: bool, schemas: &mut Schemas) -> Value {
    let mut codes: Vec<&str> = cases.iter().map(|case| crate::error::code(&case.error)).collect();
    codes.sort_unstable();
    codes.dedup();
    let examples: Map<String, Value> = cases
        .iter()
        .map(|Case { name, error, .. }| {
            let example = json!({"summary": error.public_message(), "value": errors::example(error)});
            ((*name).to_owned(), example)
        })
        .collect();
    let codes = json!({"properties": {"errors": {"items": {"properties": {"code": {"enum": codes}}}}}});
    let schema = json!({"allOf": [failure_schema(schemas), codes]});
    json!({
        "description": reason(status),
        "headers": failure_headers(status, is_public).into_value(),
        "content": {"application/json": {"schema": schema, "examples": examples}},
    })
}

/// The headers of an error. Whether a caller is known and its limits are read before a failure, the status decides.
fn failure_headers(status: u16, is_public: bool) -> Headers {
    let headers = Headers::default().always(ALWAYS);
    let headers = match status {
        401 => headers.always(["WWW-Authenticate"]),
        409 => headers.sometimes(["Retry-After", "Idempotent-Replayed"]),
        404 | 412 => headers.sometimes(["Idempotent-Replayed"]),
        415 => headers.sometimes(["Accept-Encoding", "Accept-Patch"]),
        429 => headers.always(["Retry-After", "X-RateLimit-Retry-After"]),
        502 | 503 => headers.always(["Retry-After"]),
        _ => headers,
    };
    if is_public {
        return headers;
    }
    let headers = headers.always(PRIVATE);
    match status {
        // Also of a key that is revoked during its request, whose limits are known.
        401 => headers.sometimes(LIMITED).sometimes(REPLACED),
        403 => headers.sometimes(["WWW-Authenticate"]).sometimes(LIMITED).sometimes(REPLACED),
        500.. => headers.sometimes(LIMITED).sometimes(REPLACED),
        _ => headers.always(LIMITED).sometimes(REPLACED),
    }
}

/// The phrase of a status: "Not Found".
fn reason(status: u16) -> String {
    let status = StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or_default().to_owned()
}

/// The name of an error's response: `NotFound`, with the variants of its errors: `PaymentRequiredMemories`.
fn name(status: u16, cases: &[Case], is_public: bool) -> String {
    let mut variants: Vec<&str> = cases.iter().map(|case| case.variant.as_str()).collect();
    variants.dedup();
    let public = if is_public { "Public" } else { "" };
    format!("{}{}{public}", reason(status).replace(' ', ""), variants.concat())
}
