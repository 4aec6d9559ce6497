//! Requests to create or delete many memories.

mod selection;

#[cfg(feature = "describe")]
use schemars::Schema;
use serde_json::Value;

use crate::cursor::{CursorRule, CursorScope};
#[cfg(feature = "describe")]
use crate::describe::{Recorder, Request};
use crate::fields::Fields;
use crate::rules::{List, Rule, RuleResult};
use crate::{MemoryId, Result, TenantId, rules};
pub use selection::Selection;

/// The maximum number of memories, or ids, of one request.
pub const MAX_ITEMS: usize = 100;
/// The maximum number of JSON values in the body of such a request: more than 100 memories can have.
pub const MAX_VALUES: usize = 120_000;

/// A request to create many memories.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkCreate {
    /// The memories, 1 to 100, each of which is parsed by itself.
    pub memories: Vec<Value>,
}

impl BulkCreate {
    /// Parses the body of the request, except the memories.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field.
    pub fn parse(mut fields: Fields) -> Result<Self> {
        let memories = fields.require("memories", Memories(rules::list(1..=MAX_ITEMS)));
        Ok(Self { memories: fields.finish_with(memories)? })
    }
}

/// A list whose items are memories to be created.
struct Memories(List);

impl Rule for Memories {
    type Value = Vec<Value>;

    fn parse(&self, value: Value) -> RuleResult<Vec<Value>> {
        self.0.parse(value)
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        let mut schema = self.0.schema();
        let item =
            Recorder::object(|fields, recorder| crate::memory::NewMemory::parse(fields, recorder.now()));
        schema.insert("items".into(), item.to_value());
        schema
    }
}

/// A request to delete many memories.
#[derive(Clone, Debug, PartialEq)]
pub enum BulkDelete {
    /// The memories with these ids. Texts that are no ids are dropped.
    Ids(Vec<MemoryId>),
    /// All memories that match a filter.
    Matching(Erasure),
}

/// The erasure of all matching memories, over as many requests as necessary.
#[derive(Clone, Debug, PartialEq)]
pub struct Erasure {
    /// Which memories it deletes.
    pub selection: Selection,
    /// Where the previous request stopped; `None` for the first request.
    pub after: Option<Progress>,
    /// The scope of its cursors.
    pub cursor_scope: CursorScope,
}

/// The progress of an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The last memory that was examined; `None` when none was.
    pub after: Option<MemoryId>,
    /// The tenant's write sequence when the erasure began: memories that were written later are kept.
    pub began: u64,
}

impl Progress {
    /// Takes the place of the id in a cursor without one.
    const NO_ID: &'static str = "-";

    /// The rule of a field that contains a cursor of `scope`.
    const fn rule(scope: &CursorScope) -> CursorRule<'_, Self> {
        CursorRule {
            scope,
            problem: "is not a cursor of this filter",
            decode: |scope, text| Self::decode(&scope.decode_text(text)?),
        }
    }

    fn encode(&self) -> String {
        format!("{} {}", self.after.as_ref().map_or(Self::NO_ID, MemoryId::as_str), self.began)
    }

    fn decode(text: &str) -> Option<Self> {
        let (after, began) = text.split_once(' ')?;
        let after = match after {
            Self::NO_ID => None,
            id => Some(MemoryId::parse(id)?),
        };
        Some(Self { after, began: began.parse().ok()? })
    }
}

impl BulkDelete {
    /// Parses the body of a bulk delete: `ids`, or a `filter` with an optional `cursor`.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field. A cursor of another tenant or filter
    /// is invalid.
    pub fn parse(mut fields: Fields, tenant: &TenantId) -> Result<Self> {
        let ids = fields.take("ids", rules::ids(MAX_ITEMS));
        let selection = Selection::take(&mut fields, tenant);
        let cursor_scope = CursorScope::of(tenant, "erase");
        let cursor_scope = selection.iter().fold(cursor_scope, |scope, selection| selection.narrow(scope));
        let after = fields.take("cursor", rules::nullable(Progress::rule(&cursor_scope))).flatten();
        match (&ids, &selection) {
            (Some(_), Some(_)) => fields.report("filter", "cannot be combined with ids"),
            (None, None) if fields.is_valid() => {
                fields.report("filter", "is required when ids is absent");
            }
            (Some(_), None) if after.is_some() => fields.report("cursor", "cannot be combined with ids"),
            _ => {}
        }
        let wanted = match (ids, selection) {
            (Some(ids), _) => Some(Self::Ids(ids.iter().filter_map(|id| MemoryId::parse(id)).collect())),
            (None, Some(selection)) => Some(Self::Matching(Erasure { selection, after, cursor_scope })),
            (None, None) => None,
        };
        fields.finish_with(wanted)
    }

    /// Whether the number of deleted memories depends on more than ids, owners and namespace.
    pub const fn compares_content(&self) -> bool {
        match self {
            Self::Ids(_) => false,
            Self::Matching(erasure) => erasure.selection.compares_content(),
        }
    }
}

impl Erasure {
    /// The cursor with which the next request continues behind `progress`.
    pub fn cursor(&self, progress: &Progress) -> String {
        self.cursor_scope.encode_text(&progress.encode())
    }
}

#[cfg(feature = "describe")]
impl Request for BulkCreate {
    fn name() -> &'static str {
        "NewMemories"
    }

    fn record(recorder: &Recorder) {
        let _ = Self::parse(recorder.body());
    }
}

#[cfg(feature = "describe")]
impl Request for BulkDelete {
    fn name() -> &'static str {
        "MemoriesToDelete"
    }

    fn record(recorder: &Recorder) {
        let _ = Self::parse(recorder.body(), &recorder.tenant());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::Error;

    fn parse(body: Value) -> Result<BulkDelete> {
        let tenant = TenantId::parse("acme").expect("a tenant");
        BulkDelete::parse(Fields::of_body(body, &tenant)?, &tenant)
    }

    fn faults(body: Value) -> Vec<String> {
        match parse(body) {
            Err(Error::Validation(fields)) => fields.into_iter().map(|fault| fault.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn erasure(body: Value) -> Erasure {
        match parse(body) {
            Ok(BulkDelete::Matching(erasure)) => erasure,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ids_or_a_filter_but_not_both_and_not_neither() {
        assert_eq!(parse(json!({"ids": ["key_x", "nothing"]})), Ok(BulkDelete::Ids(Vec::new())));
        for (body, fault) in [
            (json!({}), "filter"),
            (json!({"ids": ["mem_x"], "filter": {"userId": "maya"}}), "filter"),
            (json!({"filter": {}}), "filter"),
            (json!({"filter": {"type": "task"}}), "filter.type"),
            (json!({"filter": {"userId": ""}}), "filter.userId"),
            (json!({"filter": {"userId": null}}), "filter.userId"),
            (json!({"filter": {"namespacePrefix": "a/b"}}), "filter.namespacePrefix"),
            (json!({"filter": "userId"}), "filter"),
            (json!({"ids": []}), "ids"),
            (json!({"ids": [7]}), "ids"),
            (json!({"ids": vec!["x"; 101]}), "ids"),
            (json!({"filter": {"userId": "maya"}, "cursor": "x"}), "cursor"),
            (json!({"filter": {"userId": "maya"}, "limit": 3}), "limit"),
        ] {
            assert_eq!(faults(body.clone()), [fault], "{body}");
        }
    }

    #[test]
    fn a_filter_with_operators_is_told_from_one_of_owners() {
        let filter = json!({"and": [{"userId": {"eq": "maya"}}, {"metadata.a": {"gt": 1}}]});
        let first = erasure(json!({ "filter": filter }));
        assert_eq!(first.selection.filter().user_id.as_deref(), Some("maya"), "what it implies");
        let cursor = first.cursor(&Progress { after: None, began: 7 });
        assert!(erasure(json!({"filter": filter, "cursor": cursor})).after.is_some());
        for (filter, fault) in [
            (json!({"userId": {"eq": "maya"}}), "cursor"),
            (json!({"userId": "maya"}), "cursor"),
            (json!({"and": [{"userId": "maya"}]}), "filter.and[0].userId"),
            (json!({"userId": {"eq": "maya"}, "agentId": "x"}), "filter"),
            (json!({"not": null}), "filter.not"),
            (json!({"userId": null}), "filter.userId"),
        ] {
            let mut faults = faults(json!({"filter": filter, "cursor": cursor}));
            faults.dedup();
            assert_eq!(faults[0], fault, "{filter}");
        }
    }

    #[test]
    fn a_cursor_is_valid_for_its_filter_only() {
        let first = erasure(json!({"filter": {"userId": "maya"}}));
        let id = MemoryId::parse("mem_0123456789abcdefghijkl").expect("an id");
        let progress = Progress { after: Some(id), began: 1_795_521_600_000_001 };
        let cursor = first.cursor(&progress);
        let next = erasure(json!({"filter": {"userId": "maya"}, "cursor": cursor}));
        assert_eq!(next.after, Some(progress));
        assert_eq!(faults(json!({"filter": {"userId": "ben"}, "cursor": cursor})), ["cursor"]);
        assert_eq!(faults(json!({"filter": {"agentId": "maya"}, "cursor": cursor})), ["cursor"]);
    }

    proptest! {
        #[test]
        fn a_cursor_holds_what_was_put_into_it(id in prop::option::of("mem_[0-9a-z]{22}"), began: u64) {
            let first = erasure(json!({"filter": {"userId": "maya"}}));
            let after = id.map(|id| MemoryId::parse(&id).expect("an id"));
            let progress = Progress { after, began };
            let next = erasure(json!({"filter": {"userId": "maya"}, "cursor": first.cursor(&progress)}));
            prop_assert_eq!(next.after, Some(progress));
        }

        #[test]
        fn a_forged_cursor_is_a_progress_or_refused(
            text in "(-|mem_[0-9a-z]{21,23}|mem_0{22}|mem_z{22}|) ?(-?[0-9]{0,21}|0.5|1e3|mem_0{22})|\\PC{0,40}"
        ) {
            let first = erasure(json!({"filter": {"userId": "maya"}}));
            match parse(json!({"filter": {"userId": "maya"}, "cursor": first.cursor_scope.encode_text(&text)})) {
                Ok(BulkDelete::Matching(Erasure { after: Some(progress), .. })) => {
                    let (id, began) = text.split_once(' ').expect("two parts");
                    prop_assert_eq!(progress.after.map_or("-".to_owned(), |id| id.to_string()), id);
                    prop_assert_eq!(Ok(progress.began), began.parse());
                }
                Ok(other) => prop_assert!(false, "{:?}", other),
                Err(Error::Validation(faults)) => prop_assert_eq!(&faults[0].field, "cursor"),
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
