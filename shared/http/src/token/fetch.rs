//! Fetches a small document over HTTPS, with limits of time and size. Redirects are not followed.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use hb_store::aws::is_loopback;
use http::header::{ACCEPT, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::OnceCell;

/// The longest fetch.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The longest fetch from an issuer on this machine, which is slow only on a busy machine.
const LOOPBACK_TIMEOUT: Duration = Duration::from_secs(120);
/// The largest document, in bytes.
const MAX_BYTES: usize = 256 * 1024;

type Https = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// Fetches documents. The client is created at the first use, because reading the machine's root certificates takes a
/// few milliseconds of a cold start.
#[derive(Default)]
pub(crate) struct Fetcher(OnceCell<Https>);

impl Fetcher {
    /// The document at `url`.
    ///
    /// # Errors
    /// A description for the log.
    pub(crate) async fn get(&self, url: &Uri) -> Result<Bytes, String> {
        self.get_within(url, if is_loopback(url) { LOOPBACK_TIMEOUT } else { TIMEOUT }).await
    }

    async fn get_within(&self, url: &Uri, limit: Duration) -> Result<Bytes, String> {
        let fetching = async {
            let client = self.0.get_or_try_init(|| async { client() }).await?;
            let request = Request::get(url.clone())
                .header(ACCEPT, "application/json")
                .header(USER_AGENT, concat!("herobrain/", env!("CARGO_PKG_VERSION")))
                .body(Empty::new())
                .map_err(|error| error.to_string())?;
            let response = client.request(request).await.map_err(|error| chain(&error))?;
            if response.status() != StatusCode::OK {
                return Err(format!("status {}", response.status()));
            }
            let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
            body.map(http_body_util::Collected::to_bytes).map_err(|error| error.to_string())
        };
        tokio::time::timeout(limit, fetching)
            .await
            .unwrap_or_else(|_| Err(format!("no response within {limit:?}")))
    }
}

fn client() -> Result<Https, String> {
    let connector = HttpsConnectorBuilder::new()
        .with_native_roots()
        .map_err(|error| format!("no root certificates: {error}"))?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetcher")
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// The server accepts the connection and never responds, so the result does not depend on the speed of the machine.
    #[tokio::test]
    async fn a_server_that_never_responds_times_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
        let limit = Duration::from_millis(10);
        let fetched = Fetcher::default().get_within(&url.parse().expect("a URL"), limit).await;
        assert_eq!(fetched, Err("no response within 10ms".to_owned()));
    }
}
