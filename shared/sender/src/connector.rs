//! Opens connections: to addresses that were checked, with TLS for the name, within the limit of time.

use std::error::Error;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hb_domain::webhook::UrlPolicy;
use http::Uri;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use tower_service::Service;

use crate::connection::Connection;
use crate::failure::Failure;
use crate::resolver::{Resolver, is_accepted};

/// Opens every connection of a sender.
#[derive(Clone)]
pub(crate) struct Connector {
    policy: UrlPolicy,
    limit: Duration,
    inner: HttpsConnector<HttpConnector<Resolver>>,
}

/// The configuration of TLS that trusts the authorities of the machine. Reading them takes some milliseconds.
pub(crate) fn tls_of_machine() -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(default_provider().into());
    let builder = builder.with_safe_default_protocol_versions();
    let roots = builder.map_err(|_| Failure::Tls.to_string())?.with_native_roots();
    Ok(roots.map_err(|_| Failure::Tls.to_string())?.with_no_client_auth())
}

impl Connector {
    pub(crate) fn new(resolver: Resolver, limit: Duration, tls: ClientConfig) -> Self {
        let policy = resolver.policy;
        let mut http = HttpConnector::new_with_resolver(resolver);
        http.enforce_http(false);
        http.set_nodelay(true);
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
        let builder = match policy {
            UrlPolicy::Public => builder.https_only(),
            UrlPolicy::Local => builder.https_or_http(),
        };
        Self { policy, limit, inner: builder.enable_http1().wrap_connector(http) }
    }

    async fn connect(mut self, uri: Uri) -> Result<Connection, Box<dyn Error + Send + Sync>> {
        // The connector inside does not resolve an address.
        if literal(&uri).is_some_and(|address| !is_accepted(address, self.policy)) {
            return Err(Failure::RefusedAddress.into());
        }
        let connected = tokio::time::timeout(self.limit, self.inner.call(uri)).await;
        Ok(Connection::new(connected.map_err(|_| Failure::Unconnected { within: self.limit })??))
    }
}

/// The address that a URI names instead of a host.
fn literal(uri: &Uri) -> Option<IpAddr> {
    uri.host()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

impl Service<Uri> for Connector {
    type Response = Connection;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Connection, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}
