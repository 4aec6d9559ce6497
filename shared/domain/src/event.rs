//! Events: what happened to a tenant's memories and API keys, in the order of the tenant's feed.
//!
//! An event names what it is about and has no content: the content is read when the event is listed or sent.

mod id;
mod pattern;

use strum::{Display, EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::named::named;
use crate::{KeyId, Memory, MemoryId, Principal, RequestId, Result, Scope, Timestamp, WebhookId};
pub use id::EventId;
pub use pattern::EventPattern;

/// What happened.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Display,
    EnumCount,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
pub enum EventType {
    /// A memory was created.
    #[strum(serialize = "memory.created")]
    MemoryCreated,
    /// A memory was changed.
    #[strum(serialize = "memory.updated")]
    MemoryUpdated,
    /// A memory was deleted, or has expired and was removed.
    #[strum(serialize = "memory.deleted")]
    MemoryDeleted,
    /// A search was answered.
    #[strum(serialize = "search.performed")]
    SearchPerformed,
    /// An API key was created.
    #[strum(serialize = "api_key.created")]
    ApiKeyCreated,
    /// An API key was revoked.
    #[strum(serialize = "api_key.revoked")]
    ApiKeyRevoked,
    /// Deliveries to an endpoint have failed for days: it will be disabled.
    #[strum(serialize = "webhook.disabling")]
    WebhookDisabling,
    /// An endpoint was disabled.
    #[strum(serialize = "webhook.disabled")]
    WebhookDisabled,
}

named!(EventType);

impl EventType {
    /// Checks whether the caller may read events of this type: those of memories and searches with `read:memories`, those of
    /// keys if it may manage keys, those of webhooks with `write:webhooks`.
    ///
    /// # Errors
    /// [`Error::MissingScope`](crate::Error::MissingScope) or [`Error::Forbidden`](crate::Error::Forbidden).
    pub fn check_readable_by(self, principal: &Principal) -> Result<()> {
        match self {
            Self::MemoryCreated | Self::MemoryUpdated | Self::MemoryDeleted | Self::SearchPerformed => {
                principal.require(Scope::ReadMemories)
            }
            Self::ApiKeyCreated | Self::ApiKeyRevoked => principal.may_manage_keys(),
            Self::WebhookDisabling | Self::WebhookDisabled => principal.require(Scope::WriteWebhooks),
        }
    }
}

/// Why a memory is gone.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Display,
    EnumCount,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum DeletionReason {
    /// A request or the operator deleted it.
    Deleted,
    /// It had expired.
    Expired,
}

named!(DeletionReason);

/// Why an endpoint was disabled.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Display,
    EnumCount,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum DisablingReason {
    /// Its receiver answered 410.
    Gone,
    /// Every delivery failed for five days.
    Failing,
}

named!(DisablingReason);

/// The owners of a memory at the time of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The end user.
    pub user_id: Option<String>,
    /// The agent.
    pub agent_id: Option<String>,
    /// The session.
    pub session_id: Option<String>,
}

impl Owners {
    /// The owners of `memory`.
    pub fn of(memory: &Memory) -> Self {
        Self {
            user_id: memory.user_id.clone(),
            agent_id: memory.agent_id.clone(),
            session_id: memory.session_id.clone(),
        }
    }
}

/// What happened to a memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemoryChange {
    /// It was created.
    Created,
    /// These of its fields were changed, by their names in the API, in alphabetical order.
    Updated(Vec<String>),
    /// It was deleted.
    Deleted(DeletionReason),
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// A memory was created, changed or deleted.
    Memory {
        /// The memory.
        id: MemoryId,
        /// The name of its version after the change; before it, for a deletion.
        version: String,
        /// When it expires.
        expires_at: Option<Timestamp>,
        /// Its owners.
        owners: Owners,
        /// What happened.
        change: MemoryChange,
    },
    /// A search was answered with this many results.
    Search {
        /// The number of results in the response.
        results: u64,
    },
    /// An API key was created.
    KeyCreated(KeyId),
    /// An API key was revoked.
    KeyRevoked(KeyId),
    /// An endpoint will be disabled at this time, unless a delivery succeeds before.
    WebhookDisabling {
        /// The endpoint.
        id: WebhookId,
        /// When it will be disabled.
        disables_at: Timestamp,
    },
    /// An endpoint was disabled.
    WebhookDisabled {
        /// The endpoint.
        id: WebhookId,
        /// Why.
        reason: DisablingReason,
    },
}

impl Occurrence {
    /// The type of the event.
    pub const fn event_type(&self) -> EventType {
        match self {
            Self::Memory { change: MemoryChange::Created, .. } => EventType::MemoryCreated,
            Self::Memory { change: MemoryChange::Updated(_), .. } => EventType::MemoryUpdated,
            Self::Memory { change: MemoryChange::Deleted(_), .. } => EventType::MemoryDeleted,
            Self::Search { .. } => EventType::SearchPerformed,
            Self::KeyCreated(_) => EventType::ApiKeyCreated,
            Self::KeyRevoked(_) => EventType::ApiKeyRevoked,
            Self::WebhookDisabling { .. } => EventType::WebhookDisabling,
            Self::WebhookDisabled { .. } => EventType::WebhookDisabled,
        }
    }
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// When it happened, by the clock of the database where the database reports it. It does not decide the order of events.
    pub at: Timestamp,
    /// The request that caused it, if that is known.
    pub request_id: Option<RequestId>,
    /// What it is about.
    pub occurrence: Occurrence,
}
