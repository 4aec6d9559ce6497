//! A request to search memories.

mod continuation;

use serde_json::{Map, Value};

use crate::cursor::{CursorScope, Position};
use crate::fields::Fields;
use crate::filter::FilterExpression;
use crate::listing::{Filter, MAX_LIMIT};
use crate::memory::Memory;
use crate::{Result, TenantId, Timestamp, rules};

pub use continuation::{Continuation, MAX_RESULTS};

/// What is wrong with a cursor of another search.
const FOREIGN_CURSOR: &str = "is not a cursor of this search; cursors belong to one query and its conditions";

/// A request to search memories. A memory must meet all conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// The query; empty for the newest memories that meet the conditions.
    pub query: String,
    /// The maximum number of results, 1 to 100.
    pub limit: u64,
    /// The minimum relevance of a result, 0 to 1.
    pub min_relevance: f64,
    /// Which memories to search. It includes what the expression implies.
    pub filter: Filter,
    /// Only memories that match it.
    pub expression: Option<FilterExpression>,
    /// Only memories whose metadata has each of these fields with an equal value.
    pub metadata: Map<String, Value>,
    /// Only memories created at this time or later.
    pub created_after: Option<Timestamp>,
    /// Only memories created before this time.
    pub created_before: Option<Timestamp>,
    /// Whether each result explains its relevance.
    pub explain: bool,
    /// Where the results begin; `None` for the first ones.
    pub after: Option<After>,
    /// The scope of its cursors.
    pub cursor_scope: CursorScope,
}

/// Where the results of a search begin.
#[derive(Clone, Debug, PartialEq)]
pub enum After {
    /// With a query: behind these results.
    Ranked(Continuation),
    /// Without one: behind this memory.
    Newest(Position),
}

impl Search {
    /// Parses the body of a search.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field. A cursor of another tenant or search
    /// is invalid.
    pub fn parse(mut fields: Fields, tenant: &TenantId) -> Result<Self> {
        let problems = fields.problems();
        let query = fields.take("query", rules::text(0..=rules::MAX_CONTENT));
        // What is invalid is not missing.
        let has_no_query = query.as_ref().is_none_or(String::is_empty) && fields.problems() == problems;
        let expression = FilterExpression::take(&mut fields, "filter");
        let has_no_filter = expression.is_none() && fields.problems() == problems;
        let limit = fields.take("limit", rules::integer(1..=MAX_LIMIT)).unwrap_or(20);
        let min_relevance = fields.take("minRelevance", rules::fraction()).unwrap_or(0.0);
        let filter = Filter::take_from_body(&mut fields);
        let metadata = fields.take("metadata", rules::metadata()).unwrap_or_default();
        let created_after = fields.take("createdAfter", rules::time());
        let created_before = fields.take("createdBefore", rules::time());
        let explain = fields.take("explain", rules::flag()).unwrap_or(false);
        let query = query.unwrap_or_default();
        let mut search = Self {
            cursor_scope: CursorScope::of(tenant, "search"),
            query,
            limit,
            min_relevance,
            filter,
            expression,
            metadata,
            created_after,
            created_before,
            explain,
            after: None,
        };
        search.cursor_scope = search.narrow(search.cursor_scope.clone());
        search.after = search.take_cursor(&mut fields);
        if has_no_query && has_no_filter && !search.has_conditions() {
            fields.report("query", "is required, unless there is a condition such as filter or userId");
        }
        if has_no_query && min_relevance > 0.0 {
            fields.report("minRelevance", "needs a query, without which results have no relevance");
        }
        fields.finish()?;
        search.add_implied();
        Ok(search)
    }

    fn take_cursor(&self, fields: &mut Fields) -> Option<After> {
        let scope = &self.cursor_scope;
        if self.query.is_empty() {
            fields.take("cursor", rules::nullable(scope.rule(FOREIGN_CURSOR))).flatten().map(After::Newest)
        } else {
            let rule = Continuation::rule(scope, FOREIGN_CURSOR);
            fields.take("cursor", rules::nullable(rule)).flatten().map(After::Ranked)
        }
    }

    /// Cursors of `scope` that are valid for this query and these conditions only.
    fn narrow(&self, scope: CursorScope) -> CursorScope {
        let time = |time: Option<Timestamp>| time.map(|time| time.millis().to_string());
        let scope = scope
            .with(self.query.as_str())
            .with(self.expression.as_ref().map(FilterExpression::as_str))
            .with(time(self.created_after).as_deref())
            .with(time(self.created_before).as_deref())
            .with(self.min_relevance.to_string().as_str())
            .with(Value::Object(self.metadata.clone()).to_string().as_str());
        self.filter.narrow(scope)
    }

    /// Adds the conditions that the expression implies to those that an index can check.
    fn add_implied(&mut self) {
        let Some(implied) = self.expression.as_ref().map(FilterExpression::implied) else { return };
        self.filter.add(implied.filter);
        self.created_after = self.created_after.max(implied.created_after);
        self.created_before = [self.created_before, implied.created_before].into_iter().flatten().min();
    }

    fn has_conditions(&self) -> bool {
        !self.filter.is_empty()
            || !self.metadata.is_empty()
            || self.created_after.is_some()
            || self.created_before.is_some()
    }

    /// Whether searches find `memory` and it meets the conditions other than the relevance.
    pub fn admits(&self, memory: &Memory) -> bool {
        memory.searchable
            && self.filter.matches(memory)
            && self.created_after.is_none_or(|after| memory.created_at >= after)
            && self.created_before.is_none_or(|before| memory.created_at < before)
            && memory.metadata.has_all(&self.metadata)
            && self.expression.as_ref().is_none_or(|expression| expression.matches(memory))
    }

    /// The cursor with which the search continues behind `after`.
    pub fn cursor(&self, after: &After) -> String {
        match after {
            After::Ranked(continuation) => continuation.encode(&self.cursor_scope),
            After::Newest(position) => self.cursor_scope.encode(position),
        }
    }

    /// The results that it continues behind, if it has a query and a cursor.
    pub const fn continuation(&self) -> Option<&Continuation> {
        match &self.after {
            Some(After::Ranked(continuation)) => Some(continuation),
            Some(After::Newest(_)) | None => None,
        }
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for Search {
    fn name() -> &'static str {
        "MemorySearch"
    }

    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.body(), &recorder.tenant());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Error;

    fn parse(body: Value) -> Result<Search> {
        let tenant = TenantId::parse("acme").expect("a tenant");
        Search::parse(Fields::of_body(body, &tenant)?, &tenant)
    }

    fn messages(body: Value) -> Vec<String> {
        match parse(body) {
            Err(Error::Validation(faults)) => faults.into_iter().map(|fault| fault.message).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_query_may_be_empty_beside_a_condition() {
        for condition in [
            json!({"filter": {"type": {"eq": "task"}}}),
            json!({"userId": "maya"}),
            json!({"metadata": {"a": 1}}),
            json!({"createdAfter": 0}),
        ] {
            assert_eq!(parse(condition.clone()).expect("a search").query, "", "{condition}");
            let mut body = condition;
            body["query"] = json!("");
            assert!(parse(body.clone()).is_ok());
            body["minRelevance"] = json!(0.1);
            assert_eq!(
                messages(body),
                ["minRelevance needs a query, without which results have no relevance"]
            );
        }
        for body in [json!({}), json!({"query": ""}), json!({"tags": [], "metadata": {}, "limit": 3})] {
            let expected = "query is required, unless there is a condition such as filter or userId";
            assert_eq!(messages(body), [expected]);
        }
        assert_eq!(messages(json!({"filter": {}})).len(), 1, "the filter is reported, and nothing else");
    }

    #[test]
    fn an_index_gets_the_conditions_that_the_expression_implies() {
        let search = parse(json!({
            "query": "tea", "userId": "maya", "tags": ["a"], "createdBefore": 5_000,
            "filter": {"and": [
                {"userId": {"eq": "ben"}}, {"agentId": {"eq": "x"}}, {"tags": {"contains": "b"}},
                {"createdAt": {"gte": 1_000, "lt": 9_000}},
            ]},
        }));
        let search = search.expect("a search");
        assert_eq!(search.filter.user_id.as_deref(), Some("maya"), "of two values no memory has both");
        assert_eq!(search.filter.agent_id.as_deref(), Some("x"));
        assert_eq!(search.filter.tags, ["a", "b"]);
        assert_eq!(search.created_after.map(Timestamp::seconds), Some(1_000));
        assert_eq!(search.created_before.map(Timestamp::seconds), Some(5_000));
    }
}
