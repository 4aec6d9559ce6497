//! Bringing what an instance holds for searches up to date.
//!
//! The index is labelled with the version of the tenant's memories that an admission has shown before it was read. Does
//! that cover the version of the request, nothing is read. If memories have changed since, those that changed are read, by
//! the time of their change, from the table's local index, which is consistent; where that cannot tell them, all are.
//! infra/adr/0011 says why nothing is missed.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::tenant::SearchVersion;
use hb_domain::{Error, MemoryId, Result, TenantId, Timestamp};
use hb_search::{Entry, SearchDocument};
use tokio::sync::RwLock;

use super::Memories;
use crate::cached_index::CachedIndex;
use crate::changes::MAX_COMMIT_DELAY;
use crate::item::{Attributes, Row, millis, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

const TABLE: Table = Table::Memories;
/// The local index that has what a search needs.
const INDEX: &str = "byUpdatedAt";
/// At most so many memories a page, which is what 1 MB of the smallest have: DynamoDB ends a page by itself, and the emulator
/// reads everything there is before it does.
const PAGE: i32 = 10_000;
/// How far apart clocks may be, how late a change may be written, and how long a function lives: what changed so long
/// before the last look is looked at again.
const WINDOW: Duration = Duration::from_secs(60 + MAX_COMMIT_DELAY.as_secs() + 30);
/// After so many pages of changes since an import's old times, reading everything is the shorter way.
const MAX_PAGES: u32 = 4;

/// What a look at the latest changes came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sync {
    /// All were seen.
    Complete,
    /// There was no time for all.
    TimedOut,
    /// There are so many that reading everything, which goes on where it has stopped, is the shorter way.
    NeedsRebuild,
}

impl Memories<'_> {
    /// Has the index know everything of `version`, as far as time and memory allow.
    pub(super) async fn refresh(
        &self,
        cached: &RwLock<CachedIndex>,
        version: SearchVersion,
        now: Timestamp,
    ) -> Result<()> {
        // Waiting for another request that reads the same counts as reading.
        let started = Instant::now();
        {
            let cached = cached.read().await;
            if cached.is_current(version, now) && !cached.index.has_expired(now) {
                return Ok(());
            }
        }
        let mut cached = cached.write().await;
        cached.revision += 1;
        let outcome = if cached.is_current(version, now) {
            Ok(())
        } else {
            self.bring_up_to_date(&mut cached, started, version, now).await
        };
        cached.index.remove_expired(now);
        self.store.indexes.account(self.tenant, cached.index.bytes());
        outcome
    }

    async fn bring_up_to_date(
        &self,
        cached: &mut CachedIndex,
        started: Instant,
        version: SearchVersion,
        now: Timestamp,
    ) -> Result<()> {
        let time_limit = self.store.indexes.search_budget.time_limit;
        if cached.index.needed() > self.store.indexes.limit() {
            // It has grown, change by change, beyond what there is room for.
            cached.rebuilt_at = None;
        }
        if cached.needs_rebuild(version, now) {
            cached.begin_rebuild(version, now);
        }
        loop {
            if cached.rebuild.is_some() {
                self.rebuild(cached, started + time_limit).await?;
            }
            match self.sync_recent(cached, started + 2 * time_limit, version, now).await? {
                Sync::TimedOut => return Ok(()),
                // What was read may be of an earlier version, which the reading began with.
                Sync::Complete if cached.rebuild.is_some() || !cached.needs_rebuild(version, now) => {
                    return Ok(());
                }
                Sync::Complete | Sync::NeedsRebuild => cached.begin_rebuild(version, now),
            }
            if started.elapsed() >= time_limit {
                return Ok(());
            }
        }
    }

    /// Goes on reading everything, the latest changes first, as far as time and room allow. When the database has no more
    /// to give for now, what there is is enough for an answer.
    async fn rebuild(&self, cached: &mut CachedIndex, until: Instant) -> Result<()> {
        let indexes = &self.store.indexes;
        let (mut read, mut bytes) = (Vec::new(), 0);
        let outcome = loop {
            let Some(rebuild) = &mut cached.rebuild else { break Ok(()) };
            match self.changed(rebuild.from.clone(), None).await {
                Ok((entries, next)) => {
                    bytes += entries.iter().map(Entry::bytes).sum::<usize>();
                    rebuild.from = next;
                    read.extend(entries);
                }
                Err(Error::Unavailable(cause)) if !(read.is_empty() && cached.index.is_empty()) => {
                    tracing::warn!(tenant = %self.tenant, cause, "reading everything goes on with the next search");
                    break Ok(());
                }
                Err(error) => break Err(error),
            }
            let is_full = rebuild.bytes + bytes > indexes.room();
            if is_full {
                let mut room = indexes.room().saturating_sub(rebuild.bytes);
                read.retain(|entry| {
                    let fits = entry.bytes() <= room;
                    room = room.saturating_sub(entry.bytes());
                    fits
                });
            }
            if rebuild.from.is_none() || is_full {
                cached.index.apply(std::mem::take(&mut read));
                cached.finish_rebuild(is_full);
                break Ok(());
            }
            if Instant::now() >= until {
                break Ok(());
            }
            if bytes >= indexes.part() {
                rebuild.bytes += std::mem::take(&mut bytes);
                cached.index.apply(std::mem::take(&mut read));
                if cached.index.needed() > indexes.limit() {
                    // There is no room for both; what was there before is old.
                    cached.index.end_reading();
                }
                indexes.account(self.tenant, cached.index.bytes());
            }
        };
        // What was read is kept for the next request, whatever becomes of this one.
        if let Some(rebuild) = &mut cached.rebuild {
            rebuild.bytes += bytes;
        }
        cached.index.apply(read);
        outcome
    }

    /// Reads what has changed since the last look, or since a reading began: what was written meanwhile has moved to the
    /// front, behind the reader's back. Reads what has changed since the times of an import as well.
    async fn sync_recent(
        &self,
        cached: &mut CachedIndex,
        until: Instant,
        version: SearchVersion,
        now: Timestamp,
    ) -> Result<Sync> {
        let Some(synced) = cached.synced_at else { return Ok(Sync::NeedsRebuild) };
        let catch_up = cached.version.and_then(|known| known.catch_up_from(&version));
        let since = catch_up.into_iter().fold(synced.minus(WINDOW), Timestamp::min);
        let (mut from, mut pages, mut read, mut bytes) = (None, 0, Vec::new(), 0);
        let sync_recent = loop {
            let (entries, next) = match self.changed(from, Some(since)).await {
                Err(Error::Unavailable(_)) if catch_up.is_some() => break Sync::NeedsRebuild,
                // The answer says anyway that it is of a part.
                Err(Error::Unavailable(_)) if cached.rebuild.is_some() => break Sync::TimedOut,
                page => page?,
            };
            bytes += entries.iter().map(Entry::bytes).sum::<usize>();
            read.extend(entries);
            (from, pages) = (next, pages + 1);
            if from.is_none() {
                break Sync::Complete;
            }
            let is_late = Instant::now() >= until;
            if catch_up.is_some() && (is_late || pages >= MAX_PAGES) {
                break Sync::NeedsRebuild;
            }
            if is_late {
                cached.needs_sync = true;
                break Sync::TimedOut;
            }
            if bytes >= self.store.indexes.part() {
                bytes = 0;
                cached.index.apply(std::mem::take(&mut read));
                if cached.rebuild.is_none() && cached.index.needed() > self.store.indexes.limit() {
                    break Sync::NeedsRebuild;
                }
            }
        };
        cached.index.apply(read);
        if sync_recent == Sync::Complete {
            cached.synced_at = Some(now);
            if cached.rebuild.is_none() {
                cached.set_version(version, catch_up.is_some());
                cached.needs_sync = false;
            }
        }
        Ok(sync_recent)
    }

    /// One page of what searches need, the latest changes first: of those since a time, or of all.
    async fn changed(
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
        let answer = query.send().await.map_err(|error| map_sdk_error("Query memories by change", error))?;
        let items = answer.items.unwrap_or_default();
        let entries = items.iter().filter_map(|item| entry(self.tenant, item)).collect();
        Ok((entries, answer.last_evaluated_key))
    }
}

/// What the local index has of one memory; `None`, and a line in the log, when a search cannot make use of it.
fn entry(tenant: &TenantId, item: &Attributes) -> Option<Entry> {
    let row = Row::new(TABLE, item);
    let document = row.bytes("searchDoc").ok().and_then(|bytes| SearchDocument::from_bytes(&bytes));
    let (id, expires_at) = (row.parsed("id", MemoryId::parse), row.optional_moment("expiresAt"));
    let (Some(document), Ok(id), Ok(expires_at)) = (document, id, expires_at) else {
        tracing::error!(%tenant, id = ?item.get("id"), "a memory cannot be searched: its record is damaged or of another version");
        return None;
    };
    Some(Entry { id, expires_at, document })
}
