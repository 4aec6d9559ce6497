//! Testing an endpoint: a signed sample is sent at once, and the answer says what became of it.

use std::collections::HashMap;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hb_domain::Scope;
use hb_domain::event::EventPattern;
use hb_domain::webhook::UrlPolicy;
use hb_tests::world::plenty;
use hb_tests::{Answer, World};
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use super::{Scene, WEBHOOKS, path_of};

/// What a receiver got.
#[derive(Debug)]
struct Received {
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

/// A receiver on this machine that answers every request with the same bytes and closes the connection.
struct Receiver {
    url: String,
    received: UnboundedReceiver<Received>,
    task: JoinHandle<()>,
}

impl Receiver {
    async fn start(response: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url =
            format!("http://hooks.localhost:{}/hook", listener.local_addr().expect("an address").port());
        let (sender, received) = unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = read(&mut stream).await else { continue };
                if sender.send(request).is_err() {
                    return;
                }
                let _ = stream.write_all(response.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { url, received, task }
    }

    fn take(&mut self) -> Option<Received> {
        self.received.try_recv().ok()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = head {
            let text = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let lines = text.lines().skip(1).filter_map(|line| line.split_once(": "));
            let headers: HashMap<_, _> =
                lines.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
            let length: usize = headers.get("content-length")?.parse().ok()?;
            if bytes.len() == end + 4 + length {
                return Some(Received { headers, body: bytes[end + 4..].to_vec() });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

impl Scene {
    /// Where endpoints may be on this machine.
    async fn local() -> Self {
        let mut world = World::new().await;
        world.webhook_urls = UrlPolicy::Local;
        let account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        let owner = instance.client.with(&account.key);
        Self { world, account, instance, owner }
    }

    async fn endpoint(&self, url: &str, events: &Value, status: &str) -> Answer {
        let body = json!({"name": "hook", "url": url, "events": events, "status": status});
        let created = self.owner.post(WEBHOOKS, body).await;
        created.expect(201, "");
        created
    }

    /// Has the previous secret of an endpoint name a key that does not exist any more.
    async fn lose_previous_secret(&self, id: &str) {
        use aws_sdk_dynamodb::types::AttributeValue;
        let update = aws_sdk_dynamodb::Client::from_conf(self.world.aws.dynamodb()).update_item();
        let tenant = AttributeValue::S(self.account.tenant.to_string());
        let update = update.table_name("Webhooks").key("tenant", tenant);
        let update = update.key("sk", AttributeValue::S(id.to_owned()));
        let update = update.update_expression("SET previousKeyVersion = :lost");
        let update = update.expression_attribute_values(":lost", AttributeValue::S("lost".to_owned()));
        update.send().await.expect("the database");
    }

    async fn test(&self, path: &str) -> Answer {
        self.owner.post(&format!("{path}/test"), json!({})).await
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn signature(secret: &str, parts: &[&[u8]]) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a prefix")).expect("base64");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &parts.concat());
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

#[tokio::test]
async fn a_signed_sample_of_the_first_type_is_sent_also_to_an_inactive_endpoint() {
    let mut receiver = Receiver::start(OK).await;
    for pattern in EventPattern::ALL {
        for status in ["active", "inactive"] {
            let scene = Scene::local().await;
            let events = json!([pattern.as_str(), "api_key.revoked"]);
            let created = scene.endpoint(&receiver.url, &events, status).await;
            let secret = created.data()["secret"].as_str().expect("a secret");
            let before = scene.world.everything().await;
            let answer = scene.test(&path_of(&created)).await;
            answer.expect(200, "");
            let latency = &answer.data()["latency"];
            assert!(latency.is_u64(), "{}", answer.text);
            let expected = json!({"delivered": true, "error": null, "latency": latency, "statusCode": 200});
            assert_eq!(*answer.data(), expected);

            let Received { headers, body } = receiver.take().expect("a request");
            assert!(receiver.take().is_none(), "once");
            let payload: Value = serde_json::from_slice(&body).expect("JSON");
            let first = pattern.types().next().expect("a type");
            assert_eq!(
                (&payload["event"], &payload["metadata"]["test"]),
                (&json!(first.as_str()), &json!(true))
            );
            assert_eq!(payload["data"]["tenantId"], "acme");
            assert_eq!(headers["webhook-id"], payload["id"].as_str().expect("an id"));
            assert_eq!(headers["content-type"], "application/json");
            let (id, time) = (headers["webhook-id"].as_bytes(), headers["webhook-timestamp"].as_bytes());
            assert_eq!(headers["webhook-signature"], signature(secret, &[id, b".", time, b".", &body]));
            assert_eq!(time, b"1795521600");
            // Neither a delivery nor an event: only the request is counted.
            let list = scene.owner.get(&format!("{}/deliveries", path_of(&created))).await;
            assert_eq!(list.data()["deliveries"], json!([]));
            for table in ["Events", "Deliveries", "DeliveryAttempts", "Webhooks", "PendingEvents"] {
                let of = |everything: &str| {
                    everything.lines().find(|line| line.starts_with(&format!("{table} "))).map(str::len)
                };
                assert_eq!(of(&scene.world.everything().await), of(&before), "{table}");
            }
        }
    }
}

#[tokio::test]
async fn both_secrets_sign_a_test_during_the_grace_period() {
    let mut receiver = Receiver::start(OK).await;
    let scene = Scene::local().await;
    let created = scene.endpoint(&receiver.url, &json!(["*"]), "active").await;
    let path = path_of(&created);
    let rotated = scene.owner.post(&format!("{path}/rotate-secret"), json!({})).await;
    scene.test(&path).await.expect(200, "");
    let Received { headers, body } = receiver.take().expect("a request");
    let (id, time) = (headers["webhook-id"].as_bytes(), headers["webhook-timestamp"].as_bytes());
    let signatures = [&rotated, &created].map(|answer| {
        signature(answer.data()["secret"].as_str().expect("a secret"), &[id, b".", time, b".", &body])
    });
    assert_eq!(headers["webhook-signature"], signatures.join(" "));
}

/// Nothing was sent to the endpoint before, so its secrets are still under the keys of their time.
#[tokio::test]
async fn a_test_encrypts_secrets_anew_and_leaves_out_a_previous_one_that_is_lost() {
    let mut receiver = Receiver::start(OK).await;
    let scene = Scene::local().await;
    let created = scene.endpoint(&receiver.url, &json!(["*"]), "active").await;
    let path = path_of(&created);
    let key_version = async |attribute: &str| {
        let items = scene.items().await;
        let id = path.rsplit('/').next().expect("an id");
        items[id][attribute].as_s().expect("a version").clone()
    };
    scene.world.secrets.rotate_webhook_key("the second webhook key, of enough bytes");
    let later = scene.world.instance().await;
    let owner = later.client.with(&scene.account.key);
    let rotated = owner.post(&format!("{path}/rotate-secret"), json!({})).await;
    let before = key_version("previousKeyVersion").await;
    let current = key_version("keyVersion").await;
    assert_ne!(before, current);
    owner.post(&format!("{path}/test"), json!({})).await.expect(200, "");
    assert!(receiver.take().expect("a request").headers["webhook-signature"].contains(' '), "both sign");
    assert_eq!(key_version("previousKeyVersion").await, current);

    scene.lose_previous_secret(path.rsplit('/').next().expect("an id")).await;
    owner.post(&format!("{path}/test"), json!({})).await.expect(200, "");
    let Received { headers, body } = receiver.take().expect("a request");
    let (id, time) = (headers["webhook-id"].as_bytes(), headers["webhook-timestamp"].as_bytes());
    let secret = rotated.data()["secret"].as_str().expect("a secret");
    assert_eq!(headers["webhook-signature"], signature(secret, &[id, b".", time, b".", &body]));
}

#[tokio::test]
async fn the_answer_says_what_the_receiver_answered_and_nothing_counts_against_the_endpoint() {
    for (response, code, has_error) in [
        ("HTTP/1.1 204 No Content\r\n\r\n", json!(204), false),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
            json!(302),
            false,
        ),
        ("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", json!(410), false),
        ("HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\noops", json!(500), false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", json!(200), true),
        ("nonsense\r\n\r\n", Value::Null, true),
        ("", Value::Null, true),
    ] {
        let mut receiver = Receiver::start(response).await;
        let scene = Scene::local().await;
        let created = scene.endpoint(&receiver.url, &json!(["*"]), "active").await;
        let answer = scene.test(&path_of(&created)).await;
        answer.expect(200, "");
        let data = answer.data();
        let delivered = code == 204;
        assert_eq!((&data["delivered"], &data["statusCode"]), (&json!(delivered), &code), "{response}");
        assert_eq!(data["error"].is_string(), has_error, "{response} {}", answer.text);
        assert!(receiver.take().is_some() && receiver.take().is_none(), "{response}");
        let found = scene.owner.get(&path_of(&created)).await;
        assert_eq!(
            (&found.data()["status"], found.header("etag")),
            (&json!("active"), created.header("etag"))
        );
        assert!(!scene.world.everything().await.contains("health#"), "{response}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_an_error_in_the_answer() {
    let scene = Scene::local().await;
    let unused = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = unused.local_addr().expect("an address").port();
    drop(unused);
    for url in [format!("http://localhost:{port}/"), "https://nowhere.example/".to_owned()] {
        let created = scene.endpoint(&url, &json!(["*"]), "active").await;
        let answer = scene.test(&path_of(&created)).await;
        answer.expect(200, "");
        let data = answer.data();
        assert_eq!((&data["delivered"], &data["statusCode"]), (&json!(false), &Value::Null), "{url}");
        assert!(data["error"].as_str().is_some_and(|error| !error.is_empty()), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_repetition_under_an_idempotency_key_sends_nothing() {
    let mut receiver = Receiver::start(OK).await;
    let scene = Scene::local().await;
    let created = scene.endpoint(&receiver.url, &json!(["*"]), "active").await;
    let path = format!("{}/test", path_of(&created));
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let first = scene.owner.send_raw(Method::POST, &path, &headers, "{}".to_owned()).await;
    first.expect(200, "");
    let id = receiver.take().expect("a request").headers["webhook-id"].clone();
    let again = scene.owner.send_raw(Method::POST, &path, &headers, "{}".to_owned()).await;
    assert_eq!((again.header("idempotent-replayed"), again.data()), ("true", first.data()));
    assert!(receiver.take().is_none());
    // A request of its own sends an event of its own.
    scene.owner.send(Method::POST, &path, None).await.expect(200, "");
    assert_ne!(receiver.take().expect("a request").headers["webhook-id"], id);
}

#[tokio::test]
async fn nothing_is_sent_for_others() {
    let mut receiver = Receiver::start(OK).await;
    let scene = Scene::local().await;
    let created = scene.endpoint(&receiver.url, &json!(["*"]), "active").await;
    let path = format!("{}/test", path_of(&created));
    let other = scene.world.account_with("globex", plenty()).await;
    let foreign = scene.instance.client.with(&other.key).post(&path, json!({})).await;
    foreign.expect(404, "RESOURCE_NOT_FOUND");
    let scopes = [Scope::WriteWebhooks].into_iter().collect();
    let (_, key) = scene.world.key(&scene.account.tenant, scopes, None).await;
    scene.instance.client.with(&key).post(&path, json!({})).await.expect(403, "INSUFFICIENT_SCOPE");
    let scopes = [Scope::ReadMemories].into_iter().collect();
    let (_, key) = scene.world.key(&scene.account.tenant, scopes, None).await;
    scene.instance.client.with(&key).post(&path, json!({})).await.expect(403, "INSUFFICIENT_SCOPE");
    for body in [json!({"event": "memory.created"}), json!({"url": "http://localhost/"})] {
        scene.owner.post(&path, body).await.expect(400, "VALIDATION_ERROR");
    }
    scene.owner.post(&format!("{path}?url=x"), json!({})).await.expect(400, "VALIDATION_ERROR");
    for id in ["whk_0000000000000000", "x"] {
        scene.owner.post(&format!("{WEBHOOKS}/{id}/test"), json!({})).await.expect(404, "RESOURCE_NOT_FOUND");
    }
    assert!(receiver.take().is_none());
}
