//! The gateway in front of a function that sets cookies: what an HTTP client gets.

use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue, SET_COOKIE};
use axum::http::{Method, Request, Response, StatusCode};
use hb_domain::{Clock, Timestamp};
use hb_http::{App, Entropy, Reply, Route, Settings};
use hb_store::aws::Aws;
use hb_store::{SecretNames, Secrets, Store, Tables};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::{Gateway, Shared};
use crate::template::TemplateRoute;

const COOKIES: [&str; 2] = ["session=s==; Path=/; HttpOnly; Secure", "theme=\"dark, blue\"; Path=/"];

const ROUTES: &[Route] = &[Route::public(Method::GET, "/page", |_| {
    Box::pin(async {
        let reply = Reply::html("<p>here</p>".into());
        Ok(COOKIES.iter().fold(reply, |reply, cookie| reply.with_cookie(HeaderValue::from_static(cookie))))
    })
})
.page()];

/// The response of a gateway with the one function to a GET.
async fn get(path: &str) -> Response<Incoming> {
    let aws = Aws::local("http://127.0.0.1:1".into(), "http://127.0.0.1:1".into());
    let secrets = Secrets::new(aws.secrets(), SecretNames::local());
    let store = Store::new(aws.dynamodb(), Tables::local(), secrets);
    let clock = Clock::fixed(Timestamp::parse("2026-11-24T12:00:00Z").expect("a time"));
    let app = App::new(vec![ROUTES], store, clock.clone(), Entropy::seeded(1), Settings::default());
    let route =
        TemplateRoute { binary: "pages".into(), path: Some("/page".into()), method: Some("ANY".into()) };
    let public_url = OnceLock::new();
    let gateway = Gateway(Arc::new(Shared { clock, routes: vec![(route, app)], public_url }));
    let server = gateway.serve(0).await.expect("a port");
    let request = Request::get(format!("{}{path}", server.url())).body(Body::empty()).expect("a request");
    Client::builder(TokioExecutor::new()).build_http().request(request).await.expect("a response")
}

#[tokio::test]
async fn each_cookie_that_a_function_sets_is_a_header_of_its_own() {
    let response = get("/page").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers().get_all(SET_COOKIE).iter().collect::<Vec<_>>(), COOKIES);
    assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(body, "<p>here</p>");
}

#[tokio::test]
async fn a_path_without_a_route_is_not_answered_by_a_function() {
    let response = get("/other").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(!response.headers().contains_key(SET_COOKIE));
}
