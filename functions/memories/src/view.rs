//! Memories in responses that contain many, serialised without copying them. Fields are in alphabetical order.

use hb_domain::memory::MemoryType;
use hb_domain::{Memory, MemoryId, Metadata, Namespace, Timestamp};
use hb_http::Hit;
use serde::Serialize;

/// A memory in a list: what [`Memory`] is, and described as it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<&'a str>,
    content: &'a str,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    id: &'a MemoryId,
    importance: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    metadata: &'a Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a Namespace>,
    /// Absent means true.
    #[serde(skip_serializing_if = "Option::is_none")]
    searchable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    tags: &'a [String],
    #[serde(rename = "type")]
    kind: MemoryType,
    updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

impl<'a> Listed<'a> {
    pub(crate) fn of(memory: &'a Memory) -> Self {
        Self {
            agent_id: memory.agent_id.as_deref(),
            content: &memory.content,
            created_at: memory.created_at,
            expires_at: memory.expires_at,
            id: &memory.id,
            importance: memory.importance,
            key: memory.key.as_deref(),
            metadata: &memory.metadata,
            namespace: memory.namespace.as_ref(),
            searchable: (!memory.searchable).then_some(false),
            session_id: memory.session_id.as_deref(),
            tags: &memory.tags,
            kind: memory.kind,
            updated_at: memory.updated_at,
            user_id: memory.user_id.as_deref(),
        }
    }
}

/// A memory that a search has found, and how well it fits.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "FoundMemory"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found<'a> {
    /// The agent that created the memory. Absent: none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<&'a str>,
    /// The text.
    content: &'a str,
    /// When the memory was created.
    created_at: Timestamp,
    /// From then on the memory does not exist. Absent: it does not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// What the score is made of. Only if the search has `explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation<'a>>,
    /// The id of the memory.
    id: &'a MemoryId,
    /// How important the memory is: 0 to 1.
    importance: f64,
    /// The application's own name for the memory. Absent: it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    /// Data of the application.
    metadata: &'a Metadata,
    /// The namespace of the memory. Absent: it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a Namespace>,
    /// 0 to 1: the probability that the memory is about the query. `null` in a search without a query.
    relevance: Option<f64>,
    /// The conversation that the memory comes from. Absent: none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    /// The labels of the memory.
    tags: &'a [String],
    /// The kind of memory.
    #[serde(rename = "type")]
    kind: MemoryType,
    /// When the memory was last changed.
    updated_at: Timestamp,
    /// The end user that the memory is about. Absent: none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

/// What the score of a result is made of.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "ScoreExplanation"))]
struct Explanation<'a> {
    /// The part of the memory's `importance`.
    importance: f64,
    /// What a long memory loses for each word of the query that it lacks: 0 or less.
    length: f64,
    /// The part of the similarity of meaning.
    meaning: f64,
    /// The sum of the parts, by which results are ordered.
    score: f64,
    /// The part of what was said nearby in the same session.
    session: f64,
    /// The words of the query that the memory contains, directly or as a synonym.
    terms: &'a [String],
    /// The part of the words that the query and the memory share.
    words: f64,
}

impl<'a> Explanation<'a> {
    fn of(hit: &'a Hit) -> Self {
        let parts = &hit.explanation;
        Self {
            importance: parts.importance,
            length: parts.length,
            meaning: parts.meaning,
            score: parts.score,
            session: parts.session,
            terms: &parts.terms,
            words: parts.words,
        }
    }
}

impl<'a> Found<'a> {
    /// A result, which has a hit if the search has a query.
    pub(crate) fn of(memory: &'a Memory, hit: Option<&'a Hit>, explain: bool) -> Self {
        Self {
            agent_id: memory.agent_id.as_deref(),
            content: &memory.content,
            created_at: memory.created_at,
            expires_at: memory.expires_at,
            explanation: hit.filter(|_| explain).map(Explanation::of),
            id: &memory.id,
            importance: memory.importance,
            key: memory.key.as_deref(),
            metadata: &memory.metadata,
            namespace: memory.namespace.as_ref(),
            relevance: hit.map(|hit| hit.relevance),
            session_id: memory.session_id.as_deref(),
            tags: &memory.tags,
            kind: memory.kind,
            updated_at: memory.updated_at,
            user_id: memory.user_id.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use hb_domain::fields::Fields;
    use hb_domain::memory::NewMemory;
    use hb_domain::{TenantId, Timestamp};
    use serde_json::{Value, json};

    use super::*;

    fn memory(body: Value) -> Memory {
        let now = Timestamp::parse("2026-11-24T12:00:00Z").expect("a time");
        let tenant = TenantId::parse("acme").expect("a tenant");
        let new = NewMemory::parse(Fields::of_body(body, &tenant).expect("fields"), now).expect("a memory");
        new.named(MemoryId::parse("mem_0123456789abcdefghijkl").expect("an id"))
    }

    #[test]
    fn every_field_is_listed_in_the_order_of_names() {
        let bare = json!({"content": "tea", "type": "task"});
        let full = json!({
            "content": "tea\u{1}é", "type": "task", "importance": 1, "tags": ["b", "a"], "userId": "u", "agentId": "a",
            "sessionId": "s", "expiresAt": "2027-01-01T00:00:00Z", "searchable": false, "key": "k", "namespace": ["n", "m"], "metadata": {"b": 1.0, "a": [-0.0, {"d": 1, "c": null}]},
        });
        for memory in [memory(bare), memory(full)] {
            let tree = serde_json::to_value(&memory).expect("JSON").to_string();
            assert_eq!(serde_json::to_string(&Listed::of(&memory)).expect("JSON"), tree);
        }
    }
}
