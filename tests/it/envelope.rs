//! Every answer has one shape: the envelope, the request id and the headers that let any web page read it.

use hb_tests::world::{Account, NOON, moment, plenty};
use hb_tests::{Answer, Instance, World};
use http::Method;
use serde_json::{Value, json};

/// What the contract exposes to web pages, header by header.
const EXPOSED: [&str; 16] = [
    "Accept-Patch",
    "X-Request-Id",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-RateLimit-Retry-After",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "ETag",
    "Location",
    "Link",
    "Deprecation",
    "Sunset",
    "Idempotent-Replayed",
    "WWW-Authenticate",
];
const RATE_HEADERS: [&str; 5] =
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit", "ratelimit-policy"];
const JSON: (&str, &str) = ("content-type", "application/json");
const MEMORIES: &str = "/api/v1/memories";
/// The largest JSON body.
const MAX_BODY: usize = 256 * 1024;

async fn set_up() -> (World, Account, Instance) {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    (world, account, instance)
}

/// A good body of exactly so many bytes.
fn body_of(length: usize) -> String {
    let body = json!({"content": "short", "type": "task"}).to_string();
    format!("{body}{}", " ".repeat(length - body.len()))
}

/// Checks that an answer with a body is the envelope, the whole envelope and nothing but the envelope.
#[track_caller]
fn assert_envelope(what: &str, answer: &Answer) {
    let text = &answer.text;
    assert_eq!(answer.header("content-type"), "application/json", "{what} {text}");
    let names = |value: &Value| value.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>());
    let good = answer.status.is_success();
    let content = if good { "data" } else { "errors" };
    assert_eq!(
        names(&answer.json),
        Some([content, "metadata", "success"].map(str::to_owned).into()),
        "{what} {text}"
    );
    assert_eq!(answer.json["success"], good, "{what} {text}");
    if !good {
        let errors = answer.json["errors"].as_array().expect("errors");
        assert!(!errors.is_empty(), "{what} {text}");
        for error in errors {
            assert!(error["code"].is_string() && error["message"].is_string(), "{what} {text}");
            let known = ["code", "field", "message"];
            assert!(
                names(error).is_some_and(|names| names.iter().all(|name| known.contains(&name.as_str())))
            );
        }
    }
    let metadata = &answer.json["metadata"];
    let id = answer.header("x-request-id");
    assert!(hb_domain::RequestId::parse(id).is_some(), "{what} {id}");
    assert_eq!(*metadata, json!({"request_id": id, "timestamp": moment(NOON), "version": "v1"}), "{what}");
}

#[track_caller]
fn assert_readable_by_any_page(what: &str, answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{what}");
    assert!(!answer.headers.contains_key("access-control-allow-credentials"), "{what}");
    let exposed: Vec<&str> = answer.header("access-control-expose-headers").split(", ").collect();
    assert_eq!(exposed, EXPOSED, "{what}");
}

#[tokio::test]
async fn every_answer_is_the_envelope_with_its_headers() {
    let (_world, account, instance) = set_up().await;
    let (known, nobody) = (instance.client.with(&account.key), &instance.client);
    let mut mistakes = Vec::new();
    let too_large = body_of(MAX_BODY + 1);
    for (what, status, code, limited, body, headers) in [
        ("good", 201, "", true, body_of(60).as_str(), &[JSON][..]),
        ("as large as can be", 201, "", true, &body_of(MAX_BODY), &[JSON]),
        (
            "with a charset",
            201,
            "",
            true,
            &body_of(60),
            &[("content-type", "Application/JSON; charset=utf-8")],
        ),
        ("one byte too large", 413, "PAYLOAD_TOO_LARGE", true, &too_large, &[JSON]),
        ("far too large", 413, "PAYLOAD_TOO_LARGE", true, &body_of(5 << 20), &[JSON]),
        ("empty", 400, "VALIDATION_ERROR", true, "", &[JSON]),
        ("broken", 400, "VALIDATION_ERROR", true, r#"{"content":"#, &[JSON]),
        ("no object", 400, "VALIDATION_ERROR", true, "[]", &[JSON]),
        ("two values", 400, "VALIDATION_ERROR", true, "{}{}", &[JSON]),
        ("invalid", 400, "VALIDATION_ERROR", true, "{}", &[JSON]),
        (
            "a form",
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            true,
            "content=x",
            &[("content-type", "application/x-www-form-urlencoded")],
        ),
        ("almost JSON", 415, "UNSUPPORTED_MEDIA_TYPE", true, "{}", &[("content-type", "application/jsonp")]),
        ("of no type", 415, "UNSUPPORTED_MEDIA_TYPE", true, "{}", &[]),
    ] {
        let answer = known.send_raw(Method::POST, MEMORIES, headers, body.to_owned()).await;
        mistakes.push((what, status, code, limited, answer));
    }
    let path = mistakes[0].4.header("location").to_owned();
    for (what, status, code, limited, answer) in [
        ("read", 200, "", true, known.get(&path).await),
        ("list", 200, "", true, known.get(MEMORIES).await),
        ("standing", 200, "", true, known.get("/api/v1/rate-limit").await),
        ("health", 200, "", false, nobody.get("/health").await),
        ("unknown id", 404, "RESOURCE_NOT_FOUND", true, known.get("/api/v1/memories/none").await),
        ("unknown route", 404, "RESOURCE_NOT_FOUND", false, known.get("/api/v1/nothing").await),
        ("root", 404, "RESOURCE_NOT_FOUND", false, known.get("/").await),
        ("unknown route, nobody", 404, "RESOURCE_NOT_FOUND", false, nobody.get("/api/v2/memories").await),
        ("wrong method", 405, "METHOD_NOT_ALLOWED", false, known.send(Method::DELETE, MEMORIES, None).await),
        (
            "wrong method, nobody",
            405,
            "METHOD_NOT_ALLOWED",
            false,
            nobody.send(Method::POST, &path, None).await,
        ),
        ("odd method", 405, "METHOD_NOT_ALLOWED", false, known.send(Method::TRACE, "/health", None).await),
        ("nobody", 401, "AUTH_REQUIRED", false, nobody.get(MEMORIES).await),
        ("bad key", 401, "AUTH_INVALID", false, nobody.with("hb_prod_x").get(MEMORIES).await),
        ("mismatch", 403, "TENANT_MISMATCH", true, known.get("/api/v1/memories?tenantId=other").await),
        ("bad query", 400, "VALIDATION_ERROR", true, known.get("/api/v1/memories?limit=0").await),
    ] {
        mistakes.push((what, status, code, limited, answer));
    }
    for (what, status, code, limited, answer) in &mistakes {
        assert_eq!((answer.status.as_u16(), answer.code()), (*status, *code), "{what} {}", answer.text);
        assert_envelope(what, answer);
        assert_readable_by_any_page(what, answer);
        for name in RATE_HEADERS {
            assert_eq!(answer.headers.contains_key(name), *limited, "{what} {name}");
        }
    }
    let mut ids: Vec<&str> = mistakes.iter().map(|(.., answer)| answer.header("x-request-id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), mistakes.len(), "request ids are unique");
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let (_world, _account, instance) = set_up().await;
    for (path, allow) in [
        ("/health", "GET, HEAD, OPTIONS"),
        (MEMORIES, "GET, POST, HEAD, OPTIONS"),
        ("/api/v1/memories/mem_1", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("/api/v1/memories/search", "POST, OPTIONS"),
        ("/api/v1/api-keys/rotate", "POST, OPTIONS"),
    ] {
        let answer = instance.client.send(Method::TRACE, path, None).await;
        answer.expect(405, "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
}

#[tokio::test]
async fn health_asks_no_database() {
    let (_world, account, instance) = set_up().await;
    for client in [instance.client.clone(), instance.client.with(&account.key)] {
        let answer = client.get("/health").await;
        assert_eq!(answer.data()["status"], "ok");
    }
    assert_eq!(instance.tap.take(), []);
}
