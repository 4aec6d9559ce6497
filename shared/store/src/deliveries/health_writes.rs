//! Writing the health of an endpoint: on the condition that it is as it was seen, so that attempts that fail together count once.

use hb_domain::Result;
use hb_domain::delivery::{EndpointHealth, EndpointId};

use super::due_endpoint::random_token;
use super::{DeliveryQueue, health};
use crate::backoff::Backoff;
use crate::item::{millis, number, text};
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::webhooks::item as endpoint_item;
use crate::write::Write;

/// What a write of an endpoint's health came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthWrite {
    /// It was written.
    Written,
    /// Another attempt has changed it since, to this.
    Changed(Option<EndpointHealth>),
}

/// The parts of a write of an endpoint's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Endpoint,
    Health,
    Report,
}

impl DeliveryQueue<'_> {
    /// Writes the health of a version of an endpoint if it is as it was seen: 4 write units. Where the endpoint was deleted or has
    /// another version, nothing is written, and nothing is known of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn put_health(
        &self,
        endpoint: &EndpointId,
        new: &EndpointHealth,
        seen: Option<&EndpointHealth>,
    ) -> Result<HealthWrite> {
        let put = write(endpoint, new, seen);
        self.carry_out_health(put).await
    }

    /// Carries out a write of health with what belongs to it.
    pub(super) async fn carry_out_health(&self, write: Transaction<Part>) -> Result<HealthWrite> {
        let written = write.run(self.store, &mut Backoff::counter()).await?;
        Ok(match written {
            Ok(_) => HealthWrite::Written,
            Err(failed) if failed.part == Part::Health => {
                HealthWrite::Changed(failed.found.as_ref().map(health::decode).transpose()?)
            }
            Err(_) => HealthWrite::Changed(None),
        })
    }

    /// Deletes the health of a version of an endpoint, which works: 1 write unit.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete_health(&self, endpoint: &EndpointId, version: &str) -> Result<()> {
        let delete = Write::delete(Table::Webhooks, health::key(endpoint))
            .condition("#version = :version")
            .name("#version", "version")
            .value(":version", text(version));
        let _ = Transaction::new((), delete).run(self.store, &mut Backoff::counter()).await?;
        Ok(())
    }
}

/// The write of an endpoint's health, on the condition that it is as it was seen and that the endpoint has this version.
pub(super) fn write(
    endpoint: &EndpointId,
    new: &EndpointHealth,
    seen: Option<&EndpointHealth>,
) -> Transaction<Part> {
    let exists = Write::check(Table::Webhooks, endpoint_item::key(&endpoint.tenant, &endpoint.id))
        .condition("#version = :version")
        .name("#version", "version")
        .value(":version", text(&new.version));
    Transaction::new(Part::Health, put(endpoint, new, seen)).and(Part::Endpoint, exists)
}

fn put(endpoint: &EndpointId, new: &EndpointHealth, seen: Option<&EndpointHealth>) -> Write {
    let (mut item, token) = (health::encode(new, endpoint), random_token());
    item.insert("token".into(), text(&token));
    let put = Write::put(Table::Webhooks, item).identified_by("token", text(&token));
    let Some(seen) = seen else { return put.condition("attribute_not_exists(sk)") };
    let put = put
        .name("#version", "version")
        .value(":version", text(&seen.version))
        .value(":failures", number(seen.failures));
    match seen.probe_until {
        Some(until) => put
            .condition("#version = :version AND failures = :failures AND probeUntil = :until")
            .value(":until", millis(until)),
        None => {
            put.condition("#version = :version AND failures = :failures AND attribute_not_exists(probeUntil)")
        }
    }
}
