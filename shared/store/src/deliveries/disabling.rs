//! Disabling an endpoint, and announcing it. The event is written in the same transaction, to the table `pending-events`, from whose
//! stream it gets its position in the feed.

use hb_domain::delivery::{EndpointHealth, EndpointId};
use hb_domain::event::{DisablingReason, Event, EventId, Occurrence};
use hb_domain::webhook::WebhookStatus;
use hb_domain::{Result, Timestamp};

use super::DeliveryQueue;
use super::health_writes::{HealthWrite, Part, write};
use crate::VersionedWebhook;
use crate::backoff::Backoff;
use crate::feed::pending;
use crate::item::{millis, text};
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::webhooks::item;
use crate::write::Write;

/// The name in the ids of these events, in the place of a table's.
const SOURCE: &str = "webhook";

impl DeliveryQueue<'_> {
    /// Writes the health of an endpoint that will be disabled, with the event that says so, if the health is as it was seen.
    ///
    /// # Errors
    /// The database's.
    pub async fn announce(
        &self,
        endpoint: &EndpointId,
        new: &EndpointHealth,
        seen: Option<&EndpointHealth>,
        (now, disables_at): (Timestamp, Timestamp),
    ) -> Result<HealthWrite> {
        let id = endpoint.id.clone();
        let name = format!("{id}#{}#{}", new.version, disables_at.millis());
        let occurrence = Occurrence::WebhookDisabling { id, disables_at: disables_at.to_millis() };
        let event = event(&name, now, occurrence);
        self.carry_out_health(write(endpoint, new, seen).and(Part::Report, report(endpoint, &event))).await
    }

    /// Makes an endpoint inactive, with the event that says so, if it has the version that was seen. Returns whether it had.
    ///
    /// # Errors
    /// The database's.
    pub async fn disable(
        &self,
        endpoint: &EndpointId,
        seen: &VersionedWebhook,
        version: &str,
        (now, reason): (Timestamp, DisablingReason),
    ) -> Result<bool> {
        let updated_at = now.to_millis().max(seen.webhook.updated_at);
        let update = Write::update(
            Table::Webhooks,
            item::key(&endpoint.tenant, &endpoint.id),
            "SET #status = :status, updatedAt = :now, #version = :version",
        )
        .condition("#version = :seen")
        .name("#status", "status")
        .name("#version", "version")
        .value(":status", text(WebhookStatus::Inactive))
        .value(":now", millis(updated_at))
        .value(":version", text(version))
        .value(":seen", text(&seen.version))
        .identified_by("version", text(version));
        let occurrence = Occurrence::WebhookDisabled { id: endpoint.id.clone(), reason };
        let event = event(&format!("{}#{}", endpoint.id, seen.version), now, occurrence);
        let disabled = Transaction::new((), update).and((), report(endpoint, &event));
        Ok(disabled.run(self.store, &mut Backoff::transaction()).await?.is_ok())
    }
}

fn event(name: &str, now: Timestamp, occurrence: Occurrence) -> Event {
    Event { id: EventId::derive(SOURCE, name, 0), at: now.to_millis(), request_id: None, occurrence }
}

/// The row from which the event gets into the feed.
fn report(endpoint: &EndpointId, event: &Event) -> Write {
    Write::put(Table::PendingEvents, pending::encode(&endpoint.tenant, event))
        .condition("attribute_not_exists(id)")
}
