//! The servers of the local stack and web pages: a page in a browser of the same machine reaches every port on loopback.

use std::path::Path;

use hb_tests::local::{Herobrain, text, without_sample};
use hb_tests::process::patiently;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A variable of the functions' environment.
fn variable(folder: &Path, name: &str) -> String {
    let file = std::fs::read_to_string(folder.join(".herobrain/lambda.env")).expect("the environment");
    let line = file.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    line.unwrap_or_else(|| panic!("no {name}")).to_owned()
}

/// Sends a request head and body, and returns the response as text.
async fn send(url: &str, target: &str, headers: &[&str], body: &str) -> String {
    let address = url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let request = format!(
        "{target} HTTP/1.1\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    let mut response = String::new();
    patiently(stream.read_to_string(&mut response)).await.expect("a response");
    response
}

fn status(response: &str) -> &str {
    response.split(' ').nth(1).expect("a status")
}

#[tokio::test]
async fn a_web_page_reaches_neither_the_database_nor_the_secrets_nor_the_queue_nor_the_issuer() {
    let folder = without_sample();
    let stack = Herobrain::start(folder.path(), &[]).await;
    let [dynamodb, secrets] = ["dynamodbUrl", "secretsUrl"].map(|url| text(&stack.ready[url]).to_owned());
    let pepper = std::fs::read_to_string(folder.path().join(".herobrain/pepper")).expect("a pepper");
    let signature = "authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c";
    let cases = [
        (&dynamodb, "POST /", "x-amz-target: DynamoDB_20120810.ListTables", "{}".to_owned()),
        (
            &secrets,
            "POST /",
            "x-amz-target: secretsmanager.GetSecretValue",
            json!({"SecretId": "herobrain/pepper"}).to_string(),
        ),
        (
            &variable(folder.path(), "AWS_ENDPOINT_URL_SQS"),
            "POST /",
            "x-amz-target: AmazonSQS.SendMessage",
            json!({"QueueUrl": variable(folder.path(), "DEAD_LETTER_QUEUE_URL"), "MessageBody": "{}"})
                .to_string(),
        ),
        (
            &variable(folder.path(), "CLERK_ISSUER"),
            "GET /.well-known/jwks.json",
            "accept: */*",
            String::new(),
        ),
    ];
    for (url, target, operation, body) in &cases {
        let own = format!("host: {}", url.strip_prefix("http://").expect("an address"));
        let ask = async |headers: &[&str]| {
            let headers = [headers, &[operation, signature, "x-amz-date: 20261124T120000Z"]].concat();
            send(url, target, &headers, body).await
        };
        let answer = ask(&[&own]).await;
        assert_ne!(status(&answer), "403", "a program is served: {answer}");
        let hosts = [own.clone(), own.replace("127.0.0.1", "localhost"), "host: [::1]:1".to_owned()];
        for host in &hosts {
            assert_eq!(status(&ask(&[host]).await), status(&answer), "{host}");
        }
        for host in ["host: evil.example", "host: 127.0.0.1.evil.example:80", "host: 10.0.0.1"] {
            let refused = ask(&[host]).await;
            assert_eq!(status(&refused), "421", "{host}: {refused}");
            assert!(refused.contains("has to be localhost"), "{refused}");
        }
        for page in ["origin: http://evil.example", "origin: null", "sec-fetch-site: cross-site"] {
            let refused = ask(&[&own, page]).await;
            assert_eq!(status(&refused), "403", "{page}: {refused}");
            assert!(!refused.contains("access-control") && !refused.contains(pepper.trim()), "{refused}");
        }
        let preflight = send(url, "OPTIONS /", &[&own, "origin: http://evil.example"], "").await;
        assert_eq!(status(&preflight), "403", "{preflight}");
        assert_eq!(status(&ask(&[]).await), "400");
    }
}

#[tokio::test]
async fn the_api_serves_other_origins_but_no_foreign_host() {
    let folder = without_sample();
    let stack = Herobrain::start(folder.path(), &[]).await;
    let url = text(&stack.ready["url"]);
    let own = format!("host: {}", url.strip_prefix("http://").expect("an address"));
    let page = ["origin: http://evil.example", "sec-fetch-site: cross-site"];
    let served = send(url, "GET /health", &[&[own.as_str()], &page[..]].concat(), "").await;
    assert_eq!(status(&served), "200", "{served}");
    assert!(served.to_ascii_lowercase().contains("access-control-allow-origin: *"), "{served}");
    // A domain of the attacker that resolves to 127.0.0.1: for the browser the page and the API are of one origin.
    let key = format!("authorization: Bearer {}", text(&stack.ready["apiKey"]));
    for host in ["host: evil.example:9000", "host: 192.168.0.1"] {
        let refused = send(url, "GET /api/v1/memories", &[host, &key], "").await;
        assert_eq!(status(&refused), "421", "{refused}");
        assert!(refused.contains("has to be localhost"), "{refused}");
    }
    assert_eq!(status(&send(url, "GET /health", &[], "").await), "400");
}
