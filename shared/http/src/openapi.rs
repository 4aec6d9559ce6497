//! The OpenAPI 3.1 document of the API, made of the route tables and of the rules and types that serve requests.

mod errors;
mod headers;
mod links;
mod operation;
mod parameters;
mod prose;
mod request;
mod responses;
mod schemas;
mod webhooks;

use hb_domain::event::EventType;
use serde_json::{Map, Value, json};

use crate::Route;
use crate::route::Surface;
use schemas::Schemas;

/// The version of OpenAPI.
const OPENAPI: &str = "3.1.0";

/// The document of these routes. Pages are left out: they are for browsers.
///
/// `examples` has in `operations`, by the id of an operation, the `path`, `query` and `body` of a request and the `responses` by
/// status; and in `events`, by type, the payload of an event.
///
/// # Panics
/// When a route names no operation or no request and response.
pub fn document<'r>(routes: impl Iterator<Item = &'r Route>, examples: &Value) -> Value {
    let mut schemas = Schemas::new();
    let (mut paths, mut failures) = (Map::new(), Map::new());
    let routes: Vec<&Route> = routes.filter(|route| route.surface == Surface::Api).collect();
    for route in &routes {
        let mut operation = operation::of(route, &mut schemas, &mut failures, examples);
        if let Some(created) = operation.pointer_mut("/responses/201") {
            created["links"] = links::of(route, &routes).into();
        }
        let item = paths.entry(route.path).or_insert_with(|| json!({}));
        item[route.method.as_str().to_lowercase()] = operation;
    }
    let webhooks: Map<String, Value> = EventType::ALL
        .into_iter()
        .map(|event| (event.as_str().to_owned(), webhooks::of(event, &mut schemas, &examples["events"])))
        .collect();
    json!({
        "openapi": OPENAPI,
        "info": {
            "title": prose::TITLE,
            "summary": prose::SUMMARY,
            "description": prose::DESCRIPTION,
            "version": prose::VERSION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server that serves this document"}],
        "tags": prose::TAGS.map(|(name, description)| json!({"name": name, "description": description})),
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "securitySchemes": operation::security_schemes(),
            "parameters": parameters::components(),
            "headers": headers::components(&[&paths, &failures]),
            "responses": failures,
            "schemas": schemas.into_components(),
        },
    })
}
