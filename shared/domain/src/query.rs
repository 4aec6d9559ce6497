//! A request for the memories that match a filter with operators.

use crate::cursor::{CursorScope, Position};
use crate::fields::Fields;
use crate::filter::FilterExpression;
use crate::listing::{DEFAULT_LIMIT, MAX_LIMIT, Order, Sort};
use crate::{Result, TenantId, rules};

/// A request for one page of the memories that match a filter.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryQuery {
    /// The conditions; `None` for all memories.
    pub filter: Option<FilterExpression>,
    /// The value that they are sorted by.
    pub sort: Sort,
    /// The direction.
    pub order: Order,
    /// The position behind which the page begins; `None` for the first page.
    pub after: Option<Position>,
    /// The maximum number of memories, 1 to 100.
    pub limit: u64,
    /// The scope of its cursors.
    pub cursor_scope: CursorScope,
}

impl MemoryQuery {
    /// Parses the body of the request.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field. A cursor of another tenant or query
    /// is invalid.
    pub fn parse(mut fields: Fields, tenant: &TenantId) -> Result<Self> {
        let filter = FilterExpression::take(&mut fields, "filter");
        let sort = fields.take("sort", rules::one_of::<Sort>()).unwrap_or_default();
        let order = fields.take("order", rules::one_of::<Order>()).unwrap_or_default();
        let limit = fields.take("limit", rules::integer(1..=MAX_LIMIT)).unwrap_or(DEFAULT_LIMIT);
        let cursor_scope = CursorScope::of(tenant, "query")
            .with(<&str>::from(sort))
            .with(<&str>::from(order))
            .with(filter.as_ref().map(FilterExpression::as_str));
        let rule = cursor_scope.rule("is not a cursor of this query");
        let after = fields.take("cursor", rules::nullable(rule)).flatten();
        fields.finish()?;
        Ok(Self { filter, sort, order, after, limit, cursor_scope })
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for MemoryQuery {
    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.body(), &recorder.tenant());
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use serde_json::{Value, json};

    use super::*;
    use crate::{Error, MemoryId, Timestamp};

    fn parse(tenant: &str, body: Value) -> Result<MemoryQuery> {
        let tenant = TenantId::parse(tenant).expect("a tenant");
        MemoryQuery::parse(Fields::of_body(body, &tenant)?, &tenant)
    }

    #[test]
    fn a_cursor_is_valid_for_its_tenant_filter_sort_and_order_only() {
        let filter = json!({"type": {"eq": "task"}});
        let query = parse("acme", json!({"filter": filter})).expect("a query");
        let id = MemoryId::mint(Timestamp::from_millis(1_800_000_000_000), &mut StdRng::seed_from_u64(1));
        let position = Position { id, sort_value: None };
        let cursor = query.cursor_scope.encode(&position);
        let next =
            parse("acme", json!({"filter": filter, "cursor": cursor, "limit": 7, "sort": "createdAt"}));
        assert_eq!(next.expect("a query").after, Some(position));
        for (tenant, body) in [
            ("other", json!({"filter": filter})),
            ("acme", json!({})),
            ("acme", json!({"filter": {"type": {"eq": "event"}}})),
            ("acme", json!({"filter": filter, "sort": "updatedAt"})),
            ("acme", json!({"filter": filter, "order": "asc"})),
        ] {
            let mut body = body;
            body["cursor"] = json!(cursor);
            let refused = parse(tenant, body.clone());
            assert_eq!(refused, Err(Error::field("cursor", "is not a cursor of this query")), "{body}");
        }
    }

    #[test]
    fn every_invalid_field_is_reported_with_its_place() {
        let body = json!({"filter": {"not": {"tags": {"eq": 1}}}, "sort": "content", "limit": 0, "page": 2});
        let Err(Error::Validation(faults)) = parse("acme", body) else { panic!("accepted") };
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["filter.not.tags.eq", "sort", "limit", "page"]);
    }
}
