//! The parameters of a request: in the path, the query string and headers.

use hb_domain::describe::{Location, RequestSchema};
use hb_domain::event::EventId;
use hb_domain::{KeyId, MemoryId, WebhookId};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::operation::described;
use super::prose;
use crate::Route;
use crate::route::captures;

/// Headers of requests, by the name of their component.
const HEADERS: [(&str, &str, &str, &str); 3] = [
    (
        "IdempotencyKey",
        "Idempotency-Key",
        "A name for the request, unique among the caller's: a repetition within 24 hours gets the same response and changes nothing.",
        "chat-4711-message-12",
    ),
    (
        "IfMatch",
        "If-Match",
        "Only if the version of the resource is one of these ETags, or `*`: that it exists.",
        "\"5n2q8r1t\"",
    ),
    (
        "IfNoneMatch",
        "If-None-Match",
        "Only if the version of the resource is none of these ETags, or `*`: that it does not exist. A GET answers 304 otherwise.",
        "\"5n2q8r1t\"",
    ),
];

/// The headers of requests as components.
pub(super) fn components() -> Map<String, Value> {
    let component = |(component, name, description, example): (&str, &str, &str, &str)| {
        let mut schema = match component {
            "IdempotencyKey" => {
                json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-+.-~-]+$"})
            }
            _ => json!({"type": "string"}),
        };
        // Viewers send the example of a parameter unless it is removed; that of a schema they only show.
        schema["examples"] = json!([example]);
        (
            component.to_owned(),
            json!({"name": name, "in": "header", "description": description, "schema": schema}),
        )
    };
    HEADERS.into_iter().map(component).collect()
}

/// The parameters of a route's requests, with the values of `path` and `query` as their examples.
pub(super) fn of(route: &Route, request: &RequestSchema, example: &Value) -> Vec<Value> {
    let (operation, _) = described(route);
    let mut parameters = path(route.path, &example["path"]);
    parameters.extend(request.fields_in(Location::Query).map(|field| {
        let mut parameter = json!({"name": field.name, "in": "query", "schema": field.schema});
        if let Some(description) = prose::field(&field.name) {
            parameter["description"] = description.into();
        }
        if field.is_required {
            parameter["required"] = true.into();
        }
        if field.schema.get("type").is_some_and(|kind| kind == "array") {
            // Joined by commas, in one parameter.
            parameter["style"] = "form".into();
            parameter["explode"] = false.into();
        }
        with_example(parameter, &example["query"][&field.name])
    }));
    let reads_version = operation.is_versioned_read(&route.method);
    let headers = [
        ("IdempotencyKey", route.accepts_idempotency_key()),
        ("IfMatch", operation.is_conditional || reads_version),
        ("IfNoneMatch", reads_version || (operation.is_conditional && route.method == http::Method::PUT)),
    ];
    let references = headers.into_iter().filter(|(_, is_accepted)| *is_accepted);
    parameters.extend(references.map(|(name, _)| json!({"$ref": format!("#/components/parameters/{name}")})));
    parameters
}

/// The parameters in the path.
fn path(path: &str, examples: &Value) -> Vec<Value> {
    let captured = |name: &str| {
        let (schema, description) = match (name, path.split('/').nth(3)) {
            ("eventId", _) => (schema::<EventId>(), "The id of an event."),
            (_, Some("api-keys")) => (schema::<KeyId>(), "The id of an API key."),
            (_, Some("memories")) => (schema::<MemoryId>(), "The id of a memory."),
            (_, Some("webhooks")) => (schema::<WebhookId>(), "The id of a webhook endpoint."),
            _ => panic!("{path}: the id {name} has no schema"),
        };
        let parameter = json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema});
        with_example(parameter, &examples[name])
    };
    captures(path, path).unwrap_or_default().into_iter().map(|(name, _)| captured(name)).collect()
}

/// The parameter with this example, unless it is null.
fn with_example(mut parameter: Value, example: &Value) -> Value {
    if !example.is_null() {
        parameter["example"] = match example.as_str() {
            // A list is separated by commas in the query.
            Some(text) if parameter["schema"]["type"] == "array" => text.split(',').collect(),
            _ => example.clone(),
        };
    }
    parameter
}

fn schema<T: JsonSchema>() -> Value {
    T::json_schema(&mut SchemaGenerator::default()).to_value()
}
