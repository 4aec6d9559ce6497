//! What is sent to receivers on this machine, and what becomes of it.

mod addresses;
mod connections;
mod hostile;
mod proxies;
mod receiver;
mod requests;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hb_domain::Timestamp;
use hb_domain::webhook::{UrlPolicy, WebhookSecret, WebhookUrl};

use crate::{Limits, Lookup, Message, Outcome, Sender};

/// The time of the attempts.
const AT: Timestamp = Timestamp::from_millis(1_795_953_600_000);
const BODY: &str = r#"{"id":"evt_1"}"#;
/// So long that no test meets them.
const AMPLE: Limits =
    Limits { connect: Duration::from_secs(60), total: Duration::from_secs(60), body: 16 * 1024 };

/// A resolver of every name to this address.
fn resolving_to(address: &str) -> Lookup {
    let address = SocketAddr::new(address.parse().expect("an address"), 0);
    Arc::new(move |_| Box::pin(async move { Ok(vec![address]) }))
}

/// A sender to this machine, which is what every name resolves to.
fn sender() -> Sender {
    Sender::with(UrlPolicy::Local, AMPLE, resolving_to("127.0.0.1"))
}

async fn send_at(sender: &Sender, url: &str, at: Timestamp) -> Outcome {
    let secrets = [WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret")];
    let message = Message { id: "evt_1", at, body: Bytes::from_static(BODY.as_bytes()), secrets: &secrets };
    sender.send(&WebhookUrl::stored(url), &message).await
}

async fn send(sender: &Sender, url: &str) -> Outcome {
    send_at(sender, url, AT).await
}

/// The failure of an attempt that has none of its parts.
#[track_caller]
fn assert_failed(outcome: &Outcome, failure: &str) {
    assert_eq!((outcome.status_code, outcome.failure.as_deref()), (None, Some(failure)));
    assert!(!outcome.is_acknowledged());
}
