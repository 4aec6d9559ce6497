//! A request to read many memories by their ids.

use crate::batch::MAX_ITEMS;
use crate::cursor::{CursorRule, CursorScope};
use crate::fields::Fields;
use crate::{MemoryId, Result, TenantId, rules};

/// A request to read memories in the order of their ids, over as many requests as the size of the memories makes necessary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchGet {
    /// The ids, 1 to 100; `None` for a text that is no id.
    pub ids: Vec<Option<MemoryId>>,
    /// The position of the first id that this request answers.
    pub from: usize,
    cursor_scope: CursorScope,
}

impl BatchGet {
    /// Parses the body of the request.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field. A cursor of another tenant or of other
    /// ids is invalid.
    pub fn parse(mut fields: Fields, tenant: &TenantId) -> Result<Self> {
        let ids = fields.require("ids", rules::ids(MAX_ITEMS));
        let scope = CursorScope::of(tenant, "batch-get");
        let texts = ids.iter().flatten();
        let cursor_scope = texts.fold(scope, |scope, id: &String| scope.with(id.as_str()));
        let rule = CursorRule {
            scope: &cursor_scope,
            problem: "is not a cursor of these ids",
            decode: |scope, cursor| scope.decode_text(cursor)?.parse::<usize>().ok(),
        };
        let from = fields.take("cursor", rules::nullable(rule)).flatten().unwrap_or(0);
        let count = ids.as_ref().map_or(0, Vec::len);
        if from > 0 && from >= count && fields.is_valid() {
            fields.report("cursor", "is not a cursor of these ids");
        }
        let ids = fields.finish_with(ids)?;
        Ok(Self { ids: ids.iter().map(|id| MemoryId::parse(id)).collect(), from, cursor_scope })
    }

    /// The cursor of the request that continues with the id at `position`.
    pub fn cursor(&self, position: usize) -> String {
        self.cursor_scope.encode_text(&position.to_string())
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for BatchGet {
    fn name() -> &'static str {
        "MemoryIds"
    }

    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.body(), &recorder.tenant());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Error;

    fn parse(body: Value) -> Result<BatchGet> {
        let tenant = TenantId::parse("acme").expect("a tenant");
        BatchGet::parse(Fields::of_body(body, &tenant)?, &tenant)
    }

    #[test]
    fn a_cursor_is_valid_for_its_ids_and_for_a_position_among_them() {
        let first = parse(json!({"ids": ["mem_0123456789abcdefghijkl", "x"]})).expect("a request");
        assert_eq!((first.ids[0].is_some(), &first.ids[1], first.from), (true, &None, 0));
        let with = |ids: &[&str], position: &str| {
            parse(json!({"ids": ids, "cursor": first.cursor_scope.encode_text(position)}))
        };
        let ids = ["mem_0123456789abcdefghijkl", "x"];
        assert_eq!(with(&ids, "1").expect("a request").from, 1);
        assert_eq!(parse(json!({"ids": ids, "cursor": null})).expect("a request").from, 0);
        for (ids, position) in
            [(&ids[..], "2"), (&ids, "-1"), (&ids, ""), (&ids, "1e9"), (&ids[..1], "1"), (&["x"], "0")]
        {
            let Err(Error::Validation(faults)) = with(ids, position) else { panic!("{ids:?} {position}") };
            assert_eq!(faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["cursor"]);
        }
    }
}
