//! Sign-in links of the local stack's dashboard.

use std::path::Path;

use hb_domain::{Clock, TenantId, Timestamp};
use hb_http::lambda::{file_variables, store_from_env};
use hb_http::{Entropy, PublicUrl, new_sign_in_link};
use hb_store::Store;
use rand::rngs::StdRng;

use crate::StartError;
use crate::state::Folder;

/// A new sign-in link of a tenant, for the server at `url`.
///
/// # Errors
/// If the database is not reachable.
pub async fn link(
    store: &Store,
    tenant: &TenantId,
    url: &str,
    now: Timestamp,
    rng: &mut StdRng,
) -> Result<String, StartError> {
    let address = PublicUrl::parse(url).map_err(StartError::new)?;
    let link = new_sign_in_link(store, tenant, &address, now, rng).await;
    link.map_err(|error| StartError::new(error.to_string()))
}

/// A new sign-in link of a tenant, for the server that runs in a folder.
///
/// # Errors
/// If no server runs there, or it has no such tenant.
pub async fn link_of_server(folder: &Path, tenant: &str) -> Result<String, StartError> {
    let (url, environment) = Folder::server(folder)?;
    let variables = file_variables(&environment);
    let store = store_from_env(|name| variables.get(name).cloned()).map_err(StartError::new)?;
    let id =
        TenantId::parse(tenant).ok_or_else(|| StartError::new(format!("{tenant:?} is not a tenant id")))?;
    let found = store.tenants().get(&id).await.map_err(|_| {
        StartError::new(format!("the server of {} does not run: start it with `cargo run`", folder.display()))
    })?;
    if found.is_none() {
        return Err(StartError::new(format!(
            "there is no tenant {id}: its first session creates it, or `hb tenant create {id}`"
        )));
    }
    link(&store, &id, &url, Clock::system().now(), &mut Entropy::system().rng()).await
}
