//! What a search for memories is asked for.

use serde_json::{Map, Value};

use crate::fields::Fields;
use crate::listing::{Filter, MAX_LIMIT};
use crate::memory::{MAX_CONTENT, Memory};
use crate::{Result, TenantId, Timestamp, rules};

/// A request to search.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// The query as it was sent.
    pub query: String,
    /// The most results wanted, 1 to 100.
    pub limit: u64,
    /// The least relevance a result may have.
    pub min_relevance: f64,
    /// Which memories to search.
    pub filter: Filter,
    /// Only those whose metadata has each of these fields with just this value.
    pub metadata: Map<String, Value>,
    /// Only those created then or later.
    pub created_after: Option<Timestamp>,
    /// Only those created before.
    pub created_before: Option<Timestamp>,
    /// Whether each result is to say where its relevance comes from.
    pub explain: bool,
}

impl Search {
    /// Reads the body of a search.
    ///
    /// # Errors
    /// Everything wrong with it, at once.
    pub fn parse(mut fields: Fields, tenant: &TenantId) -> Result<Self> {
        fields.check_tenant(tenant);
        let query = fields.require("query", rules::text(1..=MAX_CONTENT));
        let limit = fields.take("limit", rules::integer(1..=MAX_LIMIT)).unwrap_or(20);
        let min_relevance = fields.take("minRelevance", rules::fraction).unwrap_or(0.0);
        let filter = Filter::take_from_body(&mut fields);
        let metadata = fields.take("metadata", rules::metadata).unwrap_or_default();
        let created_after = fields.take("createdAfter", rules::time);
        let created_before = fields.take("createdBefore", rules::time);
        let explain = fields.take("explain", rules::flag).unwrap_or(false);
        let query = fields.finish_with(query)?;
        Ok(Self { query, limit, min_relevance, filter, metadata, created_after, created_before, explain })
    }

    /// Whether `memory` is among those to be searched.
    pub fn admits(&self, memory: &Memory) -> bool {
        self.filter.matches(memory)
            && self.created_after.is_none_or(|after| memory.created_at >= after)
            && self.created_before.is_none_or(|before| memory.created_at < before)
            && memory.metadata.has_all(&self.metadata)
    }
}
