//! The OpenAPI document and the page that shows it: what a browser gets, and that it is led to no other host.

use std::collections::BTreeSet;

use hb_tests::function::recorded;
use hb_tests::{Answer, Function, World};
use http::Method;

const DOCUMENT: &str = "/openapi.json";
const PAGE: &str = "/docs";

/// The files that the page names.
fn links(page: &Answer) -> Vec<String> {
    let links = page.text.split('"').filter(|text| text.starts_with("/docs/"));
    links.map(str::to_owned).collect()
}

#[track_caller]
fn assert_is_file(answer: &Answer, media_type: &str, control: &str) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), media_type);
    assert_eq!(answer.header("cache-control"), control);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("etag").starts_with('"'), "{:?}", answer.headers);
}

#[tokio::test]
async fn the_document_is_served_to_everybody_without_the_envelope_and_without_a_call() {
    let world = World::new().await;
    let instance = world.instance().await;
    let answer = instance.client.get(DOCUMENT).await;
    assert_is_file(&answer, "application/json", "public, max-age=300");
    assert_eq!(answer.text, include_str!("../../functions/docs/openapi.json"));
    assert!(answer.json["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    for path in [PAGE, "/docs/start.js", "/docs/none.js"] {
        let page = instance.client.get(path).await;
        assert!(!page.headers.contains_key("access-control-allow-origin"), "{path}");
    }
    assert_eq!(instance.tap.take(), []);
}

#[tokio::test]
async fn the_page_loads_its_own_files_and_its_policy_allows_no_others() {
    let (_world, instance, _) = World::with_a_client().await;
    let page = instance.client.get(PAGE).await;
    assert_is_file(&page, "text/html; charset=utf-8", "no-cache");
    let policy = page.header("content-security-policy");
    let directives: BTreeSet<&str> = policy.split("; ").collect();
    let expected = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ];
    assert_eq!(directives, BTreeSet::from(expected));
    let links = links(&page);
    assert!(links.len() >= 3, "{links:?}");
    for link in &links {
        let file = instance.client.get(link).await;
        let media_type = if link.ends_with(".css") { "text/css" } else { "text/javascript" };
        let is_versioned = link.contains(|character: char| character.is_ascii_digit());
        let control = if is_versioned { "public, immutable, max-age=31536000" } else { "no-cache" };
        assert_is_file(&file, &format!("{media_type}; charset=utf-8"), control);
        assert!(!file.text.is_empty(), "{link}");
    }
    let start = instance.client.get("/docs/start.js").await.text;
    for setting in [r#"url: "/openapi.json""#, "persistAuthorization: false", r#"validatorUrl: "none""#] {
        assert!(start.contains(setting), "start.js: {setting}");
    }
}

#[tokio::test]
async fn a_file_that_is_known_is_not_sent_again() {
    let (_world, instance, _) = World::with_a_client().await;
    let paths = [DOCUMENT.to_owned(), PAGE.to_owned()];
    for path in paths.into_iter().chain(links(&instance.client.get(PAGE).await)) {
        let whole = instance.client.get(&path).await;
        let tag = whole.header("etag");
        let head = instance.client.send(Method::HEAD, &path, None).await;
        assert_eq!((head.status.as_u16(), head.text.as_str(), head.header("etag")), (200, "", tag), "{path}");
        assert_eq!(head.header("content-length"), whole.text.len().to_string(), "{path}");
        for method in [Method::GET, Method::HEAD] {
            let send = async |name, value| {
                instance.client.send_raw(method.clone(), &path, &[(name, value)], "").await
            };
            let unchanged = send("if-none-match", tag).await;
            assert_eq!((unchanged.status.as_u16(), unchanged.text.as_str()), (304, ""), "{path}");
            assert_eq!(unchanged.header("cache-control"), whole.header("cache-control"), "{path}");
            assert_eq!(send("if-none-match", "\"other\"").await.status, 200, "{path}");
            assert_eq!(send("if-match", "\"other\"").await.status, 412, "{path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_file_and_a_wrong_method_are_error_pages() {
    let (_world, instance, _) = World::with_a_client().await;
    for (method, path, status) in [
        (Method::GET, "/docs/none.js", 404),
        (Method::GET, "/docs/..%2Fopenapi.json", 404),
        (Method::GET, "/docs/START.JS", 404),
        (Method::POST, PAGE, 405),
        (Method::DELETE, "/docs/start.js", 405),
    ] {
        let answer = instance.client.send(method, path, None).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(answer.text.starts_with("<!DOCTYPE html>"), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_function_reads_no_secret_and_no_table_when_it_starts() {
    let world = World::new().await;
    let before = world.secrets.reads();
    let mut function = Function::start(&world, "docs").await;
    assert_eq!(function.send(recorded("get-openapi.json", "")).await.status, 200);
    assert_eq!(world.secrets.reads(), before);
    let (log, _) = function.log().await;
    assert!(log.iter().any(|line| line["message"] == "request" && line["db_calls"] == 0), "{log:?}");
    let mut other = Function::start(&world, "auth").await;
    assert_eq!(other.send(recorded("health.json", "")).await.status, 200);
    assert!(world.secrets.reads() > before, "a function with credentials reads the pepper");
}
