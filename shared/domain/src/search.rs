//! Finding memories by the words of a query.

use std::collections::BTreeSet;

use crate::fields::Fields;
use crate::listing::{Filter, MAX_LIMIT};
use crate::memory::{MAX_CONTENT, Memory};
use crate::{Result, TenantId, rules};

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
        let query = fields.finish_with(query)?;
        Ok(Self { query, limit, min_relevance, filter })
    }
}

/// The distinct words of a text: runs of letters and digits, lower-cased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(BTreeSet<String>);

impl Words {
    /// The words of `text`.
    pub fn of(text: &str) -> Self {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        Self(words.map(str::to_lowercase).collect())
    }

    /// How well `memory` matches a query of these words: the share of them that its content or tags
    /// have, 0 to 1. A query without words matches nothing.
    pub fn relevance(&self, memory: &Memory) -> f64 {
        if self.0.is_empty() {
            return 0.0;
        }
        let mut found = Self::of(&memory.content).0;
        for tag in &memory.tags {
            found.append(&mut Self::of(tag).0);
        }
        self.0.intersection(&found).count() as f64 / self.0.len() as f64
    }
}
