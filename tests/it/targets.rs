//! Unusual request lines and headers, sent as bytes over a socket: each gets a well-formed response, none stops the
//! server.

use hb_http::{App, Settings};
use hb_local::functions;
use hb_tests::world::plenty;
use hb_tests::{Instance, World, seed};
use lambda_http::request::LambdaRequest;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends these bytes on a new connection and returns the status and the body of the response.
async fn exchange(instance: &Instance, bytes: &[u8]) -> (u16, String) {
    let address = instance.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(bytes).await.expect("the bytes go out");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    (status.unwrap_or_else(|| panic!("no status in {answer:?}")), body.to_owned())
}

/// A request for `target` with these additional header lines.
fn request(method: &str, target: &str, key: &str, lines: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nauthorization: Bearer {key}\r\nconnection: close\r\n{lines}\r\n")
        .into_bytes()
}

#[track_caller]
fn assert_clean(what: &str, (status, body): &(u16, String)) {
    assert!((400..500).contains(status), "{what} {status} {body}");
    let json: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{what} {status} {body}"));
    assert_eq!(json["success"], false, "{what} {body}");
    assert!(json["errors"][0]["code"].is_string(), "{what} {body}");
    assert!(json["metadata"]["request_id"].is_string(), "{what} {body}");
}

async fn set_up() -> (World, Instance, String) {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    (world, instance, account.key)
}

#[tokio::test]
async fn unusual_targets_get_a_well_formed_refusal() {
    let (_world, instance, key) = set_up().await;
    let long = format!("/api/v1/memories/{}", "x".repeat(8_000));
    let deep = "/a".repeat(4_000);
    for target in [
        "//",
        "//api/v1/memories",
        "/api//v1/memories",
        "/api/v1/memories/",
        "/api/v1/memories/..",
        "/api/v1/memories/../../../etc/passwd",
        "/api/v1/memories/%2e%2e",
        "/api/v1/memories/.",
        "/api/v1/memories/%2F",
        "/api/v1/memories/%00",
        "/api/v1/memories/%ff",
        "/api/v1/memories/%ff%fe",
        "/api/v1/memories/%c3%28",
        "/api/v1/memories/%",
        "/api/v1/memories/%zz",
        "/api/v1/memories/a%0d%0aX-Evil:1",
        "/api/v1/memories/{id}",
        "/api/v1/memories/a\\b",
        "/api/v1/memories/mem_%F0%9F%98%80",
        "/api/v1/memories?limit=%ff",
        "/api/v1/memories?%ff=1",
        "/api/v1/memories?limit=1&limit=2",
        "/api/v1/memories?cursor=%00",
        "/api/v1/memories?tags=%ff,,%00",
        "/api/v1/memories?a|b{}=1",
        "/api/v1/memories?&&&==&=",
        "/API/V1/MEMORIES",
        "*",
        &long,
        &deep,
    ] {
        let answer = exchange(&instance, &request("GET", target, &key, "host: localhost\r\n")).await;
        assert_clean(target, &answer);
    }
    assert_eq!(instance.client.get("/health").await.status, 200);
}

#[tokio::test]
async fn invalid_http_is_refused_and_does_not_stop_the_server() {
    let (_world, instance, key) = set_up().await;
    for target in [
        &b"/api/v1/memories/\xc3\xa4"[..],
        b"/api/v1/memories/a b",
        b"/api/v1/memories/a\0b",
        b"/api/v1/memories/a|b\"c^d`e",
        b"/api/v1/memories?userId=\xff",
        b"",
    ] {
        let bytes = [b"GET ", target, &request("", "", &key, "host: localhost\r\n")[1..]].concat();
        let (status, body) = exchange(&instance, &bytes).await;
        assert!((400..500).contains(&status), "{} {status} {body}", String::from_utf8_lossy(target));
    }
    assert_eq!(instance.client.get("/health").await.status, 200);
}

#[tokio::test]
async fn a_percent_encoded_id_is_the_id() {
    let (_world, instance, key) = set_up().await;
    let client = instance.client.with(&key);
    let created = client.post("/api/v1/memories", json!({"content": "x", "type": "task"})).await;
    let id = created.data()["id"].as_str().expect("an id");
    let encoded: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(client.get(&format!("/api/v1/memories/{encoded}")).await.data()["id"], id);
}

#[tokio::test]
async fn hostile_headers_change_nothing() {
    let (_world, instance, key) = set_up().await;
    for lines in [
        "host: localhost\r\nx-forwarded-proto: ://\r\n",
        "host: localhost\r\nx-forwarded-proto: javascript\r\nx-forwarded-host: ][\r\n",
        "host: localhost\r\nx-forwarded-proto: \u{1f600}\r\n",
        "host: localhost\r\nuser-agent: \u{1f600}\u{202e}\r\n",
        "host: localhost\r\ncookie: a=\u{e4}; b\r\ncookie: ;;;\r\n",
        "host: localhost\r\nx-amzn-trace-id: nonsense\r\n",
        "host: localhost\r\nif-none-match: \u{e4}\r\n",
    ] {
        let good = exchange(&instance, &request("GET", "/api/v1/memories", &key, lines)).await;
        assert_eq!(good.0, 200, "{lines:?} {}", good.1);
        let bad = exchange(&instance, &request("GET", "/api/v1/memories/none", &key, lines)).await;
        assert_clean(lines, &bad);
    }
    let bytes = [
        &b"GET /api/v1/memories HTTP/1.1\r\nhost: localhost\r\nx-odd: \xff\xfe\r\n"[..],
        &request("", "", &key, "")[12..],
    ]
    .concat();
    assert_eq!(exchange(&instance, &bytes).await.0, 200);
    assert_eq!(instance.client.get("/health").await.status, 200);
}

/// The local server refuses them itself. A deployed function gets them in an event: see the last test.
#[tokio::test]
async fn hostile_hosts_are_refused() {
    let (_world, instance, key) = set_up().await;
    for lines in [
        "host: [::\r\n",
        "host: ../..\r\n",
        "host: a b\r\n",
        "host: user:pw@evil.example:99999\r\n",
        "host:\r\n",
        "host: \u{e4}.example\r\n",
        "host: x\r\n",
    ] {
        let (status, body) = exchange(&instance, &request("GET", "/api/v1/memories", &key, lines)).await;
        assert_eq!(status, 421, "{lines:?} {body}");
        assert!(body.contains("This server is local"), "{body}");
    }
    let absolute = request("GET", "http://evil.example/api/v1/memories", &key, "host: localhost\r\n");
    assert_eq!(exchange(&instance, &absolute).await.0, 421);
    assert_eq!(exchange(&instance, &request("GET", "/api/v1/memories", &key, "")).await.0, 400, "no host");
    assert_eq!(instance.client.get("/health").await.status, 200);
}

#[tokio::test]
async fn two_credentials_are_refused() {
    let (_world, instance, key) = set_up().await;
    for second in ["Bearer x".to_owned(), format!("Bearer {key}"), "Basic eDp5".to_owned()] {
        let lines = format!("host: localhost\r\nauthorization: {second}\r\n");
        let (status, body) = exchange(&instance, &request("GET", "/api/v1/memories", &key, &lines)).await;
        assert_eq!(status, 401, "{second} {body}");
        assert!(body.contains("AUTH_INVALID"), "{body}");
    }
}

/// API Gateway decodes the path, so an event may contain what no request line can.
#[test]
fn no_event_of_the_gateway_makes_the_function_panic() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (_world, app) = runtime.block_on(async {
        let world = World::new().await;
        let tables = functions::route_tables().map(|(_, routes)| routes).collect();
        let app =
            App::new(tables, world.store.clone(), world.clock.clone(), seed::entropy(), Settings::default());
        (world, app)
    });
    let odd =
        "(/|//|\\.\\.|\\\\|%|%2e|%ff|[?#|\"<>^`{}\\[\\]@: ]|\\PC|[\\x00-\\x1f]|api|v1|memories|health){0,12}";
    let event = (odd, odd, odd, odd, prop::sample::select(vec!["GET", "POST", "OPTIONS", "HEAD", "BREW"]));
    let outcome = seed::runner(192).run(&event, |(path, query, host, scheme, method)| {
        let header = |text: &str| text.replace(|character: char| character.is_control(), " ");
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
            "headers": {"Host": header(&host), "X-Forwarded-Proto": header(&scheme)},
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": header(&host), "stage": "$default", "time": "", "timeEpoch": 0,
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""},
            },
            "isBase64Encoded": false,
        });
        let mut event: LambdaRequest = serde_json::from_value(event).expect("an event");
        hb_http::lambda::sanitize_event(&mut event);
        let answer = runtime.block_on(app.handle(event.into()));
        prop_assert!(answer.status().as_u16() < 500, "{}", answer.status());
        prop_assert!(answer.headers().contains_key("x-request-id"));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
