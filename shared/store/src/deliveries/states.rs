//! Reading endpoints with their health.

use std::collections::BTreeMap;

use hb_domain::Result;
use hb_domain::delivery::{EndpointHealth, EndpointId};

use super::{DeliveryQueue, health};
use crate::VersionedWebhook;
use crate::batch_read::{MAX_ITEMS, read_batch};
use crate::item::Attributes;
use crate::tables::Table;
use crate::webhooks::item;

/// An endpoint with its health.
#[derive(Clone, Debug, Default)]
pub struct EndpointState {
    /// The endpoint; `None` if it was deleted.
    pub endpoint: Option<VersionedWebhook>,
    /// Its health, as it is stored: it may be that of another version.
    pub health: Option<EndpointHealth>,
}

impl EndpointState {
    /// What is known of the endpoint as it is.
    pub fn known_health(&self) -> EndpointHealth {
        let version = self.endpoint.as_ref().map_or("", |endpoint| endpoint.version.as_str());
        known_health(self.health.as_ref(), version)
    }
}

/// What a stored health says of this version of an endpoint.
pub fn known_health(stored: Option<&EndpointHealth>, version: &str) -> EndpointHealth {
    let of_version = stored.filter(|health| health.version == version).cloned();
    of_version.unwrap_or_else(|| EndpointHealth::working(version, None))
}

impl DeliveryQueue<'_> {
    /// Reads these endpoints with their health, consistently. One that cannot be read is logged and left out. No endpoint may
    /// occur twice.
    ///
    /// # Errors
    /// The database's.
    pub async fn states(&self, endpoints: &[EndpointId]) -> Result<BTreeMap<EndpointId, EndpointState>> {
        let mut states = BTreeMap::new();
        for endpoints in endpoints.chunks(MAX_ITEMS / 2) {
            let keys = endpoints
                .iter()
                .flat_map(|endpoint| [item::key(&endpoint.tenant, &endpoint.id), health::key(endpoint)])
                .collect();
            let found = read_batch(self.store, [(Table::Webhooks, keys)], None).await?.items;
            let find = |key: &Attributes| -> Option<&Attributes> {
                let is_it = |item: &&Attributes| {
                    ["tenant", "sk"].iter().all(|name| item.get(*name) == key.get(*name))
                };
                found.iter().map(|(_, item)| item).find(is_it)
            };
            for endpoint in endpoints {
                let stored = find(&item::key(&endpoint.tenant, &endpoint.id));
                let read = stored.map(item::decode).transpose();
                let health = find(&health::key(endpoint)).map(health::decode).transpose();
                match (read, health) {
                    (Ok(read), Ok(health)) => {
                        states.insert(endpoint.clone(), EndpointState { endpoint: read, health });
                    }
                    (Err(error), _) | (_, Err(error)) => {
                        let EndpointId { tenant, id } = endpoint;
                        tracing::error!(%tenant, webhook = %id, %error, "an endpoint cannot be read: its deliveries wait");
                    }
                }
            }
        }
        Ok(states)
    }
}
