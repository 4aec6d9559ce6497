//! Every route names its request and its response, and does what their schemas say.

mod release;
mod schema;

use std::time::Duration;

use hb_domain::describe::{FieldSchema, Location};
use hb_http::Route;
use hb_http::description::Description;
use hb_http::route::Surface;
use hb_local::functions;
use hb_tests::issuer::TestIssuer;
use hb_tests::world::{Account, plenty};
use hb_tests::{Answer, Instance, World};
use http::Method;
use serde_json::{Value, json};

use crate::routes::{Case, Named, guarded, variants};
use hb_tests::json_schema::problems;

const EXCHANGE: &str = "/auth/clerk-token";

fn description(route: &Route) -> Description {
    route.description.unwrap_or_else(|| {
        panic!("{} {} names no request and no response: add .describing::<…>()", route.method, route.path)
    })
}

/// The routes of the API: what a page contains is for people.
fn api_routes() -> impl Iterator<Item = &'static Route> {
    functions::routes().filter(|route| route.surface == Surface::Api)
}

/// The guarded routes under their own methods.
fn guarded_routes() -> Vec<Case> {
    guarded().into_iter().filter(|case| case.method != Method::HEAD).collect()
}

#[test]
fn every_route_names_its_request_and_its_response() {
    for route in api_routes() {
        let (request, response) = (description(route).request(), description(route).response());
        let has_body = request.fields.iter().any(|field| field.location != Location::Query);
        let takes_body = matches!(route.method, Method::POST | Method::PUT | Method::PATCH);
        assert!(has_body == takes_body || route.path == EXCHANGE, "{} {}", route.method, route.path);
        assert!(response.as_value()["type"].is_string(), "{} {}: {response:?}", route.method, route.path);
    }
}

/// One world with an account, and the time for each request that a rate limit of one a second needs.
struct Scene {
    world: World,
    account: Account,
    instance: Instance,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        Self { world, account, instance }
    }

    async fn send(&self, case: &Case, named: &Named, query: &str, fields: &Value) -> Answer {
        self.instance.clock.set(self.instance.clock.now().plus(Duration::from_secs(2)));
        case.send(&self.instance, Some(&self.account.key), named, query, fields).await
    }

    async fn named(&self) -> Named {
        Named::of(&self.world, &self.instance, &self.account).await
    }
}

/// The names of the fields that an answer refuses, each once; those of the first line of an import.
fn refused(case: &Case, answer: &Answer) -> Vec<String> {
    let errors = if case.sends_lines() && answer.status == 200 {
        &answer.data()["results"][0]["errors"]
    } else {
        assert_eq!(answer.status, 400, "{case:?} {}", answer.text);
        &answer.json["errors"]
    };
    let fields = errors.as_array().expect("errors").iter().filter_map(|error| error["field"].as_str());
    let mut fields: Vec<String> = fields.map(str::to_owned).collect();
    fields.dedup();
    fields
}

/// A value that the field's schema does not accept.
fn invalid(field: &FieldSchema) -> Value {
    match field.schema.as_value()["type"].as_str() {
        Some("string") => json!(7),
        Some(_) => json!("\0"),
        None => json!([true]),
    }
}

#[tokio::test]
async fn every_field_that_is_described_is_read_and_no_other() {
    let scene = Scene::new().await;
    for case in guarded_routes() {
        let named = scene.named().await;
        let request = description(case.route).request();
        for field in &request.fields {
            let name = field.name.as_str();
            let answer = match field.location {
                Location::Query => scene.send(&case, &named, &format!("{name}=%00"), &json!({})).await,
                Location::Body | Location::Line => {
                    assert!(
                        !problems(&field.schema.clone().to_value(), &invalid(field)).is_empty(),
                        "{field:?}"
                    );
                    scene.send(&case, &named, "", &json!({name: invalid(field)})).await
                }
            };
            if (name, field.location) == ("tenantId", Location::Query) {
                answer.expect(403, "TENANT_MISMATCH");
            } else {
                assert_eq!(refused(&case, &answer), [name], "{case:?} {field:?}");
            }
        }
        let unknown = scene.send(&case, &named, "unknown=1", &json!({})).await;
        assert_eq!(refused(&case, &unknown), ["unknown"], "{case:?}");
        if request.fields.iter().any(|field| field.location != Location::Query) {
            let unknown = scene.send(&case, &named, "", &json!({"unknown": 1})).await;
            assert_eq!(refused(&case, &unknown), ["unknown"], "{case:?}");
        }
    }
}

#[tokio::test]
async fn every_field_that_is_required_is_refused_when_it_is_absent_and_no_other() {
    let scene = Scene::new().await;
    for case in guarded_routes() {
        let request = description(case.route).request();
        let location = if case.has_body() { Location::Body } else { Location::Query };
        let required: Vec<&str> = request
            .fields_in(location)
            .filter(|field| field.is_required)
            .map(|field| field.name.as_str())
            .collect();
        if required.is_empty() {
            continue;
        }
        let named = scene.named().await;
        let path = if case.has_body() { case.target(&named) } else { case.path(&named) };
        let body = case.has_body().then(|| json!({}));
        let client = scene.instance.client.with(&scene.account.key);
        let answer = client.send(case.method.clone(), &path, body).await;
        assert_eq!(refused(&case, &answer), required, "{case:?}");
    }
}

/// What of an answer its route describes.
fn described(answer: &Answer) -> Value {
    match (&answer.json, answer.header("content-type")) {
        (_, hb_domain::ndjson::MEDIA_TYPE) => {
            answer.text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")).collect()
        }
        (json, _) if json.get("success").is_some() => answer.data().clone(),
        (json, _) => json.clone(),
    }
}

#[track_caller]
fn check(route: &Route, answer: &Answer) {
    assert!(answer.status.is_success(), "{} {} {}", route.method, route.path, answer.text);
    let schema = description(route).response().to_value();
    let data = described(answer);
    let problems = match schema.get("contentSchema") {
        Some(line) => data.as_array().expect("lines").iter().flat_map(|data| problems(line, data)).collect(),
        None => problems(&schema, &data),
    };
    assert_eq!(problems, Vec::<String>::new(), "{} {}: {data}", route.method, route.path);
}

#[tokio::test]
async fn every_response_is_one_that_its_route_describes() {
    let scene = Scene::new().await;
    for case in guarded_routes().into_iter().chain(variants()) {
        let named = scene.named().await;
        check(case.route, &scene.send(&case, &named, "", &json!({})).await);
    }
}

#[tokio::test]
async fn every_form_of_a_response_is_described() {
    let scene = Scene::new().await;
    let full = json!({
        "content": "tea", "type": "task", "importance": 0.5, "tags": ["a"], "metadata": {"a": [null]},
        "userId": "u", "agentId": "a", "sessionId": "s", "expiresAt": "2027-01-01T00:00:00Z", "namespace": ["a", "b"], "searchable": false,
    });
    let extra = [
        ("/api/v1/memories", full.clone()),
        ("/api/v1/memories/search", json!({"query": "saffron", "explain": true})),
        ("/api/v1/memories/bulk", json!({"memories": [full, {"content": 7}, 7]})),
        ("/api/v1/memories/bulk-update", json!({"items": [{"id": 7, "patch": {"content": 7}}, 7]})),
        ("/api/v1/memories/batch-get", json!({"ids": ["x"]})),
        ("/api/v1/memories/import", json!({"content": 7})),
        ("/api/v1/api-keys", json!({"name": "temporary", "expiresAt": "2027-01-01T00:00:00Z"})),
    ];
    for (path, fields) in extra {
        let case =
            guarded_routes().into_iter().find(|case| case.method == Method::POST && case.route.path == path);
        let case = case.unwrap_or_else(|| panic!("no POST {path}"));
        let named = scene.named().await;
        check(case.route, &scene.send(&case, &named, "", &fields).await);
    }
    for case in guarded_routes().into_iter().filter(|case| case.method == Method::GET) {
        let named = scene.named().await;
        check(case.route, &scene.send(&case, &named, "", &json!({})).await);
    }
}

#[tokio::test]
async fn the_responses_of_public_routes_and_of_the_exchange_are_described() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let instance = world.instance().await;
    let guarded: Vec<_> = guarded_routes().iter().map(|case| (&case.route.method, case.route.path)).collect();
    for route in api_routes().filter(|route| !guarded.contains(&(&route.method, route.path))) {
        let client = match route.path {
            EXCHANGE => instance.client.with(&issuer.token("user_maya")),
            _ => instance.client.clone(),
        };
        check(route, &client.send(route.method.clone(), route.path, None).await);
        let request = description(route).request();
        for field in request.fields.iter().filter(|field| field.name != "tenantId") {
            let (query, body) = match field.location {
                Location::Query => (format!("?{}=%00", field.name), None),
                Location::Body | Location::Line => {
                    (String::new(), Some(json!({&field.name: invalid(field)})))
                }
            };
            if body.is_some() && route.method == Method::GET {
                continue;
            }
            let answer = client.send(route.method.clone(), &format!("{}{query}", route.path), body).await;
            assert_eq!(answer.fields(), [&field.name], "{route:?}");
        }
    }
}
