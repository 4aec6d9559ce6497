//! A client of a local server that sends a part of a request and then nothing.

use std::time::Duration;

use axum::Router;
use hb_local::callers::Callers;
use hb_local::server::{RECEIVE_LIMIT, Server};
use hb_tests::process::patiently;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A limit that a test can wait for.
const SHORT: Duration = Duration::from_millis(50);

/// Sends this part of a request.
async fn send(url: &str, part: &str) -> TcpStream {
    let mut stream =
        TcpStream::connect(url.strip_prefix("http://").expect("an address")).await.expect("a connection");
    stream.write_all(part.as_bytes()).await.expect("it is sent");
    stream
}

/// The response, when the connection has ended.
async fn end(mut stream: TcpStream) -> String {
    let mut response = Vec::new();
    // A reset is an end too.
    let _ = patiently(stream.read_to_end(&mut response)).await;
    String::from_utf8_lossy(&response).into_owned()
}

/// Returns the body of a request.
async fn echo(body: String) -> String {
    body
}

#[tokio::test]
async fn a_connection_ends_when_its_request_does_not_arrive_within_the_limit() {
    assert_eq!(RECEIVE_LIMIT, Duration::from_secs(30));
    let server = Server::serve_within(SHORT, 0, Router::new().fallback(echo), Callers::Programs).await;
    let server = server.expect("a port");
    let url = server.url();
    let host = "host: 127.0.0.1\r\n";
    for part in [
        String::new(),
        "GET".to_owned(),
        format!("GET / HTTP/1.1\r\n{host}"),
        // A connection that is kept after a complete request, and the beginning of the next one.
        format!("GET / HTTP/1.1\r\n{host}\r\n"),
        format!("GET / HTTP/1.1\r\n{host}\r\nGET / HT"),
        format!("POST / HTTP/1.1\r\n{host}content-length: 10\r\n\r\n"),
        format!("POST / HTTP/1.1\r\n{host}content-length: 10\r\n\r\n{{"),
        format!("POST / HTTP/1.1\r\n{host}transfer-encoding: chunked\r\n\r\n5\r\n{{"),
    ] {
        let response = end(send(&url, &part).await).await;
        assert_eq!(response.contains("HTTP/1.1 200"), part.contains("\r\n\r\n") && part.starts_with("GET"));
    }
}

#[tokio::test]
async fn a_half_open_request_does_not_hold_up_a_stop_and_one_in_progress_is_answered() {
    let (started, mut is_started) = tokio::sync::mpsc::channel(1);
    let (finish, finished) = tokio::sync::watch::channel(false);
    let router = Router::new().fallback(move || {
        let (started, mut finished) = (started.clone(), finished.clone());
        async move {
            started.send(()).await.expect("the test waits for it");
            finished.wait_for(|finished| *finished).await.expect("the test ends it");
            "done"
        }
    });
    let server = Server::serve(0, router, Callers::Programs).await.expect("a port");
    let url = server.url();
    let half_open = send(&url, "GET / HT").await;
    let in_progress = send(&url, "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    patiently(is_started.recv()).await.expect("a request");
    let stopping = tokio::spawn(server.stop());
    // The listener is closed when the server stops.
    patiently(async { while TcpStream::connect(url.trim_start_matches("http://")).await.is_ok() {} }).await;
    finish.send(true).expect("the request waits");
    assert!(end(in_progress).await.ends_with("done"));
    patiently(stopping).await.expect("it stops");
    assert_eq!(end(half_open).await, "");
}
