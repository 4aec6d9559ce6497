//! One small document over HTTPS, bounded in time and size; redirects are not followed.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::OnceCell;

/// How long a fetch may take in all.
const TIME: Duration = Duration::from_secs(3);
/// The largest document, in bytes.
const MAX_BYTES: usize = 256 * 1024;

type Https = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// Fetches documents; the client is made at the first need, since reading the machine's root certificates
/// takes a cold start a few milliseconds.
#[derive(Default)]
pub(crate) struct Fetcher(OnceCell<Https>);

impl Fetcher {
    /// The document at `url`.
    ///
    /// # Errors
    /// Says what went wrong, for the log.
    pub(crate) async fn get(&self, url: &Uri) -> Result<Bytes, String> {
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
        tokio::time::timeout(TIME, fetching)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {TIME:?}")))
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
