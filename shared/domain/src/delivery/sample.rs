//! The event that a test of an endpoint sends. Its ids are random, so that nothing has them.

use std::time::Duration;

use rand::{Rng, RngExt};

use crate::event::{
    DeletionReason, DisablingReason, Event, EventId, EventType, MemoryChange, Occurrence, Owners,
};
use crate::feed::{Payload, Subject};
use crate::key::Environment;
use crate::key_summary::KeySummary;
use crate::memory::{DEFAULT_IMPORTANCE, MemoryType};
use crate::{KeyId, Memory, MemoryId, Metadata, Scope, TenantId, Timestamp, WebhookId};

/// The content of a memory in a test.
const CONTENT: &str = "A sample memory, sent by a test of the webhook. It is stored nowhere.";
/// How long before its deactivation an endpoint's owner is told, in a test.
const NOTICE: Duration = Duration::from_secs(86_400);

/// An event of a test, with what it is about.
#[derive(Clone, Debug)]
pub struct Sample {
    event: Event,
    subject: Option<Subject>,
}

impl Sample {
    /// An event of this type at `at`.
    pub fn new(event_type: EventType, at: Timestamp, rng: &mut impl Rng) -> Self {
        let at = at.to_millis();
        let memory = |rng: &mut _, change| {
            let memory = memory(at, rng);
            let (version, owners) = ("sample".to_owned(), Owners::default());
            let occurrence =
                Occurrence::Memory { id: memory.id.clone(), version, expires_at: None, owners, change };
            (occurrence, Some(Subject::Memory(memory)))
        };
        let (occurrence, subject) = match event_type {
            EventType::MemoryCreated => memory(rng, MemoryChange::Created),
            EventType::MemoryUpdated => memory(rng, MemoryChange::Updated(vec!["content".into()])),
            EventType::MemoryDeleted => memory(rng, MemoryChange::Deleted(DeletionReason::Deleted)),
            EventType::SearchPerformed => (Occurrence::Search { results: 3 }, None),
            EventType::ApiKeyCreated => {
                let key = key(at, None, rng);
                (Occurrence::KeyCreated(key.id.clone()), Some(Subject::Key(key)))
            }
            EventType::ApiKeyRevoked => {
                let key = key(at, Some(at), rng);
                (Occurrence::KeyRevoked(key.id.clone()), Some(Subject::Key(key)))
            }
            EventType::WebhookDisabling => {
                let id = WebhookId::mint(rng);
                (Occurrence::WebhookDisabling { id, disables_at: at.plus(NOTICE) }, None)
            }
            EventType::WebhookDisabled => {
                let (id, reason) = (WebhookId::mint(rng), DisablingReason::Failing);
                (Occurrence::WebhookDisabled { id, reason }, None)
            }
        };
        let id = EventId::derive("test", &format!("{:032x}", rng.random::<u128>()), 0);
        Self { event: Event { id, at, request_id: None, occurrence }, subject }
    }

    /// The event's id.
    pub const fn id(&self) -> &EventId {
        &self.event.id
    }

    /// What is sent to an endpoint of `tenant`.
    pub fn payload<'a>(&'a self, tenant: &'a TenantId) -> Payload<'a> {
        Payload::of(tenant, &self.event, self.subject.as_ref(), self.event.at).as_test()
    }
}

fn memory(at: Timestamp, rng: &mut impl Rng) -> Memory {
    Memory {
        id: MemoryId::mint(at, rng),
        content: CONTENT.into(),
        kind: MemoryType::Semantic,
        importance: DEFAULT_IMPORTANCE,
        tags: vec!["sample".into()],
        metadata: Metadata::default(),
        namespace: None,
        key: None,
        user_id: None,
        agent_id: None,
        session_id: None,
        expires_at: None,
        searchable: true,
        created_at: at,
        updated_at: at,
    }
}

fn key(at: Timestamp, revoked_at: Option<Timestamp>, rng: &mut impl Rng) -> KeySummary {
    let (id, environment) = (KeyId::mint(rng), Environment::Development);
    KeySummary {
        key_prefix: "hb_dev_sample".into(),
        id,
        name: "A sample key".into(),
        environment,
        scopes: [Scope::ReadMemories].into_iter().collect(),
        created_at: at,
        expires_at: None,
        revoked_at,
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_sample_of_each_type_is_marked_as_a_test_and_has_ids_of_its_own() {
        let (tenant, mut rng) = (TenantId::parse("acme").expect("a tenant"), StdRng::seed_from_u64(1));
        let now = Timestamp::from_millis(1_795_521_600_000);
        let mut ids = Vec::new();
        for event_type in EventType::ALL.into_iter().chain(EventType::ALL) {
            let sample = Sample::new(event_type, now, &mut rng);
            let payload = serde_json::to_value(sample.payload(&tenant)).expect("JSON");
            assert_eq!(payload["event"], event_type.as_str());
            assert_eq!(payload["metadata"]["test"], true);
            assert_eq!(payload["data"]["tenantId"], "acme");
            for id in [&payload["id"], &payload["data"]["id"]] {
                assert!(!ids.contains(id) || id.is_null(), "{id}");
                ids.push(id.clone());
            }
        }
    }
}
