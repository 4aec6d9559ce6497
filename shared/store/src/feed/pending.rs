//! Events that wait for their position in the feed: rows of the table `pending-events`, whose stream brings them to the function
//! that records events.

use std::time::Duration;

use hb_domain::event::{Event, EventId};
use hb_domain::{Error, Result, TenantId};
use serde_json::Value;

use super::row;
use crate::item::{Attributes, Row, of_json, text, ttl};
use crate::tables::Table;

/// How long a row is kept: longer than its stream.
const KEPT: Duration = Duration::from_secs(3 * 86_400);

/// The row of an event.
pub(crate) fn encode(tenant: &TenantId, event: &Event) -> Attributes {
    let mut item = row::encode_without_position(tenant, event);
    item.insert("id".into(), text(&event.id));
    item.insert("ttl".into(), ttl(event.at.plus(KEPT)));
    item
}

/// The event of a row, by its image in a stream record, and the event's tenant.
///
/// # Errors
/// [`Error::Internal`] with the name of the attribute that is missing or invalid.
pub fn pending_event(image: &Value) -> Result<(TenantId, Event)> {
    let item = of_json(image).ok_or_else(|| Error::Internal("the image is no item".into()))?;
    let row = Row::new(Table::PendingEvents, &item);
    let id = row.parsed("id", EventId::parse)?;
    Ok((row.parsed("tenant", TenantId::parse)?, row::decode_as(row, id)?))
}
