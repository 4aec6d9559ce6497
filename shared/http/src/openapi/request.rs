//! The body of a request.

use hb_domain::describe::{Location, RequestSchema};
use hb_domain::ndjson;
use http::Method;
use serde_json::{Map, Value, json};

use super::operation::described;
use super::schemas::Schemas;
use crate::{Route, body};

/// Whether a request has a body.
pub(super) fn is_described(request: &RequestSchema) -> bool {
    request.fields.iter().any(|field| field.location != Location::Query)
}

/// The body of a route's requests, if they have one, with this example unless it is null.
pub(super) fn body(
    route: &Route,
    request: &RequestSchema,
    schemas: &mut Schemas,
    example: &Value,
) -> Option<Value> {
    if route.reads_no_body() || !is_described(request) {
        return None;
    }
    let name = described(route).1.body_name();
    if request.fields_in(Location::Line).next().is_some() {
        let line = schemas.request(name, request, Location::Line);
        let lines = json!({"type": "string", "contentMediaType": ndjson::MEDIA_TYPE, "contentSchema": line});
        let content: Map<String, Value> =
            ndjson::MEDIA_TYPES.iter().map(|name| ((*name).to_owned(), media(&lines, example))).collect();
        return Some(json!({"required": true, "content": content}));
    }
    let schema = schemas.request(name, request, Location::Body);
    let media_types =
        if route.method == Method::PATCH { body::PATCH } else { body::json_types(&route.method) };
    let content: Map<String, Value> =
        media_types.iter().map(|name| ((*name).to_owned(), media(&schema, example))).collect();
    // What may also stand in the query needs no body.
    let is_in_query = |name: &str| request.fields_in(Location::Query).any(|field| field.name == name);
    let mut body = json!({"content": content});
    if request.fields_in(Location::Body).any(|field| !is_in_query(&field.name)) {
        body["required"] = true.into();
    }
    Some(body)
}

/// A body of this schema, with this example unless it is null.
pub(super) fn media(schema: &Value, example: &Value) -> Value {
    let mut media = json!({"schema": schema});
    if !example.is_null() {
        media["example"] = example.clone();
    }
    media
}
