//! Resolves the names of receivers to the addresses that are connected to, and to no others.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hb_domain::webhook::{UrlPolicy, is_public};
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::failure::Failure;

/// The addresses of a name.
pub type Lookup = Arc<dyn Fn(String) -> Resolving<Vec<SocketAddr>> + Send + Sync>;

/// A resolution that is under way.
pub type Resolving<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

/// The resolver of the system. Names below `localhost` are this machine also where the system does not know them (RFC 6761,
/// section 6.3).
pub fn system_lookup() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let name = if name.ends_with(".localhost") { "localhost" } else { name.as_str() };
            Ok(tokio::net::lookup_host((name, 0)).await?.collect())
        })
    })
}

/// Whether events may be sent to this address.
pub(crate) fn is_accepted(address: IpAddr, policy: UrlPolicy) -> bool {
    is_public(address) || (policy == UrlPolicy::Local && address.is_loopback())
}

/// Resolves a name. If one of its addresses is refused, all are: the owner of such a name is not to choose by chance.
#[derive(Clone)]
pub(crate) struct Resolver {
    pub(crate) policy: UrlPolicy,
    pub(crate) lookup: Lookup,
}

impl Resolver {
    async fn resolve(self, name: Name) -> Result<std::vec::IntoIter<SocketAddr>, Failure> {
        let found = (self.lookup)(name.as_str().to_owned()).await;
        let addresses = found.ok().filter(|addresses| !addresses.is_empty()).ok_or(Failure::UnknownName)?;
        if addresses.iter().any(|address| !is_accepted(address.ip(), self.policy)) {
            return Err(Failure::RefusedAddress);
        }
        Ok(addresses.into_iter())
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.clone().resolve(name))
    }
}
