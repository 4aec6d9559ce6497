//! The keys that applications give memories: a key is unique among the memories of one namespace, user and agent.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use strum::{EnumString, VariantNames};

use crate::fields::Fields;
use crate::memory::NewMemory;
use crate::namespace::{InBody, InQuery};
use crate::rules::Rule;
use crate::{Memory, Namespace, Result, Timestamp, rules};

/// A key with the scope in which it is unique.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopedKey {
    key: String,
    namespace: Option<Namespace>,
    user_id: Option<String>,
    agent_id: Option<String>,
}

impl ScopedKey {
    /// A key in this scope.
    pub const fn new(
        key: String,
        namespace: Option<Namespace>,
        user_id: Option<String>,
        agent_id: Option<String>,
    ) -> Self {
        Self { key, namespace, user_id, agent_id }
    }

    /// The key of `memory`, if it has one.
    pub fn of(memory: &Memory) -> Option<Self> {
        let key = memory.key.clone()?;
        Some(Self::new(key, memory.namespace.clone(), memory.user_id.clone(), memory.agent_id.clone()))
    }

    /// Parses the query string of a request about the memory with a key. What the scope leaves out is absent.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field.
    pub fn parse(mut fields: Fields) -> Result<Self> {
        let key = fields.require("key", rules::memory_key());
        let namespace = fields.take("namespace", InQuery);
        let user_id = fields.take("userId", rules::scoping_id());
        let agent_id = fields.take("agentId", rules::scoping_id());
        let key = fields.finish_with(key)?;
        Ok(Self::new(key, namespace, user_id, agent_id))
    }

    /// Parses the body of a request that puts a memory under this key. The body may repeat the key and its scope, and must not
    /// contradict them.
    ///
    /// # Errors
    /// As [`NewMemory::parse`].
    pub fn parse_new(&self, fields: Fields, now: Timestamp) -> Result<NewMemory> {
        let mut fields = fields.with_null_as_absent();
        check_same(&mut fields, "key", rules::memory_key(), Some(&self.key));
        check_same(&mut fields, "namespace", InBody, self.namespace.as_ref());
        check_same(&mut fields, "userId", rules::scoping_id(), self.user_id.as_ref());
        check_same(&mut fields, "agentId", rules::scoping_id(), self.agent_id.as_ref());
        let new = NewMemory::parse(fields, now)?;
        let Self { key, namespace, user_id, agent_id } = self.clone();
        Ok(NewMemory { key: Some(key), namespace, user_id, agent_id, ..new })
    }

    /// Whether `memory` has this key in this scope.
    pub fn is_of(&self, memory: &Memory) -> bool {
        memory.key.as_ref() == Some(&self.key)
            && memory.namespace == self.namespace
            && memory.user_id == self.user_id
            && memory.agent_id == self.agent_id
    }

    /// SHA-256 over the key and its scope, in hexadecimal. Each part is preceded by its length, and an absent part differs from
    /// every part that is present.
    pub fn digest(&self) -> String {
        let namespace = self.namespace.as_ref().map(Namespace::to_string);
        let parts = [Some(&self.key), namespace.as_ref(), self.user_id.as_ref(), self.agent_id.as_ref()];
        let mut hash = Sha256::new();
        for part in parts {
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            hash.update(length.to_be_bytes());
            hash.update(part.map(String::as_bytes).unwrap_or_default());
        }
        hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// Reports a field of the body that contradicts the query.
fn check_same<R: Rule<Value: PartialEq>>(
    fields: &mut Fields,
    name: &str,
    rule: R,
    wanted: Option<&R::Value>,
) {
    if fields.take(name, rule).is_some_and(|found| Some(&found) != wanted) {
        fields.report(name, "must be absent or the same as in the query");
    }
}

/// What becomes of a new memory whose key another memory has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum OnConflict {
    /// It replaces the other memory, whose id and time of creation stay.
    Replace,
    /// The other memory stays as it is.
    Keep,
    /// It is refused.
    Fail,
}

/// The query of a request that creates memories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConflictQuery {
    /// What becomes of a memory whose key is taken; `None` for the default of the request.
    pub on_conflict: Option<OnConflict>,
}

impl ConflictQuery {
    /// Parses the query string.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field.
    pub fn parse(mut fields: Fields) -> Result<Self> {
        let on_conflict = fields.take("onConflict", rules::one_of::<OnConflict>());
        fields.finish()?;
        Ok(Self { on_conflict })
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for ScopedKey {
    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.query());
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for ConflictQuery {
    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.query());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::{Error, TenantId};

    fn key(parts: [Option<&str>; 4]) -> ScopedKey {
        let owned = |part: Option<&str>| part.map(str::to_owned);
        let [key, namespace, user_id, agent_id] = parts;
        let namespace = namespace.map(|text| Namespace::parse(text).expect("a namespace"));
        ScopedKey::new(owned(key).expect("a key"), namespace, owned(user_id), owned(agent_id))
    }

    #[test]
    fn keys_and_scopes_that_differ_have_digests_that_differ() {
        let keys = [
            [Some("k"), None, None, None],
            [Some("k"), Some("n"), None, None],
            [Some("k"), None, Some("n"), None],
            [Some("k"), None, None, Some("n")],
            [Some("k"), Some("n/m"), None, None],
            [Some("k"), Some("n~1m"), None, None],
            [Some("kn"), None, None, None],
            [Some("k"), None, Some("na"), None],
            [Some("k"), None, Some("n"), Some("a")],
        ];
        let digests: BTreeSet<String> = keys.map(|parts| key(parts).digest()).into();
        assert_eq!(digests.len(), keys.len());
        assert!(digests.iter().all(|digest| digest.len() == 64), "{digests:?}");
    }

    #[test]
    fn a_body_may_repeat_the_key_and_its_scope_and_must_not_contradict_them() {
        let tenant = TenantId::parse("acme").expect("a tenant");
        let key = key([Some("k"), Some("a/b"), Some("maya"), None]);
        let parse = |extra: serde_json::Value| {
            let mut body = json!({"content": "tea", "type": "task"});
            body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
            key.parse_new(Fields::of_body(body, &tenant).expect("fields"), Timestamp::from_micros(0))
        };
        let same = json!({"key": "k", "namespace": ["a", "b"], "userId": "maya", "agentId": null});
        for extra in [json!({}), same] {
            let new = parse(extra).expect("a memory");
            assert_eq!((new.key.as_deref(), new.user_id.as_deref()), (Some("k"), Some("maya")));
        }
        let other = json!({"key": "l", "namespace": ["a"], "userId": "ben", "agentId": "x", "importance": 2});
        let Err(Error::Validation(errors)) = parse(other) else { panic!("accepted") };
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["key", "namespace", "userId", "agentId", "importance"]);
    }
}
