//! From a change of an API key's items to an event.

use hb_domain::event::{Event, EventId, Occurrence};
use hb_domain::{KeyId, TenantId};
use hb_http::stream::Record;
use hb_store::Table;

use crate::image::{AttributeName, Image};

/// The event of a record, and its tenant; `None` if the key was neither created nor revoked. Only the item that a key's owner
/// is shown counts: the other one, which authentication reads, changes with it and with each rotation.
///
/// # Errors
/// What is missing or invalid.
pub(crate) fn event(record: &Record) -> Result<Option<(TenantId, Event)>, AttributeName> {
    let (old, new) = (record.old_image().map(Image), record.new_image().map(Image));
    let image = new.or(old).ok_or("an image")?;
    let owner = image.parsed("pk", Some)?.strip_prefix("tenant#");
    let (Some(owner), Some(new)) = (owner, new) else { return Ok(None) };
    let sort_key = image.parsed("sk", Some)?;
    if !sort_key.starts_with("key_") {
        return Ok(None);
    }
    let occurrence = match old {
        None => Occurrence::KeyCreated,
        Some(old) if new.has("revokedAt") && !old.has("revokedAt") => Occurrence::KeyRevoked,
        Some(_) => return Ok(None),
    };
    let event = Event {
        id: EventId::derive(Table::ApiKeys.definition().resource, record.id(), 0),
        at: record.changed_at().ok_or("a time")?,
        request_id: new.request_id()?,
        occurrence: occurrence(KeyId::parse(sort_key).ok_or("sk")?),
    };
    Ok(Some((TenantId::parse(owner).ok_or("pk")?, event)))
}
