//! Routes of both surfaces, without a database: none of these requests reaches one.

use hb_domain::{Clock, Error, Timestamp};
use hb_store::aws::Aws;
use hb_store::{SecretNames, Secrets, Store, Tables};
use headers::{CacheControl, HeaderMapExt};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION, ORIGIN, SET_COOKIE,
    WWW_AUTHENTICATE,
};
use http::{Method, StatusCode, Uri};
use lambda_http::{Body, Response};
use serde_json::{Value, json};

use crate::{App, Entropy, PublicUrl, Reply, Route, Settings};

const ROUTES: &[Route] = &[
    Route::public(Method::GET, "/page", |_| {
        Box::pin(async { Ok(Reply::html("<p>here</p>".into()).with(CacheControl::new().with_no_cache())) })
    })
    .page(),
    Route::public(Method::POST, "/page", |_| {
        Box::pin(async {
            let reply = Reply::see_other(&Uri::from_static("/page?done=1"));
            let reply = reply.with_cookie(HeaderValue::from_static("session=s; Path=/; HttpOnly; Secure"));
            Ok(reply.with_cookie(HeaderValue::from_static("theme=dark; Path=/")))
        })
    })
    .page(),
    Route::public(Method::GET, "/page/invalid", |call| {
        Box::pin(async move {
            call.query().finish()?;
            Err(Error::Internal("the table of <b>secrets</b>".into()))
        })
    })
    .page(),
    Route::public(Method::GET, "/page/panic", |_| Box::pin(async { panic!("a bug") })).page(),
    Route::authenticated(Method::GET, "/page/private", |_| {
        Box::pin(async { Ok(Reply::html(String::new())) })
    })
    .page(),
    Route::public(Method::GET, "/api", |_| Box::pin(async { Reply::ok(&json!({"here": true})) })),
    Route::public(Method::GET, "/api/panic", |_| Box::pin(async { panic!("a bug") })),
    Route::authenticated(Method::GET, "/api/private", |_| Box::pin(async { Reply::ok(&json!({})) })),
];

async fn send(method: Method, target: &str) -> Response<Body> {
    send_from("https://example.com", method, target).await
}

/// Sends a request as a page of this origin does.
async fn send_from(origin: &str, method: Method, target: &str) -> Response<Body> {
    let aws = Aws::local("http://127.0.0.1:1".into(), "http://127.0.0.1:1".into());
    let secrets = Secrets::new(aws.secrets(), SecretNames::local());
    let store = Store::new(aws.dynamodb(), Tables::local(), secrets);
    let now = Timestamp::parse("2026-11-24T12:00:00Z").expect("a time");
    let public_url = Some(PublicUrl::parse("https://example.com").expect("a URL"));
    let settings = Settings { public_url, ..Settings::default() };
    let app = App::new(vec![ROUTES], store, Clock::fixed(now), Entropy::seeded(1), settings);
    let request = http::Request::builder().method(method).uri(format!("https://example.com{target}"));
    let request = request.header(ORIGIN, origin);
    app.handle(request.body(Body::Empty).expect("a request")).await
}

fn text(response: &Response<Body>) -> &str {
    std::str::from_utf8(response.body()).expect("text")
}

fn header<'r>(response: &'r Response<Body>, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

fn has_cors(response: &Response<Body>) -> bool {
    response.headers().keys().any(|name| name.as_str().starts_with("access-control-"))
}

#[tokio::test]
async fn a_page_has_its_media_type_and_headers_and_no_cors() {
    let response = send(Method::GET, "/page").await;
    assert_eq!((response.status(), text(&response)), (StatusCode::OK, "<p>here</p>"));
    assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
    assert!(!header(&response, "x-request-id").is_empty());
    assert!(!has_cors(&response), "{response:?}");
    let head = send(Method::HEAD, "/page").await;
    assert_eq!((head.status(), text(&head)), (StatusCode::OK, ""));
    assert_eq!(head.headers()[CONTENT_LENGTH], "11");
}

#[tokio::test]
async fn a_page_may_redirect_and_set_several_cookies() {
    let response = send(Method::POST, "/page").await;
    assert_eq!((response.status(), text(&response)), (StatusCode::SEE_OTHER, ""));
    assert_eq!(response.headers()[LOCATION], "/page?done=1");
    let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["session=s; Path=/; HttpOnly; Secure", "theme=dark; Path=/"]);
    assert!(!response.headers().contains_key(CONTENT_TYPE) && !has_cors(&response), "{response:?}");
}

#[tokio::test]
async fn a_form_of_another_origin_is_refused_before_its_handler() {
    for origin in ["null", "https://evil.example", "http://example.com", "https://example.com:444"] {
        let response = send_from(origin, Method::POST, "/page").await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{origin}");
        assert!(
            !response.headers().contains_key(SET_COOKIE)
                && !response.headers().contains_key(WWW_AUTHENTICATE)
        );
    }
}

#[tokio::test]
async fn every_error_of_a_page_is_html_without_cors_and_without_internal_detail() {
    for (method, target, status) in [
        (Method::GET, "/page/invalid", 500),
        (Method::GET, "/page/invalid?%3Cscript%3E=1", 400),
        (Method::GET, "/page/panic", 500),
        (Method::GET, "/page/private", 401),
        (Method::DELETE, "/page", 405),
    ] {
        let response = send(method, target).await;
        let page = text(&response);
        assert_eq!(response.status(), status, "{target}");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8", "{target}");
        assert_eq!(response.headers().typed_get(), Some(CacheControl::new().with_no_store()), "{target}");
        assert!(!has_cors(&response), "{response:?}");
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains(&status.to_string()), "{page}");
        assert!(page.contains(header(&response, "x-request-id")), "{page}");
        for hidden in ["<script>", "secrets", "a bug", "panicked"] {
            assert!(!page.contains(hidden), "{target}: {page}");
        }
    }
    let invalid = send(Method::GET, "/page/invalid?%3Cscript%3E=1").await;
    assert!(text(&invalid).contains("&lt;script&gt;"), "{}", text(&invalid));
    assert_eq!(send(Method::GET, "/page/private").await.headers()[WWW_AUTHENTICATE], "Bearer");
}

#[tokio::test]
async fn options_of_a_page_lists_its_methods_and_is_no_preflight() {
    let response = send(Method::OPTIONS, "/page").await;
    assert_eq!((response.status(), text(&response)), (StatusCode::NO_CONTENT, ""));
    assert_eq!(response.headers()[ALLOW], "GET, POST, HEAD, OPTIONS");
    assert!(!has_cors(&response), "{response:?}");
    let api = send(Method::OPTIONS, "/api").await;
    assert_eq!(api.headers()[ALLOW], "GET, HEAD, OPTIONS");
    assert!(
        header(&api, "access-control-allow-methods").contains("DELETE"),
        "so that a script can read the 405"
    );
}

#[tokio::test]
async fn the_api_answers_in_the_envelope_with_cors() {
    for (method, target, status, code) in [
        (Method::GET, "/api", 200, Value::Null),
        (Method::GET, "/api/panic", 500, json!("DATABASE_ERROR")),
        (Method::GET, "/api/private", 401, json!("AUTH_REQUIRED")),
        (Method::DELETE, "/api", 405, json!("METHOD_NOT_ALLOWED")),
        (Method::GET, "/nowhere", 404, json!("RESOURCE_NOT_FOUND")),
    ] {
        let response = send(method, target).await;
        let body: Value = serde_json::from_str(text(&response)).expect("JSON");
        assert_eq!((response.status().as_u16(), &body["errors"][0]["code"]), (status, &code), "{target}");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json", "{target}");
        assert_eq!(header(&response, "access-control-allow-origin"), "*", "{target}");
        assert_eq!(body["metadata"]["request_id"], header(&response, "x-request-id"), "{target}");
    }
}
