//! One route as an operation.

use serde_json::{Value, json};

use super::responses::Failures;
use super::schemas::Schemas;
use super::{errors, parameters, prose, request, responses};
use crate::Route;
use crate::description::{Description, Operation};
use crate::route::Access;

/// What describes a route.
pub(super) fn described(route: &Route) -> (Operation, Description) {
    let described = route.operation.zip(route.description);
    described.unwrap_or_else(|| {
        panic!("{} {} is not described: add .describing::<…>().operation(…)", route.method, route.path)
    })
}

/// The operation object of a route.
pub(super) fn of(route: &Route, schemas: &mut Schemas, failures: &mut Failures, examples: &Value) -> Value {
    let (operation, description) = described(route);
    let example = &examples["operations"][operation.id];
    let group = operation.id.split('.').next().unwrap_or_default();
    let mut object = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [prose::tag(group)],
        "security": security(route),
        "responses": responses::of(route, schemas, failures, &example["responses"]),
    });
    let request = description.request();
    let parameters = parameters::of(route, &request, example);
    if !parameters.is_empty() {
        object["parameters"] = parameters.into();
    }
    if let Some(body) = request::body(route, &request, schemas, &example["body"]) {
        object["requestBody"] = body;
    }
    let texts = [prose::operation(operation.id).map(str::to_owned), credential(route)];
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    object["description"] = texts.join("\n\n").into();
    object
}

/// Which credential the route needs.
fn credential(route: &Route) -> Option<String> {
    Some(match route.access() {
        Access::Public => "Needs no credential.".to_owned(),
        Access::Metered { scope: Some(scope) } => format!("Needs the scope `{scope}`."),
        _ if route.accepts_doubled_bearer => "Needs a Clerk session.".to_owned(),
        // Pages are not part of the document.
        Access::Metered { scope: None } | Access::Unmetered | Access::Session => return None,
    })
}

/// The credentials that a route accepts, with the scope that it asks of them: one of the list is needed.
fn security(route: &Route) -> Value {
    let scopes = match route.access() {
        Access::Public => return json!([]),
        Access::Unmetered | Access::Session => vec![],
        Access::Metered { scope } => scope.map(|scope| scope.as_str()).into_iter().collect(),
    };
    if route.accepts_doubled_bearer {
        // Only a session can be exchanged.
        return json!([{"clerkSession": scopes}]);
    }
    if errors::changes_keys(described(route).0.id) {
        return json!([{"apiKey": scopes}, {"clerkSession": scopes}]);
    }
    json!([{"apiKey": scopes}, {"clerkSession": scopes}, {"accessToken": scopes}])
}

/// The kinds of credentials, all of which are sent as `Authorization: Bearer …` (RFC 6750).
pub(super) fn security_schemes() -> Value {
    let bearer = |format: &str, description: &str| json!({"type": "http", "scheme": "bearer", "bearerFormat": format, "description": description});
    json!({
        "apiKey": bearer("hb_prod_… or hb_dev_…", prose::API_KEY),
        "clerkSession": bearer("JWT", prose::CLERK_SESSION),
        "accessToken": bearer("JWT", prose::ACCESS_TOKEN),
    })
}

/// Whether requests of a route name something that may not exist.
pub(super) fn may_be_missing(route: &Route) -> bool {
    let (_, description) = described(route);
    let names_one = |field: &hb_domain::describe::FieldSchema| {
        field.is_required && ["keyId", "key"].contains(&field.name.as_str())
    };
    route.path.contains('{') || description.request().fields.iter().any(names_one)
}

/// Whether a request of a route has a body.
pub(super) fn has_body(route: &Route) -> bool {
    let (_, description) = described(route);
    !route.reads_no_body() && request::is_described(&description.request())
}
