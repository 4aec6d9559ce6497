//! Webhooks of the local stack: whoever tries it receives one on localhost at once.

use hb_tests::local::{Herobrain, herobrain, text, without_sample};
use hb_tests::process::patiently;
use hb_tests::{Client, Curl, Process};
use http::Method;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

const README: &str = include_str!("../../README.md");

/// Starts `cargo run -- receive` on any free port. Returns it with its URL.
async fn receiver() -> (Process, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut process = Process::start(&mut herobrain(folder.path(), &["receive", "--port", "0"]));
    let first = process.line().await.expect("a line");
    let url = first.split(' ').find(|word| word.starts_with("http://")).expect("its URL").to_owned();
    assert_eq!(process.line().await.as_deref(), Some(""));
    (process, url)
}

/// The next request that the receiver prints: the request line, the headers and the body.
async fn next(receiver: &mut Process) -> (String, Vec<String>, String) {
    let request = receiver.line().await.expect("a request");
    let mut headers = Vec::new();
    loop {
        match receiver.line().await.expect("a line").as_str() {
            "" => break,
            header => headers.push(header.to_owned()),
        }
    }
    let body = receiver.line().await.expect("a body");
    assert_eq!(receiver.line().await.as_deref(), Some(""), "after {body}");
    (request, headers, body)
}

#[tokio::test]
async fn the_receiver_prints_what_it_acknowledges() {
    let (mut process, url) = receiver().await;
    let client = Client::new(&url);
    let sent = client.send_raw(Method::POST, "/hook?a=b", &[("webhook-id", "evt_1")], r#"{"id": "evt_1"}"#);
    assert_eq!(sent.await.status, 204);
    let (request, headers, body) = next(&mut process).await;
    assert_eq!((request.as_str(), body.as_str()), ("POST /hook?a=b", r#"{"id": "evt_1"}"#));
    assert!(headers.contains(&"webhook-id: evt_1".to_owned()), "{headers:?}");
    // Web pages that a browser has open are no senders of webhooks.
    let page = client.send_raw(Method::POST, "/", &[("origin", "https://example.com")], "{}").await;
    assert_eq!(page.status, 403);
    let ended = process.terminate().await;
    assert_eq!((ended.code, ended.stdout, ended.stderr.as_str()), (Some(0), Vec::new(), ""));
}

/// The three lines of the README that receive a webhook.
fn three_lines() -> [&'static str; 3] {
    let blocks = README.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let block = blocks.map(|block| block.lines().collect::<Vec<_>>());
    let lines = block.into_iter().find(|lines| lines[0].starts_with("cargo run -- receive"));
    lines.expect("the block").try_into().expect("three lines")
}

#[tokio::test]
async fn the_readme_receives_a_webhook_in_three_lines() {
    let folder = without_sample();
    let stack = Herobrain::start(folder.path(), &[]).await;
    let client = Client::new(text(&stack.ready["url"]));
    let [receive, webhook, memory] = three_lines();
    assert_eq!(receive, "cargo run -- receive");
    let (mut process, url) = receiver().await;
    for command in [webhook, memory] {
        let command = command.replace("$KEY", text(&stack.ready["apiKey"]));
        let command = command.replace("http://127.0.0.1:9001", &url);
        let command = Curl::parse(&command.replace("http://127.0.0.1:9000", text(&stack.ready["url"])));
        let (method, url, headers, body) = command.parts();
        let path = url.strip_prefix(text(&stack.ready["url"])).expect("a URL of the stack");
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = client.send_raw(method.clone(), path, &headers, body.to_owned()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    let (request, headers, body) = next(&mut process).await;
    let event: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(request, "POST /hook");
    assert_eq!(
        (&event["event"], &event["data"]["content"]),
        (&json!("memory.created"), &json!("Moved to Lisbon"))
    );
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature", "x-herobrain-signature"] {
        let prefix = format!("{name}: ");
        assert!(headers.iter().any(|header| header.starts_with(&prefix)), "{name}: {headers:?}");
    }
    assert!(stack.stop().await.stdout.is_empty());
    let ended = process.terminate().await;
    assert_eq!(ended.stdout, Vec::<String>::new(), "one request");
}

/// Whether the other side has neither closed the connection nor given it up.
fn is_open(connection: &TcpStream) -> bool {
    let mut request = [0; 65_536];
    loop {
        match connection.try_read(&mut request) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_delays_neither_another_nor_the_feed_nor_the_end() {
    let folder = without_sample();
    let stack = Herobrain::start(folder.path(), &[]).await;
    let hanging = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let hangs = format!("http://{}/", hanging.local_addr().expect("an address"));
    let endpoint = |url: &str| json!({"name": "test", "url": url, "events": ["memory.created"]});
    assert_eq!(stack.client.post("/api/v1/webhooks", endpoint(&hangs)).await.status, 201);
    let cursor = stack.client.get("/api/v1/events?cursor=latest").await;
    let cursor = text(&cursor.data()["nextCursor"]).to_owned();
    let create = async |content: &str| {
        let memory = json!({"content": content, "type": "semantic"});
        assert_eq!(stack.client.post("/api/v1/memories", memory).await.status, 201);
    };
    create("first").await;
    let (connection, _) = patiently(hanging.accept()).await.expect("a connection");

    let (mut process, url) = receiver().await;
    assert_eq!(stack.client.post("/api/v1/webhooks", endpoint(&url)).await.status, 201);
    create("second").await;
    patiently(async {
        let path = format!("/api/v1/events?cursor={cursor}");
        while stack.client.get(&path).await.data()["events"].as_array().map(Vec::len) != Some(2) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    // An attempt lasts 15 s at most: nothing has waited for its end.
    assert!(is_open(&connection), "the feed has waited for the receiver");
    let (_, _, body) = next(&mut process).await;
    assert!(body.contains("second") && is_open(&connection), "the other receiver has waited: {body}");
    assert!(stack.stop().await.stdout.is_empty());
    assert!(process.terminate().await.stdout.is_empty());
}
