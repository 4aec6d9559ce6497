//! The connections of a sender, which are used again for a short time.
//!
//! A receiver closes a connection that is idle, and a Lambda instance that is stopped between two invocations does not notice.
//! Its own timers may stop as well. Therefore all connections are given up when the sender was last used more than
//! [`KEPT`] ago by the clock of the attempts. If a connection that has carried a response closes before the next one, the
//! receiver has not failed: the request is sent again, once, over a new connection. It has the same id.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hb_domain::Timestamp;
use hb_domain::webhook::UrlPolicy;
use http::{Extensions, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::sync::OnceCell;

use crate::Limits;
use crate::connection::Answered;
use crate::connector::{Connector, tls_of_machine};
use crate::failure::Failure;
use crate::resolver::{Lookup, Resolver};

/// How long an unused connection is kept: less than receivers keep it, of which Node.js's 5 s are the shortest in common use.
const KEPT: Duration = Duration::from_secs(3);
/// How many unused connections are kept for each receiver.
const IDLE: usize = 8;

type HttpClient = Client<Connector, Full<Bytes>>;

/// The connections of a sender.
pub(crate) struct Connections {
    resolver: Resolver,
    limits: Limits,
    /// Created at the first use, because it reads the authorities of the machine.
    connector: OnceCell<Connector>,
    /// The client that keeps connections, and when it was used last.
    kept: Mutex<Option<(HttpClient, Timestamp)>>,
}

impl Connections {
    pub(crate) fn new(policy: UrlPolicy, limits: Limits, lookup: Lookup) -> Self {
        let resolver = Resolver { policy, lookup };
        Self { resolver, limits, connector: OnceCell::new(), kept: Mutex::default() }
    }

    /// The same with the given configuration of TLS, for tests with an authority of their own.
    #[cfg(test)]
    pub(crate) fn trusting(self, tls: ClientConfig) -> Self {
        let connector = OnceCell::new_with(Some(self.connect_with(tls)));
        Self { connector, ..self }
    }

    fn connect_with(&self, tls: ClientConfig) -> Connector {
        Connector::new(self.resolver.clone(), self.limits.connect, tls)
    }

    /// Sends a request at `at`, and returns the response when its headers are there.
    pub(crate) async fn request(
        &self,
        mut request: Request<Full<Bytes>>,
        at: Timestamp,
    ) -> Result<Response<Incoming>, String> {
        let connect = || async { tls_of_machine().map(|tls| self.connect_with(tls)) };
        let connector = self.connector.get_or_try_init(connect).await?;
        let again = request.clone();
        let used = capture_connection(&mut request);
        let sent = self.client(connector, at).request(request).await;
        let answered = answered(&used);
        match sent {
            Ok(response) => {
                answered.inspect(|answered| {
                    answered.set();
                });
                Ok(response)
            }
            Err(error) => {
                let failure = Failure::of(&error);
                if failure != Failure::Closed || !answered.is_some_and(|answered| answered.get()) {
                    return Err(failure.to_string());
                }
                let sent = self.build(connector, 0).request(again).await;
                sent.map_err(|error| Failure::of(&error).to_string())
            }
        }
    }

    /// The client that keeps connections, a new one if it was last used too long before `at`.
    fn client(&self, connector: &Connector, at: Timestamp) -> HttpClient {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |used: Timestamp| {
            let between = at.millis().abs_diff(used.millis());
            u128::from(between) <= KEPT.as_millis()
        };
        let recent = kept.take().filter(|(_, used)| is_recent(*used)).map(|(client, _)| client);
        let client = recent.unwrap_or_else(|| self.build(connector, IDLE));
        *kept = Some((client.clone(), at));
        client
    }

    fn build(&self, connector: &Connector, idle: usize) -> HttpClient {
        Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(idle)
            .pool_idle_timeout(KEPT)
            .pool_timer(TokioTimer::new())
            .http1_max_buf_size(self.limits.body.max(8_192))
            .build(connector.clone())
    }
}

/// What the connection of a request has carried; `None` if there was none.
fn answered(used: &CaptureConnection) -> Option<Answered> {
    let mut extensions = Extensions::new();
    if let Some(connected) = used.connection_metadata().as_ref() {
        connected.get_extras(&mut extensions);
    }
    extensions.remove::<Answered>()
}
