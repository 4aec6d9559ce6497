//! HEAD wherever GET, OPTIONS on every path: generated from the route tables.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hb_http::route::Surface;
use hb_local::functions;
use hb_tests::world::plenty;
use hb_tests::{Answer, World};
use http::Method;
use serde_json::json;

use crate::routes::{Case, Named};

const ALLOWED: [&str; 11] = [
    "Authorization",
    "Content-Type",
    "Accept",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "traceparent",
    "tracestate",
    "baggage",
    "sentry-trace",
    "X-Request-Id",
];

/// Headers that may differ between two requests for the same.
fn lasting(answer: &Answer) -> BTreeMap<String, String> {
    const FLEETING: [&str; 4] = ["x-request-id", "date", "x-ratelimit-remaining", "ratelimit"];
    let names = answer.headers.keys().map(ToString::to_string);
    names
        .map(|name| {
            let value = if FLEETING.contains(&name.as_str()) { "there" } else { answer.header(&name) };
            (name.clone(), value.to_owned())
        })
        .collect()
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let named = Named::of(&world, &instance, &account).await;
    let routes = functions::routes();
    let reading: Vec<_> = routes.filter(|route| route.method == Method::GET).collect();
    assert!(!reading.is_empty());
    for route in reading {
        for (credential, query) in
            [(Some(account.key.as_str()), ""), (Some(&account.key), "unknown=1"), (None, "")]
        {
            let mut answers = Vec::new();
            for case in Case::of(route) {
                // The standing is shown once a second.
                instance.clock.set(instance.clock.now().plus(Duration::from_secs(2)));
                answers.push(case.send(&instance, credential, &named, query, &json!({})).await);
            }
            let [get, head] = &answers[..] else { panic!("{} has no HEAD", route.path) };
            assert_eq!(head.status, get.status, "{} {}", route.path, get.text);
            assert_eq!(head.text, "", "{}", route.path);
            assert_eq!(lasting(head), lasting(get), "{}", route.path);
        }
    }
}

#[tokio::test]
async fn a_preflight_is_answered_on_every_path_of_the_api_and_asks_nobody() {
    let world = World::new().await;
    let instance = world.instance().await;
    let mut methods: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for route in functions::routes().filter(|route| route.surface == Surface::Api) {
        let of_path = methods.entry(route.path).or_insert_with(|| BTreeSet::from(["OPTIONS"]));
        of_path.insert(route.method.as_str());
        if route.method == Method::GET {
            of_path.insert("HEAD");
        }
    }
    let patched = |methods: &BTreeSet<&str>| methods.contains("PATCH");
    let unknown = ["/", "/api/v1/nothing", "/api/v1/memories/a/b"].map(|path| (path, BTreeSet::new()));
    for (path, expected) in methods.into_iter().chain(unknown) {
        for requested in ["POST", "GET", "DELETE", "PUT", "PURGE"] {
            let headers = [
                ("origin", "https://app.example"),
                ("access-control-request-method", requested),
                ("access-control-request-headers", "authorization,content-type,traceparent"),
            ];
            let answer =
                instance.client.send_raw(Method::OPTIONS, &path.replace(['{', '}'], ""), &headers, "").await;
            assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""), "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
            let listed = |name| answer.header(name).split(", ").collect::<BTreeSet<_>>();
            assert!(listed("access-control-allow-methods").contains(requested), "{requested} {path}");
            assert_eq!(listed("access-control-allow-headers"), BTreeSet::from(ALLOWED), "{path}");
            if expected.is_empty() {
                assert!(!answer.headers.contains_key("allow"), "{path}");
            } else {
                assert_eq!(listed("allow"), expected, "{path}");
            }
            let types =
                if patched(&expected) { "application/json, application/merge-patch+json" } else { "" };
            assert_eq!(answer.header("accept-patch"), types, "{path}");
            assert!(!answer.header("x-request-id").is_empty(), "{path}");
            assert!(!answer.headers.contains_key("x-ratelimit-limit"), "{path}");
        }
    }
    assert_eq!(instance.tap.take(), []);
    instance.client.send(Method::OPTIONS, "/api/v1/nothing", None).await.expect(404, "RESOURCE_NOT_FOUND");
}
