//! From a change of a memory's item to events.

use std::time::Duration;

use hb_domain::event::{DeletionReason, Event, EventId, MemoryChange, Occurrence, Owners};
use hb_domain::{MemoryId, RequestId, TenantId, Timestamp};
use hb_http::stream::Record;
use hb_store::Table;

use crate::image::{AttributeName, Image};

/// The fields of a memory by their names in the API, in alphabetical order, with the attributes that hold them.
const FIELDS: [(&str, &[&str]); 12] = [
    ("agentId", &["agentId"]),
    ("content", &["content"]),
    ("expiresAt", &["expiresAt"]),
    ("importance", &["importance"]),
    ("key", &["key"]),
    ("metadata", &["metadata"]),
    ("namespace", &["namespace", "longNamespace"]),
    ("searchable", &["searchable"]),
    ("sessionId", &["sessionId"]),
    ("tags", &["tags"]),
    ("type", &["type"]),
    ("userId", &["userId"]),
];

/// How far the clock of a writer may be ahead of the database's.
const CLOCKS: Duration = Duration::from_secs(60);

/// The events of a record, in their order, and their tenant; `None` if the memory is the same as before.
///
/// # Errors
/// What is missing or invalid.
pub(crate) fn events(record: &Record) -> Result<Option<(TenantId, Vec<Event>)>, AttributeName> {
    let (old, new) = (record.old_image().map(Image), record.new_image().map(Image));
    let at = record.changed_at().ok_or("a time")?;
    let image = new.or(old).ok_or("an image")?;
    let changes = match (old, new) {
        (Some(old), Some(new)) if version(old)? == version(new)? => return Ok(None),
        (Some(old), Some(new)) if has_taken_place_of_expired(old, new, at)? => vec![
            change(old, MemoryChange::Deleted(DeletionReason::Expired))?,
            change(new, MemoryChange::Created)?,
        ],
        (Some(old), Some(new)) => vec![change(new, MemoryChange::Updated(changed_fields(old, new)))?],
        (None, Some(new)) => vec![change(new, MemoryChange::Created)?],
        (Some(old), None) => {
            // The time of the record is rounded down.
            let has_ended = |end| end < at.plus(Duration::from_secs(1));
            let has_expired =
                record.is_ttl_removal() || old.optional_moment("expiresAt")?.is_some_and(has_ended);
            let reason = if has_expired { DeletionReason::Expired } else { DeletionReason::Deleted };
            vec![change(old, MemoryChange::Deleted(reason))?]
        }
        (None, None) => return Ok(None),
    };
    let source = Table::Memories.definition().resource;
    let event = |(index, (request_id, occurrence))| {
        let id = EventId::derive(source, record.id(), index);
        Event { id, at, request_id, occurrence }
    };
    Ok(Some((image.tenant()?, (0..).zip(changes).map(event).collect())))
}

/// Whether a new memory was written over an expired one of its id. Writers whose clock is ahead see the end before the
/// database does.
fn has_taken_place_of_expired(old: Image<'_>, new: Image<'_>, at: Timestamp) -> Result<bool, AttributeName> {
    let has_ended = old.optional_moment("expiresAt")?.is_some_and(|end| end <= at.plus(CLOCKS));
    Ok(has_ended && !old.agrees(new, "writeSeq") && !new.has("isReplacement"))
}

fn change(image: Image<'_>, change: MemoryChange) -> Result<(Option<RequestId>, Occurrence), AttributeName> {
    // The item of a deleted memory names the request that changed it last.
    let request_id = match change {
        MemoryChange::Deleted(_) => None,
        MemoryChange::Created | MemoryChange::Updated(_) => image.request_id()?,
    };
    let occurrence = Occurrence::Memory {
        id: image.parsed("id", MemoryId::parse)?,
        version: version(image)?.to_owned(),
        expires_at: image.optional_moment("expiresAt")?,
        owners: Owners {
            user_id: image.owned("userId")?,
            agent_id: image.owned("agentId")?,
            session_id: image.owned("sessionId")?,
        },
        change,
    };
    Ok((request_id, occurrence))
}

fn version(image: Image<'_>) -> Result<&str, AttributeName> {
    image.parsed("version", Some)
}

fn changed_fields(old: Image<'_>, new: Image<'_>) -> Vec<String> {
    let has_changed = |attributes: &[&str]| attributes.iter().any(|name| !old.agrees(new, name));
    let changed = FIELDS.into_iter().filter(|(_, attributes)| has_changed(attributes));
    changed.map(|(field, _)| field.to_owned()).collect()
}
