//! The function binaries with a Runtime API, on recorded events of API Gateway.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hb_domain::Clock;
use hb_domain::dashboard::DashboardToken;
use hb_domain::plan::Plan;
use hb_local::functions;
use hb_local::template::Template;
use hb_tests::function::recorded;
use hb_tests::runtime_api::Outcome;
use hb_tests::{Answer, Function, World};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;

/// The expected response to a recorded event.
struct Expected {
    event: &'static str,
    /// The function to which the template routes the event.
    function: &'static str,
    status: u16,
    check: fn(&Answer),
}

const fn expected(event: &'static str, function: &'static str, status: u16, check: fn(&Answer)) -> Expected {
    Expected { event, function, status, check }
}

/// Every recorded event, in the order in which each function receives them.
const EVENTS: [Expected; 21] = [
    expected("create-memory.json", "memories", 201, |answer| {
        assert_eq!(answer.data()["content"], "Prefers the aisle seat on long flights");
        assert_eq!(answer.header("location"), format!("/api/v1/memories/{}", text(&answer.data()["id"])));
    }),
    expected("create-memory-base64.json", "memories", 201, |answer| {
        assert_eq!(answer.data()["content"], "Trägt im Büro Kopfhörer 🎧");
        assert_eq!(answer.data()["tags"][0], "büro");
    }),
    expected("mixed-case-headers.json", "memories", 201, |answer| {
        assert_eq!(answer.data()["type"], "episodic");
    }),
    expected("import-memories.json", "memories", 200, |answer| {
        assert_eq!((&answer.data()["imported"], &answer.data()["failed"]), (&1.into(), &1.into()));
        assert!(text(&answer.data()["results"][0]["id"]).starts_with("mem_"));
    }),
    expected("list-memories.json", "memories", 200, |answer| {
        assert_eq!(answer.data()["pagination"]["total"], 4);
        assert_eq!(answer.data()["pagination"]["limit"], 10);
        assert_eq!(answer.data()["memories"][2]["content"], "Prefers the aisle seat on long flights");
    }),
    expected("search-memories.json", "memories", 200, |answer| {
        assert_eq!(answer.data()["results"][0]["content"], "Prefers the aisle seat on long flights");
    }),
    expected("repeated-parameters.json", "memories", 400, |answer| {
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.fields(), ["tags"]);
    }),
    expected("head-memories.json", "memories", 200, |answer| {
        assert_eq!(answer.text, "");
        assert_eq!(answer.header("content-type"), "application/json");
    }),
    expected("options-memories.json", "memories", 204, |answer| {
        assert_eq!(answer.text, "");
        assert_eq!(answer.header("allow"), "GET, POST, HEAD, OPTIONS");
        let methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
        assert_eq!(answer.header("access-control-allow-methods"), methods);
    }),
    expected("create-key.json", "api-keys", 201, |answer| {
        assert!(text(&answer.data()["plainKey"]).starts_with("hb_dev_"), "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store");
    }),
    expected("list-webhooks.json", "webhooks", 200, |answer| {
        assert_eq!(answer.data()["webhooks"], serde_json::json!([]));
    }),
    expected("create-webhook.json", "webhooks", 201, |answer| {
        assert!(text(&answer.data()["secret"]).starts_with("whsec_"), "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store");
    }),
    expected("list-deliveries.json", "webhooks", 404, |answer| answer.expect(404, "RESOURCE_NOT_FOUND")),
    expected("list-keys.json", "api-keys", 200, |answer| {
        let keys = answer.data()["keys"].as_array().expect("keys");
        assert!(keys.iter().any(|key| key["name"] == "Reporting"), "{}", answer.text);
    }),
    expected("health.json", "auth", 200, |answer| assert_eq!(answer.data()["status"], "ok")),
    expected("rate-limit.json", "auth", 200, |answer| assert_eq!(answer.data()["plan"], "enterprise")),
    expected("get-openapi.json", "docs", 200, |answer| {
        assert_eq!(answer.json["openapi"], "3.1.0");
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
    }),
    expected("get-docs-with-cookies.json", "docs", 200, |answer| {
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    }),
    // Nobody is signed in: `a_session_begins_and_goes_on_in_the_cookies_of_events` sends both for somebody who is.
    expected("get-dashboard-keys.json", "dashboard", 303, |answer| {
        assert_eq!(answer.header("location"), "/dashboard/sign-in?next=%2Fdashboard%2Fkeys");
    }),
    expected("sign-in-by-link.json", "dashboard", 401, |answer| {
        assert!(answer.text.contains("was used already"), "{}", answer.text);
    }),
    expected("unknown-route.json", "auth", 404, |answer| answer.expect(404, "RESOURCE_NOT_FOUND")),
];

#[tokio::test]
async fn every_recorded_event_is_answered_by_the_function_of_its_route() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    for (function, _) in functions::route_tables() {
        let mut running = Function::start(&world, function).await;
        for expected in EVENTS.iter().filter(|expected| expected.function == function) {
            let answer = running.send(recorded(expected.event, &account.key)).await;
            assert_eq!(answer.status.as_u16(), expected.status, "{}: {}", expected.event, answer.text);
            (expected.check)(&answer);
            assert!(answer.header("x-request-id").starts_with("req_"), "{}", expected.event);
            // A page of another origin may read the API, not the pages.
            let is_page = function == "dashboard" || answer.header("content-type").starts_with("text/html");
            let origins = answer.headers.get("access-control-allow-origin").map(|value| value.as_bytes());
            assert_eq!(origins, (!is_page).then_some(&b"*"[..]), "{}", expected.event);
            // A document of a format that is defined elsewhere has no envelope.
            if !answer.text.is_empty() && !["docs", "dashboard"].contains(&function) {
                assert_eq!(answer.json["success"], answer.status.is_success(), "{}", answer.text);
                assert_eq!(answer.json["metadata"]["request_id"], answer.header("x-request-id"));
            }
        }
        assert_eq!(running.init_errors(), Vec::<Value>::new());
    }
}

/// The gateway hands cookies over in a list of their own, in both directions, and forms in base64.
#[tokio::test]
async fn a_session_begins_and_goes_on_in_the_cookies_of_events() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let link = DashboardToken::mint(&account.tenant, &mut StdRng::seed_from_u64(1));
    // The function has the system's clock.
    world.store.dashboard_sessions().create_link(&link, Clock::system().now()).await.expect("a link");
    let mut running = Function::start(&world, "dashboard").await;
    let mut sign_in = recorded("sign-in-by-link.json", "");
    sign_in["body"] = STANDARD.encode(format!("link={}&next=%2Fdashboard%2Fkeys", link.expose())).into();
    let Outcome::Response(answer) = running.invoke(sign_in).await else { panic!("no answer") };
    assert_eq!(
        (&answer["statusCode"], &answer["headers"]["location"]),
        (&303.into(), &"/dashboard/keys".into())
    );
    assert_eq!(answer["headers"].get("set-cookie"), None, "{answer:#}");
    let cookie = text(&answer["cookies"][0]);
    assert_eq!(answer["cookies"].as_array().map(Vec::len), Some(1));
    for attribute in ["__Host-hb_session=", "; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let mut page = recorded("get-dashboard-keys.json", "");
    page["cookies"][0] = cookie.split(';').next().expect("a cookie").into();
    let page = running.send(page).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("<h1>API Keys</h1>"), "{}", page.text);
}

#[test]
fn every_recorded_event_is_sent_and_names_a_route_of_the_template() {
    let folder = hb_tests::binaries::workspace().join("tests/events");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .expect("tests/events")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    found.sort();
    let mut sent = EVENTS.map(|expected| expected.event);
    sent.sort_unstable();
    assert_eq!(found, sent, "each file of tests/events needs a row in EVENTS");

    let routes = Template::embedded().expect("the template").routes();
    for expected in EVENTS {
        let event = recorded(expected.event, "");
        let key = text(&event["routeKey"]);
        let route = routes.iter().find(|route| match &route.path {
            Some(path) => key == format!("ANY {path}"),
            None => key == "$default",
        });
        let route = route.unwrap_or_else(|| panic!("{}: no route {key}", expected.event));
        assert_eq!(route.binary, expected.function, "{}", expected.event);
        assert_eq!(event["requestContext"]["routeKey"], key, "{}", expected.event);
        assert_eq!(event["requestContext"]["http"]["path"], event["rawPath"], "{}", expected.event);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}
