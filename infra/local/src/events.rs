//! Converts an HTTP request into the event of API Gateway (payload format 2.0).
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The event of a request for the route `route` (`ANY /health`) at `millis`, milliseconds since 1970.
pub fn http_api_event(parts: &Parts, body: &[u8], route: &str, millis: i64) -> Value {
    let text = is_text(&parts.headers).then(|| std::str::from_utf8(body).ok()).flatten();
    let path = parts.uri.path();
    json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": joined(&parts.headers),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": "localhost",
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "",
            },
            "requestId": "local",
            "routeKey": route,
            "stage": "$default",
            "timeEpoch": millis,
        },
        "body": (!body.is_empty()).then(|| text.map_or_else(|| STANDARD.encode(body), str::to_owned)),
        "isBase64Encoded": !body.is_empty() && text.is_none(),
    })
}

/// The headers; the values of a repeated header are joined by commas.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|whole| *whole = format!("{whole},{value}"))
            .or_insert_with(|| value.into_owned());
    }
    joined
}

/// Whether the gateway passes the body on as text. It encodes others in base64.
fn is_text(headers: &HeaderMap) -> bool {
    let media_type = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["text/", "application/json", "application/xml", "application/javascript"]
        .iter()
        .any(|prefix| media_type.starts_with(prefix))
}
