//! Reading what an attempt needs at the moment of the attempt: the endpoint, and what the event is about.

use hb_domain::Result;
use hb_domain::feed::Subject;

use super::{DeliveryQueue, EndpointState, QueuedDelivery, health};
use crate::batch_read::read_batch;
use crate::feed::subjects::Subjects;
use crate::item::Attributes;
use crate::tables::Table;
use crate::webhooks::item;

/// What an attempt sends, and where.
#[derive(Clone, Debug)]
pub struct DeliveryContents {
    /// The endpoint with its health.
    pub state: EndpointState,
    /// What the event is about, as it is now.
    pub subject: Option<Subject>,
}

impl DeliveryQueue<'_> {
    /// Reads the endpoint of a delivery, its health and what the event is about, consistently and in one call. All keys are made of the
    /// delivery's tenant.
    ///
    /// # Errors
    /// The database's; that of a corrupt endpoint or health.
    pub async fn contents(&self, delivery: &QueuedDelivery) -> Result<DeliveryContents> {
        let (tenant, event) = (&delivery.endpoint.tenant, &delivery.event);
        let keys = [item::key(tenant, &delivery.endpoint.id), health::key(&delivery.endpoint)];
        let endpoint = (Table::Webhooks, keys.to_vec());
        let wanted = Subjects::keys(tenant, std::iter::once(event)).into_iter().chain([endpoint]);
        let found = read_batch(self.store, wanted, None).await?.items;
        let [endpoint, health] = keys.map(|key| {
            let is_it = |(table, item): &&(Table, Attributes)| {
                *table == Table::Webhooks && item.get("sk") == key.get("sk")
            };
            found.iter().find(is_it).map(|(_, item)| item)
        });
        let endpoint = endpoint.map(item::decode).transpose()?;
        let health = health.map(health::decode).transpose()?;
        Ok(DeliveryContents {
            state: EndpointState { endpoint, health },
            subject: Subjects::decode(tenant, &found).of(event),
        })
    }
}
