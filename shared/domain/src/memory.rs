//! A memory, and the request that creates one.

use std::time::Duration;

use serde::Serialize;
use strum::{EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::fields::Fields;
use crate::named::named;
use crate::namespace::InBody;
use crate::{MemoryId, Metadata, Namespace, Result, Timestamp, json, rules};

/// The importance of a memory whose request does not set it.
pub const DEFAULT_IMPORTANCE: f64 = 0.5;

/// The kind of a memory.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames,
)]
#[strum(serialize_all = "lowercase")]
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

named!(MemoryType);

/// A memory, as the API returns it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// The id of the memory, which contains the time of its creation.
    pub id: MemoryId,
    /// The text.
    pub content: String,
    /// The kind of memory.
    #[serde(rename = "type")]
    pub kind: MemoryType,
    /// How important the memory is: 0 to 1.
    pub importance: f64,
    /// Labels to filter by.
    pub tags: Vec<String>,
    /// Data of the application.
    pub metadata: Metadata,
    /// The namespace of the memory. Absent: it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The application's own name for the memory, unique among the memories of the same namespace, user and agent.
    /// Absent: it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The end user that the memory is about. Absent: none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The agent that created the memory. Absent: none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The conversation that the memory comes from. Absent: none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// From then on the memory does not exist. Absent: it does not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// `false`: searches do not find the memory. Absent: they do.
    #[serde(skip_serializing_if = "is_true")]
    pub searchable: bool,
    /// When the memory was created.
    pub created_at: Timestamp,
    /// When the memory was last changed.
    pub updated_at: Timestamp,
}

impl Memory {
    /// Whether the memory has not expired at `now`.
    pub fn is_visible(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }

    /// The memory that takes the place of `existing` at `now`: with its id and time of creation, and with nothing else of it.
    #[must_use]
    pub fn in_place_of(self, existing: &Self, now: Timestamp) -> Self {
        Self {
            id: existing.id.clone(),
            created_at: existing.created_at,
            // The clock may be behind that of the last writer: `updatedAt` never decreases.
            updated_at: now.to_millis().max(existing.updated_at),
            ..self
        }
    }

    /// The storage it uses, in bytes: its length as a line of an export.
    pub fn size(&self) -> u64 {
        json::length(self) as u64 + 1
    }
}

/// `Serialize` wants a function of a reference.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
const fn is_true(flag: &bool) -> bool {
    *flag
}

/// A request to create a memory.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of Memory")]
pub struct NewMemory {
    pub content: String,
    pub kind: MemoryType,
    pub importance: f64,
    pub tags: Vec<String>,
    pub metadata: Metadata,
    pub namespace: Option<Namespace>,
    pub key: Option<String>,
    pub user_id: Option<String>,
    pub agent_id: Option<String>,
    pub session_id: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub searchable: bool,
}

impl NewMemory {
    /// Parses the body of the request, in which null means absent. An expiry must be after `now`.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field.
    pub fn parse(fields: Fields, now: Timestamp) -> Result<Self> {
        let mut fields = fields.with_null_as_absent();
        let content = fields.require("content", rules::content());
        let kind = fields.require("type", rules::one_of::<MemoryType>());
        let expires_at = fields.take("expiresAt", rules::future(now));
        let lifetime = take_lifetime(&mut fields, now, expires_at.is_some());
        let rest = Self {
            content: String::new(),
            kind: MemoryType::Episodic,
            importance: fields.take("importance", rules::fraction()).unwrap_or(DEFAULT_IMPORTANCE),
            tags: fields.take("tags", rules::tags()).unwrap_or_default(),
            metadata: fields
                .take("metadata", rules::metadata())
                .map_or_else(Metadata::default, |map| Metadata::from(&map)),
            namespace: fields.take("namespace", InBody),
            key: fields.take("key", rules::memory_key()),
            user_id: fields.take("userId", rules::scoping_id()),
            agent_id: fields.take("agentId", rules::scoping_id()),
            session_id: fields.take("sessionId", rules::scoping_id()),
            expires_at: expires_at.or(lifetime),
            searchable: fields.take("searchable", rules::flag()).unwrap_or(true),
        };
        let (content, kind) = fields.finish_with(content.zip(kind))?;
        Ok(Self { content, kind, ..rest })
    }

    /// The memory with this `id`, created at the time that the id contains.
    pub fn named(self, id: MemoryId) -> Memory {
        let created_at = id.created_at();
        Memory {
            id,
            content: self.content,
            kind: self.kind,
            importance: self.importance,
            tags: self.tags,
            metadata: self.metadata,
            namespace: self.namespace,
            key: self.key,
            user_id: self.user_id,
            agent_id: self.agent_id,
            session_id: self.session_id,
            expires_at: self.expires_at,
            searchable: self.searchable,
            created_at,
            updated_at: created_at,
        }
    }

    /// The memory that replaces `existing` at `now`: with its id, and with nothing else of it.
    pub fn replacing(self, existing: &Memory, now: Timestamp) -> Memory {
        self.named(existing.id.clone()).in_place_of(existing, now)
    }
}

/// Reads `ttlSeconds`, the time from `now` until the memory expires, which excludes `expiresAt`.
pub(crate) fn take_lifetime(fields: &mut Fields, now: Timestamp, has_expiry: bool) -> Option<Timestamp> {
    let seconds = fields.take("ttlSeconds", rules::seconds_to_live())?;
    if has_expiry {
        fields.report("ttlSeconds", "cannot be combined with expiresAt");
    }
    Some(now.plus(Duration::from_secs(seconds)).to_millis())
}

#[cfg(feature = "describe")]
impl crate::describe::Request for NewMemory {
    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.body(), recorder.now());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Error, TenantId};

    fn parse(body: Value) -> Result<NewMemory> {
        let tenant = TenantId::parse("acme").expect("a tenant");
        NewMemory::parse(Fields::of_body(body, &tenant)?, Timestamp::from_micros(0))
    }

    #[test]
    fn null_is_absent() {
        let bare = json!({"content": "tea", "type": "semantic"});
        let mut nulls = bare.clone();
        let names = "importance tags metadata namespace key userId agentId sessionId expiresAt ttlSeconds searchable tenantId";
        for name in names.split(' ') {
            nulls[name] = Value::Null;
        }
        assert_eq!(parse(nulls), parse(bare));
        for (body, problems) in [
            (json!({"content": null, "type": null}), vec!["content is required", "type is required"]),
            (
                json!({"content": "tea", "type": "semantic", "colour": null}),
                vec!["colour is not a field of this request"],
            ),
        ] {
            let Err(Error::Validation(errors)) = parse(body) else { panic!("accepted") };
            assert_eq!(errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>(), problems);
        }
    }
}
