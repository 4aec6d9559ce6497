//! Reads the pages that refresh a tenant's cached index. The index decides which ([`hb_search::CachedIndex`]).
//!
//! Pages come from the table's local index by time of change, which is read consistently. infra/adr/0011 says why no
//! change is missed.

use std::time::Instant;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::tenant::SearchVersion;
use hb_domain::{Error, MemoryId, Result, TenantId, Timestamp};
use hb_search::{Entry, SearchDocument, Step};
use tokio::sync::RwLock;

use super::Memories;
use crate::index_cache::CachedIndex;
use crate::item::{Attributes, Row, millis, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

const TABLE: Table = Table::Memories;
/// The local index that has the search documents.
const INDEX: &str = "byUpdatedAt";
/// The most memories of a page: 1 MB of the smallest. DynamoDB ends a page at 1 MB by itself; the emulator reads everything
/// before it does.
const PAGE: i32 = 10_000;

impl Memories<'_> {
    /// Brings the index up to `version`, as far as time and memory allow.
    pub(super) async fn refresh(
        &self,
        cached: &RwLock<CachedIndex>,
        version: SearchVersion,
        now: Timestamp,
    ) -> Result<()> {
        // Waiting for another request's refresh counts.
        let started = Instant::now();
        if !cached.read().await.needs_refresh(version, now) {
            return Ok(());
        }
        let mut cached = cached.write().await;
        let outcome = self.read_pages(&mut cached, started, version, now).await;
        cached.remove_expired(now);
        self.store.indexes.account_refreshed(self.tenant, &cached, now);
        outcome
    }

    async fn read_pages(
        &self,
        cached: &mut CachedIndex,
        started: Instant,
        version: SearchVersion,
        now: Timestamp,
    ) -> Result<()> {
        let indexes = &self.store.indexes;
        let mut refresh = cached.refresh(version, now, indexes.refresh_limits(self.context.memory_limit()));
        while let Step::ReadPage { from, since } = refresh.next_step() {
            match self.page_by_change(from.cloned(), since).await {
                Ok((entries, next)) => {
                    refresh.page(entries, next, started.elapsed());
                    indexes.account_reading(self.tenant, refresh.allocated_bytes(), now);
                }
                Err(Error::Unavailable(cause)) => {
                    if !refresh.throttled(started.elapsed()) {
                        return Err(Error::Unavailable(cause));
                    }
                    if since.is_none() {
                        tracing::warn!(tenant = %self.tenant, cause, "the next search continues the rebuild of the index");
                    }
                }
                Err(error) => {
                    refresh.failed();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// One page of entries, the latest changes first: those since a time, or all.
    async fn page_by_change(
        &self,
        from: Option<Attributes>,
        since: Option<Timestamp>,
    ) -> Result<(Vec<Entry>, Option<Attributes>)> {
        let query = self
            .store
            .db
            .query()
            .table_name(self.store.table(Table::Memories))
            .index_name(INDEX)
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(PAGE)
            .set_exclusive_start_key(from)
            .expression_attribute_values(":tenant", text(self.tenant))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let query = match since {
            None => query.key_condition_expression("tenant = :tenant"),
            Some(since) => query
                .key_condition_expression("tenant = :tenant AND updatedAt >= :since")
                .expression_attribute_values(":since", millis(since)),
        };
        let output = query.send().await.map_err(|error| map_sdk_error("Query memories by change", error))?;
        let items = output.items.unwrap_or_default();
        let entries = items.iter().filter_map(|item| entry(self.tenant, item)).collect();
        Ok((entries, output.last_evaluated_key))
    }
}

/// Reads an item of the local index; `None`, and a line in the log, if it cannot be searched.
fn entry(tenant: &TenantId, item: &Attributes) -> Option<Entry> {
    let row = Row::new(TABLE, item);
    let document = row.bytes("searchDoc").ok().and_then(|bytes| SearchDocument::from_bytes(&bytes));
    let (id, expires_at) = (row.parsed("id", MemoryId::parse), row.optional_moment("expiresAt"));
    let (Some(document), Ok(id), Ok(expires_at)) = (document, id, expires_at) else {
        tracing::error!(%tenant, id = ?item.get("id"), "a memory cannot be searched: its search document is damaged or of another format");
        return None;
    };
    Some(Entry { id, expires_at, document })
}
