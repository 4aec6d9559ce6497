//! A memory, and how a request makes one.

use crate::fields::Fields;
use crate::{MemoryId, Metadata, Result, TenantId, Timestamp, json, rules};
use serde::Serialize;

/// The importance of a memory whose creator gave none.
pub const DEFAULT_IMPORTANCE: f64 = 0.5;
/// The most characters a memory's content may have.
pub const MAX_CONTENT: usize = 10_000;

/// What a memory is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the API defines these names and nothing behind them")]
pub enum MemoryType {
    Episodic,
    Semantic,
    Procedural,
    Working,
    Prospective,
    Emotional,
    Contextual,
    Identity,
    Relational,
    Event,
    Predictive,
    Task,
    Decision,
}

impl MemoryType {
    /// Every type.
    pub const ALL: [Self; 13] = [
        Self::Episodic,
        Self::Semantic,
        Self::Procedural,
        Self::Working,
        Self::Prospective,
        Self::Emotional,
        Self::Contextual,
        Self::Identity,
        Self::Relational,
        Self::Event,
        Self::Predictive,
        Self::Task,
        Self::Decision,
    ];

    /// The name used in requests, answers and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Episodic => "episodic",
            Self::Semantic => "semantic",
            Self::Procedural => "procedural",
            Self::Working => "working",
            Self::Prospective => "prospective",
            Self::Emotional => "emotional",
            Self::Contextual => "contextual",
            Self::Identity => "identity",
            Self::Relational => "relational",
            Self::Event => "event",
            Self::Predictive => "predictive",
            Self::Task => "task",
            Self::Decision => "decision",
        }
    }

    /// The type of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What a user told an application, as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// Its id, which holds its time of creation.
    pub id: MemoryId,
    /// The text.
    pub content: String,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: MemoryType,
    /// 0 to 1.
    pub importance: f64,
    /// Labels to filter by.
    pub tags: Vec<String>,
    /// Whatever the application wants to keep with it.
    pub metadata: Metadata,
    /// The end user it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The agent that learnt it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The conversation it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// From when on it is invisible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Memory {
    /// Whether the memory is there for a reader at `now`.
    pub fn is_visible(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }

    /// What it takes of the tenant's storage, in bytes: its length as a line of an export.
    pub fn size(&self) -> u64 {
        json::length(self) as u64 + 1
    }
}

/// What a request to create a memory gives.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of Memory")]
pub struct NewMemory {
    pub content: String,
    pub kind: MemoryType,
    pub importance: f64,
    pub tags: Vec<String>,
    pub metadata: Metadata,
    pub user_id: Option<String>,
    pub agent_id: Option<String>,
    pub session_id: Option<String>,
    pub expires_at: Option<Timestamp>,
}

impl NewMemory {
    /// Reads the body of a request to create a memory.
    ///
    /// # Errors
    /// Everything wrong with it, at once.
    pub fn parse(mut fields: Fields, tenant: &TenantId, now: Timestamp) -> Result<Self> {
        fields.check_tenant(tenant);
        let content = fields.require("content", rules::text(1..=MAX_CONTENT));
        let kind = fields.require("type", rules::memory_type);
        let rest = Self {
            content: String::new(),
            kind: MemoryType::Episodic,
            importance: fields.take("importance", rules::fraction).unwrap_or(DEFAULT_IMPORTANCE),
            tags: fields.take("tags", rules::tags).unwrap_or_default(),
            metadata: fields
                .take("metadata", rules::metadata)
                .map_or_else(Metadata::default, |map| Metadata::from(&map)),
            user_id: fields.take("userId", rules::scoping_id),
            agent_id: fields.take("agentId", rules::scoping_id),
            session_id: fields.take("sessionId", rules::scoping_id),
            expires_at: fields.take("expiresAt", rules::future(now)),
        };
        let (content, kind) = fields.finish_with(content.zip(kind))?;
        Ok(Self { content, kind, ..rest })
    }

    /// The memory that this makes, under `id` and created when the id says.
    pub fn named(self, id: MemoryId) -> Memory {
        let created_at = id.created_at();
        Memory {
            id,
            content: self.content,
            kind: self.kind,
            importance: self.importance,
            tags: self.tags,
            metadata: self.metadata,
            user_id: self.user_id,
            agent_id: self.agent_id,
            session_id: self.session_id,
            expires_at: self.expires_at,
            created_at,
            updated_at: created_at,
        }
    }
}
