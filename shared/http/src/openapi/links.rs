//! The links from a resource that was created to the operations on it.

use hb_domain::describe::Location;
use serde_json::{Map, Value, json};

use super::operation::described;
use crate::Route;

/// Where a response has the id of the new resource.
const ID: &str = "$response.body#/data/id";
/// The field of requests that name an API key.
const KEY_ID: &str = "keyId";

/// The links of a response with which `route` creates a resource, by the ids of their operations.
pub(super) fn of(route: &Route, routes: &[&Route]) -> Map<String, Value> {
    let of_collection = routes.iter().filter(|other| collection(other) == collection(route));
    of_collection.filter_map(|other| Some((described(other).0.id.to_owned(), to(other)?))).collect()
}

/// The path of the collection that a route belongs to: `/api/v1/memories`.
fn collection(route: &Route) -> Vec<&str> {
    route.path.split('/').take(4).collect()
}

/// The link to a route whose requests name one resource.
fn to(route: &Route) -> Option<Value> {
    let (operation, description) = described(route);
    let parameters = |name: &str| json!({"operationId": operation.id, "parameters": {name: ID}});
    if route.path.contains("{id}") {
        return Some(parameters("id"));
    }
    let request = description.request();
    match request.fields.iter().find(|field| field.name == KEY_ID)?.location {
        Location::Query => Some(parameters(KEY_ID)),
        Location::Body => Some(json!({"operationId": operation.id, "requestBody": {KEY_ID: ID}})),
        Location::Line => None,
    }
}
