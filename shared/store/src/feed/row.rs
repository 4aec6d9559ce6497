//! The item of an event: encoding and decoding.

use hb_domain::event::{
    DeletionReason, DisablingReason, Event, EventId, EventType, MemoryChange, Occurrence, Owners,
};
use hb_domain::{KeyId, MemoryId, RequestId, Result, TenantId, Timestamp, WebhookId};

use super::head::ENDPOINTS_VERSION;
use crate::item::{Attributes, Row, millis, number, text, texts};
use crate::tables::Table;

/// The start of the sort keys of events.
const EVENT: &str = "event#";

/// The start of the sort keys of uniqueness items.
const ID: &str = "id#";
/// The sort key after those of all events.
pub(crate) const LAST_SORT_KEY: &str = "event$";

/// An event in a feed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Appended {
    /// Its position.
    pub(crate) position: u64,
    /// The event; `None` if its item is corrupt, which must not hide all later events.
    pub(crate) event: Option<Event>,
    /// When it was appended.
    pub(crate) appended_at: Timestamp,
    /// The version of the endpoints that it was queued for.
    pub(crate) endpoints_version: u64,
}

impl Appended {
    /// The event of an item. A corrupt event is logged.
    pub(crate) fn decode(item: &Attributes) -> Result<Self> {
        let row = Row::new(Table::Events, item);
        let position = row.parsed("sk", position_of)?;
        let event = row.parsed("eventId", EventId::parse).and_then(|id| decode_as(row, id));
        let event = event.inspect_err(|error| {
            let tenant = row.text("tenant").unwrap_or_default();
            tracing::error!(tenant, position, %error, "an event cannot be read");
        });
        Ok(Self {
            position,
            event: event.ok(),
            appended_at: row.moment("appendedAt")?,
            endpoints_version: row.count(ENDPOINTS_VERSION)?,
        })
    }
}

/// The position in the sort key of an event.
pub(crate) fn position_of(sort_key: &str) -> Option<u64> {
    sort_key.strip_prefix(EVENT)?.parse().ok()
}

/// The sort key of the event at `position`. Sort keys have the order of positions.
pub(crate) fn sort_key(position: u64) -> String {
    format!("{EVENT}{position:016}")
}

/// The key of the item that makes an event's id unique.
pub(crate) fn id_key(tenant: &TenantId, id: &EventId) -> Attributes {
    Attributes::from([("tenant".into(), text(tenant)), ("sk".into(), text(format_args!("{ID}{id}")))])
}

/// The event's id in the sort key of a uniqueness item.
pub(crate) fn id_of(sort_key: &str) -> Option<EventId> {
    EventId::parse(sort_key.strip_prefix(ID)?)
}

/// The item that makes the id of the event at `position` unique, without its TTL.
pub(crate) fn encode_id(tenant: &TenantId, position: u64, id: &EventId) -> Attributes {
    let mut item = id_key(tenant, id);
    item.insert("position".into(), number(position));
    item
}

/// The item of `event` at `position`, appended at `appended_at` with deliveries to the endpoints of this version, without its TTL.
pub(crate) fn encode(
    tenant: &TenantId,
    position: u64,
    event: &Event,
    appended_at: Timestamp,
    endpoints_version: u64,
) -> Attributes {
    let mut item = encode_without_position(tenant, event);
    item.insert("sk".into(), text(sort_key(position)));
    item.insert("appendedAt".into(), millis(appended_at));
    item.insert("eventId".into(), text(&event.id));
    if endpoints_version > 0 {
        item.insert(ENDPOINTS_VERSION.into(), number(endpoints_version));
    }
    item
}

/// What an event's item has apart from its position.
pub(crate) fn encode_without_position(tenant: &TenantId, event: &Event) -> Attributes {
    let mut item = Attributes::from([
        ("tenant".into(), text(tenant)),
        ("type".into(), text(event.occurrence.event_type())),
        ("at".into(), millis(event.at)),
    ]);
    if let Some(request) = &event.request_id {
        item.insert("requestId".into(), text(request));
    }
    match &event.occurrence {
        Occurrence::Memory { id, version, expires_at, owners, change } => {
            item.insert("memory".into(), text(id));
            item.insert("version".into(), text(version));
            if let Some(end) = expires_at {
                item.insert("expiresAt".into(), millis(*end));
            }
            let Owners { user_id, agent_id, session_id } = owners;
            for (name, owner) in [("userId", user_id), ("agentId", agent_id), ("sessionId", session_id)] {
                if let Some(owner) = owner {
                    item.insert(name.into(), text(owner));
                }
            }
            match change {
                MemoryChange::Created => {}
                MemoryChange::Updated(fields) => {
                    item.insert("changedFields".into(), texts(fields));
                }
                MemoryChange::Deleted(reason) => {
                    item.insert("reason".into(), text(reason));
                }
            }
        }
        Occurrence::Search { results } => {
            item.insert("results".into(), number(results));
        }
        Occurrence::KeyCreated(id) | Occurrence::KeyRevoked(id) => {
            item.insert("key".into(), text(id));
        }
        Occurrence::WebhookDisabling { id, disables_at } => {
            item.insert("webhook".into(), text(id));
            item.insert("disablesAt".into(), millis(*disables_at));
        }
        Occurrence::WebhookDisabled { id, reason } => {
            item.insert("webhook".into(), text(id));
            item.insert("reason".into(), text(reason));
        }
    }
    item
}

/// The event with this id that an item describes.
pub(crate) fn decode_as(row: Row<'_>, id: EventId) -> Result<Event> {
    let memory = |change| -> Result<Occurrence> {
        let owned =
            |name: &str| -> Result<Option<String>> { Ok(row.optional_text(name)?.map(str::to_owned)) };
        Ok(Occurrence::Memory {
            id: row.parsed("memory", MemoryId::parse)?,
            version: row.text("version")?.to_owned(),
            expires_at: row.optional_moment("expiresAt")?,
            owners: Owners {
                user_id: owned("userId")?,
                agent_id: owned("agentId")?,
                session_id: owned("sessionId")?,
            },
            change,
        })
    };
    let occurrence = match row.parsed("type", EventType::parse)? {
        EventType::MemoryCreated => memory(MemoryChange::Created)?,
        EventType::MemoryUpdated => memory(MemoryChange::Updated(row.texts("changedFields")?))?,
        EventType::MemoryDeleted => {
            memory(MemoryChange::Deleted(row.parsed("reason", DeletionReason::parse)?))?
        }
        EventType::SearchPerformed => Occurrence::Search { results: row.count("results")? },
        EventType::ApiKeyCreated => Occurrence::KeyCreated(row.parsed("key", KeyId::parse)?),
        EventType::ApiKeyRevoked => Occurrence::KeyRevoked(row.parsed("key", KeyId::parse)?),
        EventType::WebhookDisabling => Occurrence::WebhookDisabling {
            id: row.parsed("webhook", WebhookId::parse)?,
            disables_at: row.moment("disablesAt")?,
        },
        EventType::WebhookDisabled => Occurrence::WebhookDisabled {
            id: row.parsed("webhook", WebhookId::parse)?,
            reason: row.parsed("reason", DisablingReason::parse)?,
        },
    };
    let request_id = row.optional_parsed("requestId", RequestId::parse)?;
    Ok(Event { id, at: row.moment("at")?, request_id, occurrence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_decoded_as_it_was_encoded() {
        let tenant = TenantId::parse("acme").expect("a tenant");
        let at = Timestamp::from_millis(1_795_521_600_000);
        let memory = |change| Occurrence::Memory {
            id: MemoryId::parse("mem_0ivw4q1c00000000000001").expect("an id"),
            version: "v".into(),
            expires_at: Some(at),
            owners: Owners { user_id: Some("maya".into()), agent_id: None, session_id: Some("s".into()) },
            change,
        };
        let key = KeyId::parse("key_0123456789ab").expect("an id");
        let webhook = WebhookId::parse("whk_0123456789abcdef").expect("an id");
        for (position, occurrence) in (1..).zip([
            memory(MemoryChange::Created),
            memory(MemoryChange::Updated(vec!["content".into(), "tags".into()])),
            memory(MemoryChange::Deleted(DeletionReason::Expired)),
            Occurrence::Search { results: 3 },
            Occurrence::KeyCreated(key.clone()),
            Occurrence::KeyRevoked(key),
            Occurrence::WebhookDisabling { id: webhook.clone(), disables_at: at },
            Occurrence::WebhookDisabled { id: webhook, reason: DisablingReason::Gone },
        ]) {
            let event = Event { id: EventId::derive("t", "1", 0), at, request_id: None, occurrence };
            // Position 1 was appended before endpoints had versions.
            let endpoints_version = position - 1;
            let item = encode(&tenant, position, &event, at, endpoints_version);
            let decoded = Appended::decode(&item).expect("an event");
            let expected = Appended { position, event: Some(event), appended_at: at, endpoints_version };
            assert_eq!(decoded, expected);
        }
        assert!(sort_key(9) < sort_key(10) && sort_key(u64::from(u32::MAX)) < sort_key(1 << 40));
    }
}
