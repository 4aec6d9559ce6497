//! Reads the pages that refresh a tenant's cached index. The index decides which ([`hb_search::CachedIndex`]).
//!
//! Pages come from the table's local index by time of change, which is read consistently. infra/adr/0011 says why no
//! change is missed.

use std::time::Instant;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::tenant::SearchVersion;
use hb_domain::{Error, MemoryId, Result, Timestamp};
use hb_search::{Entry, SearchDocument, Step};
use tokio::sync::RwLock;

use super::Memories;
use super::fetch::BATCH;
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
/// The most memories of a page that are read as a whole because their search documents cannot be read. The others are left
/// out, and the search reports that it is partial.
const MAX_READ_WHOLE: usize = 500;

/// A page of the local index.
struct Page {
    entries: Vec<Entry>,
    /// Whether memories are left out.
    is_incomplete: bool,
    /// Where the next page begins.
    next: Option<Attributes>,
}

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
                Ok(page) => {
                    if page.is_incomplete {
                        refresh.page_is_incomplete();
                    }
                    refresh.page(page.entries, page.next, started.elapsed());
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
    async fn page_by_change(&self, from: Option<Attributes>, since: Option<Timestamp>) -> Result<Page> {
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
        let (entries, is_incomplete) = self.entries(&output.items.unwrap_or_default()).await?;
        Ok(Page { entries, is_incomplete, next: output.last_evaluated_key })
    }

    /// The entries of items of the local index, and whether some are missing. Where a search document cannot be read, because
    /// it is damaged or another version of the service has written it, the memory is read and analysed instead.
    async fn entries(&self, items: &[Attributes]) -> Result<(Vec<Entry>, bool)> {
        let mut entries = Vec::with_capacity(items.len());
        let mut unreadable = Vec::new();
        for item in items {
            match entry(item) {
                Some(entry) => entries.push(entry),
                None => unreadable.push(item),
            }
        }
        if unreadable.is_empty() {
            return Ok((entries, false));
        }
        let first = unreadable[0].get("id");
        tracing::warn!(tenant = %self.tenant, count = unreadable.len(), ?first, "search documents are damaged or of another format");
        let ids =
            unreadable.iter().filter_map(|item| Row::new(TABLE, item).parsed("id", MemoryId::parse).ok());
        let ids: Vec<MemoryId> = ids.take(MAX_READ_WHOLE).collect();
        for part in ids.chunks(BATCH) {
            let found = self.fetch(part.iter().collect()).await?;
            entries.extend(found.into_iter().map(|(id, memory)| Entry {
                document: SearchDocument::of(&memory),
                expires_at: memory.expires_at,
                id,
            }));
        }
        Ok((entries, ids.len() < unreadable.len()))
    }
}

/// Reads an item of the local index; `None` if its search document cannot be read.
fn entry(item: &Attributes) -> Option<Entry> {
    let row = Row::new(TABLE, item);
    Some(Entry {
        id: row.parsed("id", MemoryId::parse).ok()?,
        expires_at: row.optional_moment("expiresAt").ok()?,
        document: SearchDocument::from_bytes(&row.bytes("searchDoc").ok()?)?,
    })
}
