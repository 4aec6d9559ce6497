//! A request to change many memories.

#[cfg(feature = "describe")]
use schemars::{Schema, json_schema};
use serde_json::Value;

use crate::batch::MAX_ITEMS;
#[cfg(feature = "describe")]
use crate::describe::{Recorder, Request};
use crate::fields::Fields;
use crate::patch::Patch;
use crate::precondition::{Preconditions, Versions};
use crate::rules::{List, Rule, RuleResult};
use crate::{Error, MemoryId, Result, TenantId, Timestamp, rules};

/// The most entity tags of one item that are compared.
const MAX_TAGS: usize = 20;

/// A request to change many memories.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkUpdate {
    /// The changes, 1 to 100, each of which is parsed by itself.
    pub items: Vec<Value>,
}

/// The change of one memory.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateItem {
    /// The memory.
    pub id: MemoryId,
    /// The change.
    pub patch: Patch,
    /// The versions to which it is to be applied.
    pub conditions: Preconditions,
}

impl BulkUpdate {
    /// Parses the body of the request, except the items.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`], or every invalid field.
    pub fn parse(mut fields: Fields) -> Result<Self> {
        let items = fields.require("items", Items(rules::list(1..=MAX_ITEMS)));
        Ok(Self { items: fields.finish_with(items)? })
    }

    /// Whether an item depends on the version of its memory.
    pub fn is_conditional(&self) -> bool {
        self.items.iter().any(|item| item.get(IF_MATCH).is_some_and(|value| !value.is_null()))
    }
}

/// The field with the versions to which a change is to be applied.
const IF_MATCH: &str = "ifMatch";

impl UpdateItem {
    /// Parses an item. An expiry must be after `now`.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`], or every invalid field; those of the patch as `patch.NAME`.
    pub fn parse(item: Value, tenant: &TenantId, now: Timestamp) -> Result<Self> {
        Self::take(Fields::of_item(item, tenant)?, |patch| Patch::parse(Fields::of_body(patch, tenant)?, now))
    }

    fn take(fields: Fields, parse: impl Fn(Value) -> Result<Patch>) -> Result<Self> {
        let mut fields = fields.with_null_as_absent();
        let id = fields.require("id", rules::memory_id());
        let expected = fields.take(IF_MATCH, EntityTags);
        let patch = fields.require("patch", PatchObject);
        let patch = match patch.map(parse).transpose() {
            Ok(patch) => patch,
            Err(Error::Validation(problems)) => {
                problems.iter().for_each(|problem| fields.report_nested("patch", problem));
                None
            }
            Err(other) => return Err(other),
        };
        let (id, patch) = fields.finish_with(id.zip(patch))?;
        let if_match = expected.flatten().map(Versions::Listed);
        Ok(Self { id, patch, conditions: Preconditions { if_match, if_none_match: None } })
    }
}

/// The rule of `ifMatch`, whose values are those of the header. A weak tag is no version (RFC 9110, section 13.1.1).
struct EntityTags;

impl Rule for EntityTags {
    type Value = Option<Vec<String>>;

    fn parse(&self, value: Value) -> RuleResult<Self::Value> {
        let text = value.as_str().unwrap_or_default();
        if text.trim() == "*" {
            return Ok(None);
        }
        let version = |tag: &str| {
            let (strong, is_weak) = tag.strip_prefix("W/").map_or((tag, false), |tag| (tag, true));
            let version = strong.strip_prefix('"')?.strip_suffix('"')?;
            Some(if is_weak { String::new() } else { version.to_owned() })
        };
        let versions: Option<Vec<String>> = text.split(',').map(|tag| version(tag.trim())).collect();
        let versions = versions.filter(|versions| versions.len() <= MAX_TAGS);
        let problem =
            || format!("must be *, or 1 to {MAX_TAGS} entity tags in double quotes, as in the header ETag");
        versions.map(Some).ok_or_else(problem)
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        let (tag, more) = (r#"(W/)?"[^,]*""#, MAX_TAGS - 1);
        json_schema!({"type": "string", "pattern": format!(r"^\s*(\*|{tag}(\s*,\s*{tag}){{0,{more}}})\s*$")})
    }
}

/// The rule of an object with the fields of a PATCH, which are parsed by themselves.
struct PatchObject;

impl Rule for PatchObject {
    type Value = Value;

    fn parse(&self, value: Value) -> RuleResult<Value> {
        if value.is_object() { Ok(value) } else { Err("must be an object with the fields of a PATCH".into()) }
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        Recorder::object(|fields, recorder| Patch::parse(fields, recorder.now()))
    }
}

/// A list whose items are changes.
struct Items(List);

impl Rule for Items {
    type Value = Vec<Value>;

    fn parse(&self, value: Value) -> RuleResult<Vec<Value>> {
        self.0.parse(value)
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        let mut schema = self.0.schema();
        let item = Recorder::object(|fields, recorder| {
            UpdateItem::take(fields, |_| Patch::parse(recorder.body(), recorder.now()))
        });
        schema.insert("items".into(), item.to_value());
        schema
    }
}

#[cfg(feature = "describe")]
impl Request for BulkUpdate {
    fn name() -> &'static str {
        "MemoryPatches"
    }

    fn record(recorder: &Recorder) {
        let _ = Self::parse(recorder.body());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(item: Value) -> Result<UpdateItem> {
        let tenant = TenantId::parse("acme").expect("a tenant");
        UpdateItem::parse(item, &tenant, Timestamp::from_micros(0))
    }

    fn faults(item: Value) -> Vec<String> {
        match parse(item) {
            Err(Error::Validation(fields)) => fields.into_iter().map(|fault| fault.message).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_invalid_fields_of_an_item_are_named_those_of_the_patch_with_their_path() {
        let item = json!({"id": "x", "ifMatch": "v", "patch": {"content": "", "colour": 1}, "more": 1});
        assert_eq!(
            faults(item),
            [
                "id must be the id of a memory, mem_…",
                "ifMatch must be *, or 1 to 20 entity tags in double quotes, as in the header ETag",
                "patch.content must have 1 to 10000 characters",
                "patch.colour is not a field of this request",
                "more is not a field of this request",
            ]
        );
        assert_eq!(faults(json!({})), ["id is required", "patch is required"]);
        assert_eq!(faults(json!({"id": null, "patch": []})).len(), 2);
        let foreign = json!({"id": "mem_0123456789abcdefghijkl", "patch": {"tenantId": "globex"}});
        assert_eq!(parse(foreign), Err(Error::TenantMismatch));
    }

    #[test]
    fn the_tags_of_an_item_are_those_of_the_header() {
        for (text, versions) in [
            (r#""a""#, Some(vec!["a"])),
            (r#" "a" , "b""#, Some(vec!["a", "b"])),
            (r#"W/"a""#, Some(vec![""])),
            ("*", None),
        ] {
            let parsed = EntityTags.parse(json!(text)).expect("tags");
            let versions = versions.map(|tags| tags.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(parsed, versions, "{text}");
        }
        let many = vec![r#""a""#; MAX_TAGS + 1].join(",");
        for value in
            [json!(""), json!("a"), json!("\""), json!("\"a\", b"), json!(7), json!(["\"a\""]), json!(many)]
        {
            assert!(EntityTags.parse(value.clone()).is_err(), "{value}");
        }
    }
}
