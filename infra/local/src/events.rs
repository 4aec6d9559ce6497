//! Converts an HTTP request into the event of API Gateway (payload format 2.0).
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The event of a request for the route `route` (`ANY /health`) at `millis`, milliseconds since 1970.
pub fn http_api_event(parts: &Parts, body: &[u8], route: &str, millis: i64) -> Value {
    let text = is_text(&parts.headers).then(|| std::str::from_utf8(body).ok()).flatten();
    let path = parts.uri.path();
    let mut event = json!({
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
    });
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    event
}

/// Each cookie of the request, as `name=value`. They are not among the event's headers.
fn cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(COOKIE).iter();
    let pairs = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    let pairs = pairs.map(|pair| String::from_utf8_lossy(pair.trim_ascii()).into_owned());
    pairs.filter(|pair| !pair.is_empty()).collect()
}

/// The headers; the values of a repeated header are joined by commas.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != COOKIE) {
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

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use lambda_http::request::LambdaRequest;
    use serde_json::{Value, json};

    use super::http_api_event;

    /// Recorded events: of a request with two cookies, and of one without.
    const WITH_COOKIES: &str = include_str!("../../../tests/events/get-docs-with-cookies.json");
    const WITHOUT: &str = include_str!("../../../tests/events/health.json");

    fn parse(recorded: &str) -> Value {
        serde_json::from_str(recorded).expect("JSON")
    }

    /// The event of a request with the headers of a recorded event, and with these `Cookie` headers.
    fn event(recorded: &str, cookies: &[&str]) -> Value {
        let recorded = parse(recorded);
        let mut request = Request::get(recorded["rawPath"].as_str().expect("a path"));
        for (name, value) in recorded["headers"].as_object().expect("headers") {
            request = request.header(name, value.as_str().expect("text"));
        }
        for cookie in cookies {
            request = request.header("cookie", *cookie);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        http_api_event(&parts, b"", "ANY /docs", 0)
    }

    #[test]
    fn cookies_are_beside_the_headers_as_in_a_recorded_event() {
        let recorded = parse(WITH_COOKIES);
        for cookies in [
            &[r#"session=q1w2e3r4==; theme="dark""#][..],
            &["session=q1w2e3r4==", r#"theme="dark""#],
            &[r#"session=q1w2e3r4==;theme="dark";"#],
        ] {
            let event = event(WITH_COOKIES, cookies);
            assert_eq!(event["cookies"], recorded["cookies"], "{cookies:?}");
            assert_eq!(event["headers"], recorded["headers"], "{cookies:?}");
        }
        assert_eq!(event(WITHOUT, &["a=b=c; flag"])["cookies"], json!(["a=b=c", "flag"]));
    }

    #[test]
    fn an_event_without_cookies_has_no_such_field() {
        assert_eq!(parse(WITHOUT).get("cookies"), None);
        for cookies in [&[][..], &[" ; "]] {
            let event = event(WITHOUT, cookies);
            assert_eq!(event.get("cookies"), None, "{cookies:?}");
            assert_eq!(event["headers"], parse(WITHOUT)["headers"], "{cookies:?}");
        }
    }

    #[test]
    fn a_function_reads_the_cookies_as_they_were_sent() {
        let sent = r#"session=q1w2e3r4==; theme="dark""#;
        let event: LambdaRequest = serde_json::from_value(event(WITHOUT, &[sent])).expect("an event");
        assert_eq!(lambda_http::Request::from(event).headers()["cookie"], sent);
    }
}
