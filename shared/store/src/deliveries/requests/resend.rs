//! Sending an event to an endpoint again.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::event::{Event, EventId};
use hb_domain::feed::RETENTION;
use hb_domain::webhook::Webhook;
use hb_domain::{Error, Result};

use super::{Deliveries, record_taken_over};
use crate::backoff::Backoff;
use crate::deliveries::{DueEndpoint, QueuedDelivery};
use crate::feed::row::{self, Appended};
use crate::item::{Attributes, Row, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::write::Write;

/// The parts of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Delivery,
    DueEndpoint,
    IdempotencyRecord,
}

impl Deliveries<'_> {
    /// Queues an event of the tenant's feed for an endpoint, which is due at once. A delivery of it that waits already stays.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such event, when it is older than the feed or when the endpoint does not subscribe to
    /// it; the database's.
    pub async fn resend(&self, webhook: &Webhook, id: &EventId) -> Result<QueuedDelivery> {
        let event = self.event(id).await?.ok_or(Error::NotFound)?;
        if !webhook.events.matches(event.occurrence.event_type()) {
            return Err(Error::NotFound);
        }
        // A later attempt of the request writes the same item.
        let now = self.context.effective_at().to_millis();
        let endpoint = self.endpoint(&webhook.id);
        let queued = QueuedDelivery { endpoint, due_at: now, event, attempts: 0, queued_at: now };
        if self.is_applied() {
            return Ok(queued);
        }
        let due = DueEndpoint::new(queued.endpoint.clone(), now);
        let delivery =
            Write::put(Table::Deliveries, queued.encode()).condition("attribute_not_exists(tenant)");
        // Together, so that the schedule does not find the due endpoint before the delivery is there.
        let transaction = Transaction::new(Part::Delivery, delivery)
            .and(Part::DueEndpoint, Write::put(Table::DueEndpoints, due.attributes()))
            .and(Part::IdempotencyRecord, self.applied());
        match transaction.run(self.store, &mut Backoff::transaction()).await? {
            Ok(_) => Ok(queued),
            Err(failed) => match failed.part {
                Part::IdempotencyRecord => Err(record_taken_over()),
                // A request of the same millisecond has queued it.
                Part::Delivery | Part::DueEndpoint => Ok(queued),
            },
        }
    }

    /// The event with this id in the tenant's feed, if it is still listed.
    async fn event(&self, id: &EventId) -> Result<Option<Event>> {
        let Some(item) = self.read_event_item(row::id_key(self.tenant(), id)).await? else { return Ok(None) };
        // An event of an earlier version has no position.
        let Some(position) = Row::new(Table::Events, &item).optional_integer("position")? else {
            return Ok(None);
        };
        let Ok(position) = u64::try_from(position) else { return Ok(None) };
        let key = Attributes::from([
            ("tenant".into(), text(self.tenant())),
            ("sk".into(), text(row::sort_key(position))),
        ]);
        let Some(item) = self.read_event_item(key).await? else { return Ok(None) };
        let oldest = self.context.received_at().minus(RETENTION);
        let event = Appended::decode(&item)?.event;
        Ok(event.filter(|event| event.id == *id && event.at >= oldest))
    }

    async fn read_event_item(&self, key: Attributes) -> Result<Option<Attributes>> {
        let get = self.store.db.get_item().table_name(self.store.table(Table::Events));
        let get = get.set_key(Some(key)).consistent_read(true);
        let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = get.send().await.map_err(|error| map_sdk_error("GetItem events", error))?;
        Ok(response.item)
    }
}
