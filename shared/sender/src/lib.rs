//! Sends events to webhook endpoints: signed, to public addresses only, and within limits of time and size.
//!
//! The receiver is not trusted: its name may resolve to a private address, and it may hang, redirect, or answer without end.
//! What is checked is what is connected to:
//!
//! - The URL is checked again when it is used, by the rules under which it was stored, and the request goes to the URL as it was
//!   parsed there.
//! - Every connection is made by one connector. It resolves the name itself, refuses the name if one of its addresses is
//!   refused, and connects to the addresses that it has checked. A literal address is not resolved; it is checked apart. A
//!   connection that is used again stays with its address.
//! - TLS is for the name of the URL. Redirects are not followed. No proxy is used, whatever the environment says.

mod connection;
mod connections;
mod connector;
mod failure;
mod resolver;
mod response;
mod signature;
mod target;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hb_domain::Timestamp;
use hb_domain::webhook::{UrlPolicy, WebhookSecret, WebhookUrl};
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use connections::Connections;
use failure::Failure;
pub use resolver::{Lookup, Resolving, system_lookup};
pub use response::MAX_RETRY_AFTER;

/// The limits of one attempt.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest time to connect: to resolve the name, to open the connection, and to establish TLS.
    pub connect: Duration,
    /// The longest time of an attempt.
    pub total: Duration,
    /// The most bytes that are read of the response's body. Its headers have a limit of their own, of the same size.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(15), body: 16 * 1024 }
    }
}

/// An event that is sent.
#[derive(Clone, Debug)]
pub struct Message<'m> {
    /// The event's id, the same in every attempt.
    pub id: &'m str,
    /// When the attempt begins.
    pub at: Timestamp,
    /// The payload, JSON.
    pub body: Bytes,
    /// The secrets that sign it: the current one, and in a grace period the previous one. Without one nothing is sent.
    pub secrets: &'m [WebhookSecret],
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The status code; `None` when no response began.
    pub status_code: Option<u16>,
    /// How long it took.
    pub latency: Duration,
    /// The beginning of the response's body, at most 1 KiB. Bytes that are no text are replaced.
    pub response: String,
    /// How long the receiver asks to wait for the next attempt: at most [`MAX_RETRY_AFTER`].
    pub retry_after: Option<Duration>,
    /// What prevented a complete response: a text for the endpoint's owner. It begins in lower case and has no full stop.
    pub failure: Option<String>,
}

impl Outcome {
    /// Whether the receiver acknowledged the event: with a status code from 200 to 299 and a complete response. A response is
    /// complete when so much of it has been read as is ever read.
    pub fn is_acknowledged(&self) -> bool {
        self.failure.is_none() && self.status_code.is_some_and(|code| (200..300).contains(&code))
    }
}

/// Sends events; cheap to clone. Clones share the connections.
#[derive(Clone)]
pub struct Sender {
    policy: UrlPolicy,
    limits: Limits,
    connections: Arc<Connections>,
}

impl Sender {
    /// A sender to the endpoints that `policy` accepts.
    pub fn new(policy: UrlPolicy) -> Self {
        Self::with(policy, Limits::default(), system_lookup())
    }

    /// As [`new`](Self::new), with other limits and another resolver of names.
    pub fn with(policy: UrlPolicy, limits: Limits, lookup: Lookup) -> Self {
        let connections = Connections::new(policy, limits, lookup);
        Self { policy, limits, connections: Arc::new(connections) }
    }

    /// Sends `message` to `url` once.
    pub async fn send(&self, url: &WebhookUrl, message: &Message<'_>) -> Outcome {
        let started = Instant::now();
        let end = started + self.limits.total;
        let late = Failure::Incomplete { within: self.limits.total };
        let answered = timeout_at(end, self.request(url, message)).await;
        let outcome = match answered.map_err(|_| late.to_string()).and_then(|answered| answered) {
            Ok(response) => response::read(response, self.limits.body, message.at, end, late).await,
            Err(failure) => Outcome {
                status_code: None,
                latency: Duration::ZERO,
                response: String::new(),
                retry_after: None,
                failure: Some(failure),
            },
        };
        Outcome { latency: started.elapsed(), ..outcome }
    }

    async fn request(&self, url: &WebhookUrl, message: &Message<'_>) -> Result<Response<Incoming>, String> {
        let uri = target::checked(url, self.policy)?;
        let mut request = Request::new(Full::new(message.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let agent = concat!("HeroBrain-Webhooks/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        for (name, value) in signature::headers(message).ok_or_else(|| Failure::Unsigned.to_string())? {
            let value = HeaderValue::try_from(value).map_err(|_| Failure::Unsigned.to_string())?;
            headers.insert(name, value);
        }
        self.connections.request(request, message.at).await
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender({:?})", self.policy)
    }
}
