//! What the browser logs: messages of the console, violations of a Content-Security-Policy among them, and requests.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Browser;

/// A message in the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleEntry {
    /// `SEVERE` for an error, `WARNING`, `INFO`, `DEBUG`.
    pub level: String,
    /// Where it comes from: `console-api`, `javascript`, `network`, `security`, …
    pub source: String,
    /// The text, with file and line.
    pub message: String,
}

/// A request that the page has made, and the document itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestEntry {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The status; `None` without a response.
    pub status: Option<u64>,
    /// The bytes of the response as they were sent, header included; 0 for what the browser had cached.
    pub encoded_bytes: u64,
}

impl Browser {
    /// The messages since the last call.
    pub async fn console(&self) -> Vec<ConsoleEntry> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entries = self.log("browser").await;
        let entries = entries.iter().map(|entry| ConsoleEntry {
            level: text(&entry["level"]),
            source: text(&entry["source"]),
            message: text(&entry["message"]),
        });
        entries.collect()
    }

    /// The errors since the last call, exceptions and violations of the policy included.
    pub async fn console_errors(&self) -> Vec<ConsoleEntry> {
        self.console().await.into_iter().filter(|entry| entry.level == "SEVERE").collect()
    }

    /// The requests since the last navigation, in their order; the first is the document. Redirects are requests.
    pub async fn requests(&self) -> Vec<RequestEntry> {
        let entries = self.log("performance").await;
        let events = entries.iter().map(|entry| {
            let event = entry["message"].as_str().unwrap_or_default();
            serde_json::from_str(event).expect("an event is JSON")
        });
        let mut network = self.network.lock().expect("no test panics here");
        network.extend(events);
        // What precedes the last navigation is of no interest any more.
        let start = network.iter().rposition(starts_navigation).unwrap_or(0);
        network.drain(..start);
        collect(&network)
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        self.post("se/log", json!({ "type": kind })).await.as_array().cloned().unwrap_or_default()
    }
}

/// Whether the event is the first request of a document in the tab itself, not in a frame of it.
fn starts_navigation(event: &Value) -> bool {
    let (event, tab) = (&event["message"], &event["webview"]);
    let parameters = &event["params"];
    event["method"] == "Network.requestWillBeSent"
        && parameters["requestId"] == parameters["loaderId"]
        && parameters["frameId"] == *tab
        && parameters["redirectResponse"].is_null()
}

/// The requests of these events.
fn collect(events: &[Value]) -> Vec<RequestEntry> {
    let mut requests: Vec<RequestEntry> = Vec::new();
    // A request and those that it was redirected to have one id.
    let mut latest = BTreeMap::<&str, usize>::new();
    for event in events.iter().map(|event| &event["message"]) {
        let parameters = &event["params"];
        let Some(id) = parameters["requestId"].as_str() else { continue };
        let index = latest.get(id).copied();
        match (event["method"].as_str(), index) {
            (Some("Network.requestWillBeSent"), _) => {
                if let (Some(index), Some(response)) = (index, parameters["redirectResponse"].as_object()) {
                    requests[index].status = response["status"].as_u64();
                    requests[index].encoded_bytes = bytes(&response["encodedDataLength"]);
                }
                latest.insert(id, requests.len());
                let text = |name: &str| parameters["request"][name].as_str().unwrap_or_default().to_owned();
                let (method, url) = (text("method"), text("url"));
                requests.push(RequestEntry { method, url, status: None, encoded_bytes: 0 });
            }
            (Some("Network.responseReceived"), Some(index)) => {
                requests[index].status = parameters["response"]["status"].as_u64();
            }
            (Some("Network.loadingFinished"), Some(index)) => {
                requests[index].encoded_bytes = bytes(&parameters["encodedDataLength"]);
            }
            _ => {}
        }
    }
    // Data in a URL is not requested from anywhere.
    requests.retain(|request| !request.url.starts_with("data:"));
    requests
}

/// A number of bytes, which JavaScript has as a floating-point number.
fn bytes(value: &Value) -> u64 {
    value.as_f64().map_or(0, |bytes| format!("{bytes:.0}").parse().unwrap_or_default())
}
