//! An event as it is listed and sent: with what it is about, as that is now. Fields are in alphabetical order.

#[cfg(feature = "describe")]
mod schema;

#[cfg(feature = "describe")]
use schemars::JsonSchema;
use serde::Serialize;

use crate::event::{DeletionReason, DisablingReason, Event, EventId, EventType, MemoryChange, Occurrence};
use crate::key::Environment;
use crate::key_summary::{KeyStatus, KeySummary};
use crate::{KeyId, Memory, MemoryId, RequestId, Scopes, TenantId, Timestamp, WebhookId};

/// The version of the payload's format.
const VERSION: &str = "1.0";

/// What an event is about, as it is now.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A memory.
    Memory(Memory),
    /// An API key.
    Key(KeySummary),
}

/// An event as it is listed and sent.
#[derive(Clone, Debug, Serialize)]
pub struct Payload<'a> {
    data: Data<'a>,
    event: EventType,
    id: &'a EventId,
    metadata: PayloadMetadata<'a>,
}

/// About an event.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "describe", derive(JsonSchema), schemars(rename = "EventMetadata"))]
struct PayloadMetadata<'a> {
    /// The names of the fields that were changed. Only of `memory.updated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_fields: Option<&'a [String]>,
    /// The request that caused the event. `null`: none did, or it is not known.
    request_id: Option<&'a RequestId>,
    /// `true` in what a test of an endpoint sends. Absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<bool>,
    /// When it happened.
    timestamp: Timestamp,
    /// The version of the format: `1.0`.
    version: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Memory(Box<MemoryData<'a>>),
    GoneMemory(GoneMemory<'a>),
    Key(KeyData<'a>),
    GoneKey(GoneKey<'a>),
    Search(SearchData<'a>),
    Webhook(WebhookData<'a>),
}

/// The memory that an event is about, as it is now.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "describe", derive(JsonSchema), schemars(rename = "MemoryEventData"))]
#[serde(rename_all = "camelCase")]
struct MemoryData<'a> {
    #[serde(flatten)]
    memory: &'a Memory,
    /// The tenant.
    tenant_id: &'a TenantId,
}

/// A memory that does not exist any more.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "describe", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
struct GoneMemory<'a> {
    /// The id of the memory.
    id: &'a MemoryId,
    /// Why it does not exist: it was deleted, or has expired.
    reason: DeletionReason,
    /// The tenant.
    tenant_id: &'a TenantId,
}

/// The API key that an event is about, as it is now.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "describe", derive(JsonSchema), schemars(rename = "ApiKeyEventData"))]
#[serde(rename_all = "camelCase")]
struct KeyData<'a> {
    /// When the key was created.
    created_at: Timestamp,
    /// The label of the key.
    environment: Environment,
    /// From then on the key is refused. `null`: it does not expire.
    expires_at: Option<Timestamp>,
    /// The id of the key.
    id: &'a KeyId,
    /// The first characters of the key's text.
    key_prefix: &'a str,
    /// The name for people.
    name: &'a str,
    /// When the key was revoked. `null`: it was not.
    revoked_at: Option<Timestamp>,
    /// What the key allows.
    scopes: Scopes,
    /// Whether the key is accepted.
    status: KeyStatus,
    /// The tenant.
    tenant_id: &'a TenantId,
}

/// An API key that is not kept any more.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "describe", derive(JsonSchema), schemars(rename = "GoneApiKey"))]
#[serde(rename_all = "camelCase")]
struct GoneKey<'a> {
    /// The id of the key.
    id: &'a KeyId,
    /// The tenant.
    tenant_id: &'a TenantId,
}

/// A search.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "describe", derive(JsonSchema), schemars(rename = "SearchEventData"))]
#[serde(rename_all = "camelCase")]
struct SearchData<'a> {
    /// How many memories it has found.
    results: u64,
    /// The tenant.
    tenant_id: &'a TenantId,
}

/// The webhook endpoint that an event is about.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "describe", derive(JsonSchema), schemars(rename = "WebhookEventData"))]
#[serde(rename_all = "camelCase")]
struct WebhookData<'a> {
    /// When the endpoint will be disabled. Only of `webhook.disabling`.
    #[serde(skip_serializing_if = "Option::is_none")]
    disables_at: Option<Timestamp>,
    /// The id of the endpoint.
    id: &'a WebhookId,
    /// Why the endpoint was disabled. Only of `webhook.disabled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<DisablingReason>,
    /// The tenant.
    tenant_id: &'a TenantId,
}

impl<'a> Payload<'a> {
    /// `event` of `tenant` at `now`, when its subject is this; `None` for a subject that is gone, and for a search.
    pub fn of(tenant: &'a TenantId, event: &'a Event, subject: Option<&'a Subject>, now: Timestamp) -> Self {
        let changed_fields = match &event.occurrence {
            Occurrence::Memory { change: MemoryChange::Updated(fields), .. } => Some(fields.as_slice()),
            _ => None,
        };
        let metadata = PayloadMetadata {
            changed_fields,
            request_id: event.request_id.as_ref(),
            test: None,
            timestamp: event.at,
            version: VERSION,
        };
        let data = Data::of(tenant, event, subject, now);
        Self { data, event: event.occurrence.event_type(), id: &event.id, metadata }
    }

    /// The same payload, marked as a test.
    #[must_use]
    pub fn as_test(mut self) -> Self {
        self.metadata.test = Some(true);
        self
    }
}

impl<'a> Data<'a> {
    fn of(tenant_id: &'a TenantId, event: &'a Event, subject: Option<&'a Subject>, now: Timestamp) -> Self {
        match (&event.occurrence, subject) {
            (Occurrence::Memory { id, change: MemoryChange::Deleted(reason), .. }, _) => {
                Self::GoneMemory(GoneMemory { id, reason: *reason, tenant_id })
            }
            (Occurrence::Memory { .. }, Some(Subject::Memory(memory))) if memory.is_visible(now) => {
                Self::Memory(Box::new(MemoryData { memory, tenant_id }))
            }
            (Occurrence::Memory { id, expires_at, .. }, subject) => {
                // The expiry may have been changed since the event.
                let expires_at = match subject {
                    Some(Subject::Memory(memory)) => memory.expires_at,
                    _ => *expires_at,
                };
                let has_expired = expires_at.is_some_and(|end| end <= now);
                let reason = if has_expired { DeletionReason::Expired } else { DeletionReason::Deleted };
                Self::GoneMemory(GoneMemory { id, reason, tenant_id })
            }
            (Occurrence::KeyCreated(_) | Occurrence::KeyRevoked(_), Some(Subject::Key(key)))
                if key.is_listed(now) =>
            {
                Self::Key(KeyData {
                    created_at: key.created_at,
                    environment: key.environment,
                    expires_at: key.expires_at,
                    id: &key.id,
                    key_prefix: &key.key_prefix,
                    name: &key.name,
                    revoked_at: key.revoked_at,
                    scopes: key.scopes,
                    status: key.status(now),
                    tenant_id,
                })
            }
            (Occurrence::KeyCreated(id) | Occurrence::KeyRevoked(id), _) => {
                Self::GoneKey(GoneKey { id, tenant_id })
            }
            (Occurrence::Search { results }, _) => Self::Search(SearchData { results: *results, tenant_id }),
            (Occurrence::WebhookDisabling { id, disables_at }, _) => {
                let disables_at = Some(*disables_at);
                Self::Webhook(WebhookData { disables_at, id, reason: None, tenant_id })
            }
            (Occurrence::WebhookDisabled { id, reason }, _) => {
                let reason = Some(*reason);
                Self::Webhook(WebhookData { disables_at: None, id, reason, tenant_id })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::event::Owners;
    use crate::fields::Fields;
    use crate::memory::NewMemory;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-24T12:00:00Z").expect("a time")
    }

    fn tenant() -> TenantId {
        TenantId::parse("acme").expect("a tenant")
    }

    fn memory(expires_at: Option<&str>) -> Memory {
        let body = json!({"content": "tea", "type": "task", "expiresAt": expires_at});
        let fields = Fields::of_body(body, &tenant()).expect("fields");
        let new = NewMemory::parse(fields, now().minus(Duration::from_secs(60))).expect("a memory");
        new.named(MemoryId::parse("mem_0123456789abcdefghijkl").expect("an id"))
    }

    fn data(change: MemoryChange, expires_at: Option<Timestamp>, subject: Option<Memory>) -> Value {
        let memory = memory(None);
        let version = "v".into();
        let occurrence =
            Occurrence::Memory { id: memory.id, version, expires_at, owners: Owners::default(), change };
        let id = EventId::derive("t", "1", 0);
        let event = Event { id, at: now(), request_id: None, occurrence };
        let subject = subject.map(Subject::Memory);
        let payload = serde_json::to_value(Payload::of(&tenant(), &event, subject.as_ref(), now()));
        payload.expect("JSON")["data"].clone()
    }

    #[test]
    fn a_memory_is_shown_as_it_is_now_and_a_memory_that_is_gone_by_its_id_and_the_reason() {
        let mut whole = serde_json::to_value(memory(None)).expect("JSON");
        whole["tenantId"] = json!("acme");
        let gone =
            |reason: &str| json!({"id": "mem_0123456789abcdefghijkl", "tenantId": "acme", "reason": reason});
        let updated = || MemoryChange::Updated(vec!["content".into()]);
        assert_eq!(data(MemoryChange::Created, None, Some(memory(None))), whole);
        assert_eq!(data(updated(), None, Some(memory(None))), whole);
        // It may exist again, under the same id.
        for reason in DeletionReason::ALL {
            let deleted = data(MemoryChange::Deleted(reason), None, Some(memory(None)));
            assert_eq!(deleted, gone(reason.as_str()));
        }
        for (recorded, now_stored, reason) in [
            (None, None, "deleted"),
            (Some(now().plus(Duration::from_secs(1))), None, "deleted"),
            (Some(now()), None, "expired"),
            (None, Some(memory(Some("2026-11-24T12:00:00Z"))), "expired"),
        ] {
            assert_eq!(data(MemoryChange::Created, recorded, now_stored), gone(reason));
        }
        let prolonged = memory(Some("2026-11-24T12:00:01Z"));
        assert_eq!(data(updated(), Some(now()), Some(prolonged))["content"], "tea");
    }
}
