//! Requests about many memories at once.

use serde_json::Value;

use crate::cursor::CursorScope;
use crate::fields::Fields;
use crate::listing::Filter;
use crate::{MemoryId, Result, TenantId, rules};

/// The most memories, or ids, of one request.
pub const MAX_ITEMS: usize = 100;
/// The most values that the body of a request about many things may hold: what as many memories have at most, and more.
pub const MAX_VALUES: usize = 120_000;

/// Reads the body of a request to create many memories: each an object that is judged by itself.
///
/// # Errors
/// Everything wrong with the frame around them.
pub fn take_memories(mut fields: Fields, tenant: &TenantId) -> Result<Vec<Value>> {
    fields.check_tenant(tenant);
    let memories = fields.require("memories", rules::list(1..=MAX_ITEMS));
    fields.finish_with(memories)
}

/// A request to delete many memories.
#[derive(Clone, Debug, PartialEq)]
pub enum BulkDelete {
    /// Those of these ids; what is not an id names nothing.
    Ids(Vec<MemoryId>),
    /// All of an end user, an agent or a session.
    Matching(Erasure),
}

/// The erasure of all memories that match, over as many calls as it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Erasure {
    /// Whose memories: at least one of the owners is named.
    pub filter: Filter,
    /// Where the call before stopped; `None` for the first call.
    pub after: Option<Progress>,
    /// What ties this erasure's cursors to it.
    pub cursor_scope: CursorScope,
}

/// How far an erasure has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The last memory that was looked at; `None` when it has begun and looked at none yet.
    pub after: Option<MemoryId>,
    /// The place of its beginning in the order of the tenant's writes: what was written later stays.
    pub began: u64,
}

impl Progress {
    /// Stands for the id in a cursor that has none.
    const NO_ID: &'static str = "-";

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
    /// Reads the body of a bulk delete: `ids`, or a `filter` and perhaps the `cursor` to go on from.
    ///
    /// # Errors
    /// Everything wrong with it, at once; a cursor of another tenant or another filter too.
    pub fn parse(mut fields: Fields, tenant: &TenantId) -> Result<Self> {
        fields.check_tenant(tenant);
        let ids = fields.take("ids", rules::ids(MAX_ITEMS));
        let filter = fields.take("filter", |value| owners(value, tenant));
        let cursor_scope = CursorScope::of(tenant, &format!("erase {filter:?}"));
        let after = fields.take("cursor", rules::nullable(|value| progress(&value, &cursor_scope))).flatten();
        match (&ids, &filter) {
            (Some(_), Some(_)) => fields.report("filter", "cannot be combined with ids"),
            (None, None) if fields.is_clean() => {
                fields.report("filter", "is required, or ids are");
            }
            (Some(_), None) if after.is_some() => fields.report("cursor", "belongs to a filter, not to ids"),
            _ => {}
        }
        let wanted = match (ids, filter) {
            (Some(ids), _) => Some(Self::Ids(ids.iter().filter_map(|id| MemoryId::parse(id)).collect())),
            (None, Some(filter)) => Some(Self::Matching(Erasure { filter, after, cursor_scope })),
            (None, None) => None,
        };
        fields.finish_with(wanted)
    }
}

impl Erasure {
    /// The cursor that goes on behind `progress`.
    pub fn cursor(&self, progress: &Progress) -> String {
        self.cursor_scope.encode_text(&progress.encode())
    }
}

fn owners(value: Value, tenant: &TenantId) -> std::result::Result<Filter, String> {
    let problem = || "must be an object with userId, agentId or sessionId, and nothing else".to_owned();
    let mut fields = Fields::of_body(value).map_err(|_| problem())?;
    fields.check_tenant(tenant);
    let filter = Filter::take_owners(&mut fields);
    fields.finish().map_err(|_| problem())?;
    if filter.is_empty() { Err(problem()) } else { Ok(filter) }
}

fn progress(value: &Value, cursor_scope: &CursorScope) -> std::result::Result<Progress, String> {
    let text = cursor_scope.decode_text(value.as_str().unwrap_or_default());
    text.and_then(|text| Progress::decode(&text)).ok_or_else(|| "is not a cursor of this filter".into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::Error;

    fn parse(body: Value) -> Result<BulkDelete> {
        BulkDelete::parse(Fields::of_body(body)?, &TenantId::parse("acme").expect("a tenant"))
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
            (json!({"filter": {"type": "task"}}), "filter"),
            (json!({"filter": {"userId": ""}}), "filter"),
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
    fn a_cursor_is_good_for_its_filter_only() {
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
