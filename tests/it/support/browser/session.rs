//! WebDriver's protocol: JSON over HTTP. <https://www.w3.org/TR/webdriver2/>

use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::process::patiently;

/// A session of a driver: one browser.
#[derive(Debug)]
pub(super) struct Session {
    http: Client<HttpConnector, Full<bytes::Bytes>>,
    url: String,
}

impl Session {
    /// Opens the browser that `capabilities` describes.
    pub(super) async fn start(driver: &str, capabilities: &Value) -> Self {
        let http = Client::builder(TokioExecutor::new()).build_http();
        let driver = Self { http, url: driver.to_owned() };
        let session = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let session = driver.post("session", session).await;
        let id = session["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {session}"));
        Self { url: format!("{}/session/{id}", driver.url), http: driver.http }
    }

    pub(super) async fn get(&self, command: &str) -> Value {
        self.send(Method::GET, command, None).await
    }

    pub(super) async fn delete(&self, command: &str) -> Value {
        self.send(Method::DELETE, command, None).await
    }

    pub(super) async fn post(&self, command: &str, parameters: Value) -> Value {
        self.send(Method::POST, command, Some(parameters)).await
    }

    /// Sends a command and returns its value. A command that fails is a failure of the test.
    async fn send(&self, method: Method, command: &str, parameters: Option<Value>) -> Value {
        let body = parameters.map(|parameters| parameters.to_string()).unwrap_or_default();
        let request = Request::builder().method(method).uri(format!("{}/{command}", self.url));
        let request = request.header("content-type", "application/json; charset=utf-8");
        let request = request.body(Full::from(body)).expect("a request");
        let response = patiently(self.http.request(request)).await;
        let response = response.unwrap_or_else(|error| panic!("{command}: no chromedriver: {error:?}"));
        let is_success = response.status().is_success();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        let mut answer: Value = serde_json::from_slice(&body).expect("chromedriver answers with JSON");
        let value = answer["value"].take();
        assert!(is_success, "{command}: {}: {}", value["error"], value["message"]);
        value
    }
}
