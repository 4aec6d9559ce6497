//! Events that no regular client causes: the function responds to each of them and keeps running.

use std::cell::RefCell;

use hb_domain::plan::Plan;
use hb_tests::function::recorded;
use hb_tests::world::plenty;
use hb_tests::{Answer, Function, World, seed};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A JSON pointer into an event, and the value to set.
type Change = (&'static str, Value);

/// An event like `list-memories.json`, with these changes by JSON pointer.
fn event(key: &str, changes: &[Change]) -> Value {
    let mut event = recorded("list-memories.json", key);
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let parent = event.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        parent.insert(name.replace("~1", "/"), value.clone());
    }
    event
}

/// Checks that the response has the envelope, whatever its status.
fn check_envelope(answer: &Answer, of: &str) {
    assert_eq!(answer.json["success"], answer.status.is_success(), "{of}: {}", answer.text);
    assert_eq!(answer.json["metadata"]["request_id"], answer.header("x-request-id"), "{of}");
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{of}");
    assert_ne!(answer.status, 500, "{of}: {}", answer.text);
}

#[tokio::test]
async fn a_hostile_event_gets_a_response_in_the_envelope() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let mut memories = Function::start(&world, "memories").await;
    let cases: &[(&str, u16, &[Change])] = &[
        ("a path without slash", 404, &[("/rawPath", json!("api/v1/memories"))]),
        ("no path", 404, &[("/rawPath", Value::Null)]),
        ("an empty path", 404, &[("/rawPath", json!(""))]),
        ("a whole URL as path", 404, &[("/rawPath", json!("http://evil.example/api/v1/memories"))]),
        // Paths that a URL parser would read differently.
        ("a backslash in the path", 404, &[("/rawPath", json!("/api/v1\\memories"))]),
        ("a fragment in the path", 404, &[("/rawPath", json!("/api/v1/memories#top"))]),
        ("two slashes", 404, &[("/rawPath", json!("//evil.example/api/v1/memories"))]),
        ("a raw path", 404, &[("/rawPath", json!("/api/v1/mémoires d'été?#[]{}|\\^`\"<>\u{7f}\u{0}"))]),
        ("a broken escape in the path", 404, &[("/rawPath", json!("/api/v1/memories/%ff%"))]),
        ("a raw query", 200, &[("/rawQueryString", json!("userId=zoë smith&limit=1"))]),
        ("a query of anything", 400, &[("/rawQueryString", json!("ü=\u{0}#<>\"{}|\\^`[]&&=&%zz&%"))]),
        ("no query", 200, &[("/rawQueryString", Value::Null)]),
        ("a host that is none", 200, &[("/headers/host", json!("evil host/\"<>:x:y"))]),
        ("an empty host", 200, &[("/headers/host", json!(""))]),
        ("an unclosed address as host", 200, &[("/headers/host", json!("[::1"))]),
        ("a scheme that is none", 200, &[("/headers/x-forwarded-proto", json!("ht tp://"))]),
        ("an empty scheme", 200, &[("/headers/x-forwarded-proto", json!(""))]),
        ("a domain that is none", 200, &[("/requestContext/domainName", json!("not a domain"))]),
        ("no gateway id", 200, &[("/requestContext/requestId", Value::Null)]),
        ("a stage of nobody's", 404, &[("/requestContext/stage", json!("../prod"))]),
        ("a header of Unicode", 200, &[("/headers/x-note", json!("naïve ☂"))]),
        ("a credential of Unicode", 401, &[("/headers/authorization", json!("Bearer hb_prod_naïve"))]),
        ("no headers", 401, &[("/headers", json!({}))]),
        ("a method of nobody's", 405, &[("/requestContext/http/method", json!("BREW"))]),
        ("a field of the future", 200, &[("/somethingNew", json!({"deep": [1, 2, 3]}))]),
    ];
    for (name, status, changes) in cases {
        let answer = memories.send(event(&account.key, changes)).await;
        assert_eq!(answer.status.as_u16(), *status, "{name}: {}", answer.text);
        check_envelope(&answer, name);
    }
}

#[tokio::test]
async fn a_hostile_body_gets_a_response_in_the_envelope() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let mut memories = Function::start(&world, "memories").await;
    let json = ("/headers/content-type", json!("application/json"));
    let in_base64 = ("/isBase64Encoded", json!(true));
    let cases: &[(&str, u16, &[Change])] = &[
        ("no body", 400, &[json.clone(), ("/body", Value::Null)]),
        ("no body and no type", 415, &[("/body", Value::Null)]),
        ("a body without type", 415, &[("/body", json!("{}"))]),
        ("bytes that are no text", 400, &[json.clone(), in_base64.clone(), ("/body", json!("AP/+"))]),
        (
            "what only claims to be base64",
            400,
            &[json.clone(), in_base64, ("/body", json!("{\"content\": 1"))],
        ),
        ("half of an object", 400, &[json.clone(), ("/body", json!("{\"content\": \"a"))]),
        ("a deep array", 400, &[json.clone(), ("/body", json!("[".repeat(100_000)))]),
        ("a body of 256 KiB and one", 413, &[json, ("/body", json!(" ".repeat(256 * 1024 + 1)))]),
    ];
    for (name, status, changes) in cases {
        let post = [("/requestContext/http/method", json!("POST")), ("/rawQueryString", json!(""))];
        let answer = memories.send(event(&account.key, &[&post, *changes].concat())).await;
        assert_eq!(answer.status.as_u16(), *status, "{name}: {}", answer.text);
        check_envelope(&answer, name);
    }
}

#[test]
fn no_text_in_path_query_or_headers_is_an_error_of_the_function() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (memories, account, _world) = runtime.block_on(async {
        let world = World::new().await;
        let account = world.account_with("acme", plenty()).await;
        (RefCell::new(Function::start(&world, "memories").await), account, world)
    });
    let header = "[ -~]{0,30}";
    let strategy = ("/?[^/]{0,10}/?.{0,40}", ".{0,60}", header, header, header);
    seed::runner(128)
        .run(&strategy, |(path, query, host, scheme, note)| {
            let event = event(
                &account.key,
                &[
                    ("/rawPath", json!(path)),
                    ("/rawQueryString", json!(query)),
                    ("/headers/host", json!(host)),
                    ("/headers/x-forwarded-proto", json!(scheme)),
                    ("/headers/if-none-match", json!(note)),
                ],
            );
            let answer = runtime.block_on(memories.borrow_mut().send(event));
            check_envelope(&answer, &path);
            prop_assert!(answer.status.is_client_error() || answer.status.is_success(), "{}", answer.text);
            Ok(())
        })
        .expect("every event gets a response");
}
