//! The memories of a namespace, by the index of namespaces, when they are few: a list of them then reads no others.
//!
//! The index is global and may lag a write. What was changed in the last minute is found in the local index by time of
//! change, which is read consistently; so a memory is listed as soon as its write was acknowledged, unless it was imported with
//! earlier times. The caller checks every memory against its filter.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::listing::Filter;
use hb_domain::{MemoryId, Result};

use super::{Memories, namespace_key};
use crate::item::{Row, millis, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

const TABLE: Table = Table::Memories;
/// The most memories that are chosen by the index. Of a larger namespace the list is walked.
const MAX: i32 = 500;
/// How long the index may lag.
const LAG: Duration = Duration::from_secs(60);

impl Memories<'_> {
    /// The ids of all memories of the namespace that `filter` asks for, and of others; `None` when it asks for none, or when
    /// they are too many.
    pub(super) async fn ids_by_namespace(&self, filter: &Filter) -> Result<Option<BTreeSet<MemoryId>>> {
        let query = self.query_ids("byNamespace").limit(MAX);
        let query = match (&filter.namespace, &filter.namespace_prefix) {
            (Some(namespace), _) => query
                .key_condition_expression("tenant = :tenant AND #namespace = :namespace")
                .expression_attribute_values(":namespace", text(namespace_key::of(namespace))),
            (None, Some(prefix)) => query
                .key_condition_expression("tenant = :tenant AND begins_with(#namespace, :namespace)")
                .expression_attribute_values(":namespace", text(namespace_key::first_of(prefix))),
            (None, None) => return Ok(None),
        };
        let indexed = ids(query.expression_attribute_names("#namespace", "namespace"));
        let since = self.context.received_at().minus(LAG);
        let recent = self.query_ids("byUpdatedAt").consistent_read(true);
        let recent = recent
            .key_condition_expression("tenant = :tenant AND updatedAt >= :since")
            .expression_attribute_values(":since", millis(since));
        let (indexed, recent) = tokio::try_join!(indexed, ids(recent))?;
        Ok(indexed.zip(recent).map(|(indexed, recent)| indexed.into_iter().chain(recent).collect()))
    }

    fn query_ids(&self, index: &str) -> QueryFluentBuilder {
        let query = self.store.db.query().table_name(self.store.table(TABLE)).index_name(index);
        query
            .projection_expression("id")
            .expression_attribute_values(":tenant", text(self.tenant))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }
}

/// The ids that a query finds; `None` when they do not fit on one page.
async fn ids(query: QueryFluentBuilder) -> Result<Option<Vec<MemoryId>>> {
    let output = query.send().await.map_err(|error| map_sdk_error("Query memories by namespace", error))?;
    if output.last_evaluated_key().is_some() {
        return Ok(None);
    }
    let id = |item| Row::new(TABLE, item).parsed("id", MemoryId::parse);
    output.items().iter().map(id).collect::<Result<_>>().map(Some)
}
