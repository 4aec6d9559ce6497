//! A request to search memories.

use serde_json::{Map, Value};

use crate::fields::Fields;
use crate::listing::{Filter, MAX_LIMIT};
use crate::memory::Memory;
use crate::{Result, Timestamp, rules};

/// A request to search memories. A memory must meet all conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// The query.
    pub query: String,
    /// The maximum number of results, 1 to 100.
    pub limit: u64,
    /// The minimum relevance of a result, 0 to 1.
    pub min_relevance: f64,
    /// Which memories to search.
    pub filter: Filter,
    /// Only memories whose metadata has each of these fields with an equal value.
    pub metadata: Map<String, Value>,
    /// Only memories created at this time or later.
    pub created_after: Option<Timestamp>,
    /// Only memories created before this time.
    pub created_before: Option<Timestamp>,
    /// Whether each result explains its relevance.
    pub explain: bool,
}

impl Search {
    /// Parses the body of a search.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field.
    pub fn parse(mut fields: Fields) -> Result<Self> {
        let query = fields.require("query", rules::text(1..=rules::MAX_CONTENT));
        let limit = fields.take("limit", rules::integer(1..=MAX_LIMIT)).unwrap_or(20);
        let min_relevance = fields.take("minRelevance", rules::fraction()).unwrap_or(0.0);
        let filter = Filter::take_from_body(&mut fields);
        let metadata = fields.take("metadata", rules::metadata()).unwrap_or_default();
        let created_after = fields.take("createdAfter", rules::time());
        let created_before = fields.take("createdBefore", rules::time());
        let explain = fields.take("explain", rules::flag()).unwrap_or(false);
        let query = fields.finish_with(query)?;
        Ok(Self { query, limit, min_relevance, filter, metadata, created_after, created_before, explain })
    }

    /// Whether `memory` meets the conditions other than the relevance.
    pub fn admits(&self, memory: &Memory) -> bool {
        self.filter.matches(memory)
            && self.created_after.is_none_or(|after| memory.created_at >= after)
            && self.created_before.is_none_or(|before| memory.created_at < before)
            && memory.metadata.has_all(&self.metadata)
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for Search {
    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.body());
    }
}
