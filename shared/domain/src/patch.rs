//! A request to change a memory.

use serde_json::{Map, Value};
use strum::{EnumString, VariantNames};

use crate::fields::Fields;
use crate::memory::{Memory, MemoryType, take_lifetime};
use crate::namespace::InBody;
use crate::{Error, Metadata, Namespace, Result, Timestamp, rules};

/// The changes of a PATCH: `None` leaves a field unchanged, `Some(None)` removes it.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of Memory")]
pub struct Patch {
    pub content: Option<String>,
    pub kind: Option<MemoryType>,
    pub importance: Option<f64>,
    pub tags: Option<Vec<String>>,
    pub metadata: Option<Map<String, Value>>,
    pub metadata_mode: MetadataMode,
    pub namespace: Option<Option<Namespace>>,
    pub key: Option<Option<String>>,
    pub user_id: Option<Option<String>>,
    pub agent_id: Option<Option<String>>,
    pub session_id: Option<Option<String>>,
    pub expires_at: Option<Option<Timestamp>>,
    pub searchable: Option<bool>,
    /// Whether `updatedAt` changes even where every value stays the same. Set where the caller may not read the memory, so
    /// that the response does not reveal whether the values were the same.
    pub always_touches: bool,
}

/// What the metadata of a PATCH does with that of the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum MetadataMode {
    /// It is a JSON Merge Patch: null removes a field.
    #[default]
    Merge,
    /// It takes its place. A null is a value.
    Replace,
}

impl Patch {
    /// Parses the body of a PATCH. An expiry must be after `now`.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`], or every invalid field.
    pub fn parse(mut fields: Fields, now: Timestamp) -> Result<Self> {
        let expires_at = fields.take("expiresAt", rules::nullable(rules::future(now)));
        let lifetime = take_lifetime(&mut fields, now, expires_at.is_some());
        let mode = fields.take("metadataMode", rules::one_of::<MetadataMode>());
        let patch = Self {
            content: fields.take("content", rules::content()),
            kind: fields.take("type", rules::one_of::<MemoryType>()),
            importance: fields.take("importance", rules::fraction()),
            tags: fields.take("tags", rules::tags()),
            metadata: fields.take("metadata", rules::metadata()),
            metadata_mode: mode.unwrap_or_default(),
            namespace: fields.take("namespace", rules::nullable(InBody)),
            key: fields.take("key", rules::nullable(rules::memory_key())),
            user_id: fields.take("userId", rules::nullable(rules::scoping_id())),
            agent_id: fields.take("agentId", rules::nullable(rules::scoping_id())),
            session_id: fields.take("sessionId", rules::nullable(rules::scoping_id())),
            expires_at: expires_at.or(lifetime.map(Some)),
            searchable: fields.take("searchable", rules::flag()),
            always_touches: false,
        };
        if mode.is_some() && patch.metadata.is_none() && fields.is_valid() {
            fields.report("metadataMode", "is only allowed beside metadata");
        }
        fields.finish()?;
        Ok(patch)
    }

    /// `memory` with these changes at `now`. `updatedAt` stays where nothing changes.
    ///
    /// # Errors
    /// [`Error::Validation`] when the merged metadata exceeds the bounds.
    pub fn apply(&self, memory: &Memory, now: Timestamp) -> Result<Memory> {
        let mut patched = memory.clone();
        set(&mut patched.content, &self.content);
        set(&mut patched.kind, &self.kind);
        set(&mut patched.importance, &self.importance);
        set(&mut patched.tags, &self.tags);
        set(&mut patched.namespace, &self.namespace);
        set(&mut patched.key, &self.key);
        set(&mut patched.user_id, &self.user_id);
        set(&mut patched.agent_id, &self.agent_id);
        set(&mut patched.session_id, &self.session_id);
        set(&mut patched.expires_at, &self.expires_at);
        set(&mut patched.searchable, &self.searchable);
        if let Some(changes) = &self.metadata {
            let before = memory.metadata.to_map();
            let merged = match self.metadata_mode {
                MetadataMode::Merge => merged(&before, changes),
                MetadataMode::Replace => changes.clone(),
            };
            // Compared as values, not as text: equal metadata keeps its text, even where it exceeds today's bounds.
            if merged != before {
                rules::check_bounds(&merged).map_err(|problem| Error::field("metadata", problem))?;
                patched.metadata = Metadata::from(&merged);
            }
        }
        if patched != *memory || (self.always_touches && !self.is_empty()) {
            // The clock may be behind that of the last writer: `updatedAt` never decreases.
            patched.updated_at = now.to_millis().max(memory.updated_at);
        }
        Ok(patched)
    }

    /// Whether it changes no field.
    fn is_empty(&self) -> bool {
        *self == Self { always_touches: self.always_touches, ..Self::default() }
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for Patch {
    fn name() -> &'static str {
        "MemoryPatch"
    }

    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.body(), recorder.now());
    }
}

fn set<T: Clone>(target: &mut T, change: &Option<T>) {
    if let Some(value) = change {
        target.clone_from(value);
    }
}

/// `before` with these changes.
fn merged(before: &Map<String, Value>, changes: &Map<String, Value>) -> Map<String, Value> {
    let mut merged = before.clone();
    merge(&mut merged, changes);
    merged
}

/// JSON Merge Patch (RFC 7396): null removes, objects merge, everything else replaces.
fn merge(target: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (key, change) in changes {
        match change {
            Value::Null => {
                target.remove(key);
            }
            Value::Object(inner) => {
                let slot = target.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
                if !slot.is_object() {
                    *slot = Value::Object(Map::new());
                }
                if let Value::Object(map) = slot {
                    merge(map, inner);
                }
            }
            other => {
                target.insert(key.clone(), other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn metadata_is_merged_as_rfc_7396_says() {
        // Cases of the RFC's appendix A that concern objects.
        for (target, patch, expected) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ] {
            let mut merged = map(target);
            merge(&mut merged, &map(patch));
            assert_eq!(Value::Object(merged), expected);
        }
    }
}
