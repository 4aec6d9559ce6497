//! Messages as receivers get them, and as others might forge them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use bytes::Bytes;
use hb_domain::webhook::{UrlPolicy, WebhookSecret, WebhookUrl};
use hb_domain::{Clock, Timestamp};
use hb_sender::Sender;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const LONG: &str =
    "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";
/// Valid base64, which it is not meant to be.
const PLAIN: &str = "plainsecretplainsecretplainsecre";
const UMLAUTS: &str = "ein Geheimnis für Empfänger €";
const BODY: &str =
    r#"{"id":"evt_1","event":"memory.created","data":{"content":"Grüße, 世界 🦀 \u0000 \\ \" /"}}"#;

/// A message, and the secret that a receiver verifies it with.
pub(super) struct Message {
    pub(super) name: String,
    pub(super) secret: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
    /// Whether a receiver accepts it.
    pub(super) is_good: bool,
}

impl Message {
    pub(super) fn to_json(&self) -> Value {
        json!({"secret": self.secret, "headers": self.headers, "body": self.body})
    }

    /// The same message, changed: no receiver accepts it.
    fn but(&self, name: &str, change: impl FnOnce(&mut Self)) -> Self {
        let (secret, headers, body) = (self.secret.clone(), self.headers.clone(), self.body.clone());
        let mut changed = Self { name: name.to_owned(), secret, headers, body, is_good: false };
        change(&mut changed);
        changed
    }
}

/// The time by which the programs judge, which have no other clock.
pub(super) fn now() -> Timestamp {
    Clock::system().now()
}

/// Good messages with every kind of secret, and bad ones.
pub(super) async fn messages() -> Vec<Message> {
    let receiver = Receiver::start().await;
    let now = now();
    let at = |seconds: i64| Timestamp::from_millis(now.millis() + seconds * 1_000);
    let mut messages = Vec::new();
    for (name, secrets, verified_with) in [
        ("whsec_", &[SECRET][..], SECRET),
        ("a long whsec_", &[LONG], LONG),
        ("plain", &[PLAIN], PLAIN),
        ("plain, not ASCII", &[UMLAUTS], UMLAUTS),
        ("the current of two", &[LONG, SECRET], LONG),
        ("the previous of two", &[LONG, SECRET], SECRET),
        ("the previous of two, which is plain", &[LONG, PLAIN], PLAIN),
    ] {
        messages.push(receiver.receive(name, secrets, verified_with, at(0)).await);
    }
    for seconds in [-240, 240] {
        messages.push(receiver.receive(&format!("{seconds} s"), &[SECRET], SECRET, at(seconds)).await);
    }
    for seconds in [-360, 360, -86_400, 86_400] {
        let name = format!("too far from now, {seconds} s");
        let mut message = receiver.receive(&name, &[SECRET], SECRET, at(seconds)).await;
        message.is_good = false;
        messages.push(message);
    }
    let bad: Vec<_> = [&messages[0], &messages[2], &messages[4]].into_iter().flat_map(forged).collect();
    messages.extend(bad);
    messages
}

/// Forgeries of a good message.
fn forged(good: &Message) -> Vec<Message> {
    let set = |name: &'static str, value: &'static str| {
        move |message: &mut Message| {
            message.headers.insert(name.to_owned(), value.to_owned());
        }
    };
    let mut forged = vec![
        good.but("another body", |message| message.body = message.body.replace("created", "deleted")),
        good.but("a space more", |message| message.body.push(' ')),
        good.but("no body", |message| message.body = "{}".into()),
        good.but("another id", set("webhook-id", "evt_2")),
        good.but("another time", |message| {
            let later = (now().seconds() + 1).to_string();
            message.headers.insert("webhook-timestamp".into(), later);
        }),
        good.but("no time", set("webhook-timestamp", "soon")),
        good.but("another secret", |message| {
            message.secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into();
        }),
        good.but("another plain secret", |message| {
            message.secret = "another secret of 24 bytes and more".into()
        }),
        good.but(
            "a signature of nothing",
            set("webhook-signature", "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ),
        good.but("another version of the signature", |message| {
            let signature = message.headers["webhook-signature"].replace("v1,", "v2,");
            message.headers.insert("webhook-signature".into(), signature);
        }),
    ];
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        forged.push(good.but(&format!("without {name}"), |message| {
            message.headers.remove(name);
        }));
    }
    forged
}

type Received = Arc<Mutex<Vec<(BTreeMap<String, String>, String)>>>;

/// A server on this machine, to which messages are sent.
struct Receiver {
    url: WebhookUrl,
    received: Received,
    sender: Sender,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    async fn start() -> Self {
        let received = Received::default();
        let kept = Arc::clone(&received);
        let app = Router::new().fallback(move |headers: HeaderMap, body: String| async move {
            let text = |value: &http::HeaderValue| value.to_str().expect("text").to_owned();
            let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value)));
            // What belongs to the connection, and would be another one's here.
            let headers = headers.filter(|(name, _)| name != "host" && name != "content-length");
            kept.lock().expect("received").push((headers.collect(), body));
            StatusCode::NO_CONTENT
        });
        let listener =
            tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let url = WebhookUrl::parse(&url, UrlPolicy::Local).expect("a URL");
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("a server") });
        Self { url, received, sender: Sender::new(UrlPolicy::Local), task }
    }

    /// Sends a message with these secrets, and returns what has arrived.
    async fn receive(&self, name: &str, secrets: &[&str], verified_with: &str, at: Timestamp) -> Message {
        let secrets: Vec<_> =
            secrets.iter().map(|text| WebhookSecret::parse(text).expect("a secret")).collect();
        let body = Bytes::from_static(BODY.as_bytes());
        let message = hb_sender::Message { id: "evt_1", at, body, secrets: &secrets };
        let outcome = self.sender.send(&self.url, &message).await;
        assert!(outcome.is_acknowledged(), "{outcome:?}");
        let (headers, body) = self.received.lock().expect("received").pop().expect("a message");
        Message { name: name.to_owned(), secret: verified_with.to_owned(), headers, body, is_good: true }
    }
}
