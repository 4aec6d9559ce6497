//! The head of a feed and the endpoints that its events are delivered to, read together.

use hb_domain::webhook::Webhook;
use hb_domain::{Result, TenantId};

use super::{FoundHead, head};
use crate::Store;
use crate::item::{Attributes, text};
use crate::partition::read_from;
use crate::tables::Table;
use crate::webhooks::item;

/// What is known of a feed before an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFeed {
    /// Where it ends.
    pub head: FoundHead,
    /// The endpoints of the tenant. One whose item cannot be read is missing, so that the others get their events.
    pub endpoints: Vec<Webhook>,
}

impl FoundFeed {
    /// Reads the feed of a tenant, consistently. The endpoints are at least as new as the head is: a change that comes between the
    /// two moves the version of the endpoints, which an append compares.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn read(store: &Store, tenant: &TenantId) -> Result<Self> {
        let items = read_from(store, Table::Webhooks, text(tenant), head::SORT).await?;
        let sort_key = |item: &Attributes| item.get("sk").and_then(|key| key.as_s().ok()).cloned();
        let mut found = Self { head: FoundHead::Absent, endpoints: Vec::new() };
        for item in &items {
            let Some(sort_key) = sort_key(item) else { continue };
            if sort_key == head::SORT {
                found.head = FoundHead::decode(Some(item));
            } else if sort_key.starts_with(item::ENDPOINT) {
                match item::decode(item) {
                    Ok(endpoint) => found.endpoints.push(endpoint.webhook),
                    Err(error) => {
                        tracing::error!(%tenant, webhook = sort_key, %error, "a webhook cannot be read and gets no events");
                    }
                }
            }
        }
        Ok(found)
    }
}
