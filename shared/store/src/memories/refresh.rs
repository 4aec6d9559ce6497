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
use hb_search::{Entry, Record};
use tokio::sync::RwLock;

use super::Memories;
use crate::changes::PROMPT;
use crate::fault::fault;
use crate::held::Held;
use crate::item::{Attributes, Row, millis, text};

const TABLE: &str = "memories";
/// The local index that has what a search needs.
const INDEX: &str = "byUpdatedAt";
/// At most so many memories a page, which is what 1 MB of the smallest have: DynamoDB ends a page by itself, and the emulator
/// reads everything there is before it does.
const PAGE: i32 = 10_000;
/// How far apart clocks may be, how late a change may be written, and how long a function lives: what changed so long
/// before the last look is looked at again.
const WINDOW: Duration = Duration::from_secs(60 + PROMPT.as_secs() + 30);
/// After so many pages of changes since an import's old times, reading everything is the shorter way.
const MAX_PAGES: u32 = 4;

/// What a look at the latest changes came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// All were seen.
    Done,
    /// There was no time for all.
    Late,
    /// There are so many that reading everything, which goes on where it has stopped, is the shorter way.
    Far,
}

impl Memories<'_> {
    /// Has the index know everything of `version`, as far as time and memory allow.
    pub(super) async fn refresh(
        &self,
        shelf: &RwLock<Held>,
        version: SearchVersion,
        now: Timestamp,
    ) -> Result<()> {
        // Waiting for another request that reads the same counts as reading.
        let started = Instant::now();
        {
            let held = shelf.read().await;
            if held.is_current(version, now) && !held.index.has_expired(now) {
                return Ok(());
            }
        }
        let mut held = shelf.write().await;
        held.revision += 1;
        let outcome = if held.is_current(version, now) {
            Ok(())
        } else {
            self.bring_up_to_date(&mut held, started, version, now).await
        };
        held.index.remove_expired(now);
        self.store.indexes.account(self.tenant, held.index.bytes());
        outcome
    }

    async fn bring_up_to_date(
        &self,
        held: &mut Held,
        started: Instant,
        version: SearchVersion,
        now: Timestamp,
    ) -> Result<()> {
        let patience = self.store.indexes.effort.patience;
        if held.index.needed() > self.store.indexes.limit() {
            // It has grown, change by change, beyond what there is room for.
            held.loaded_at = None;
        }
        if held.needs_reading(version, now) {
            held.read_anew(version, now);
        }
        loop {
            if held.loading.is_some() {
                self.load(held, started + patience).await?;
            }
            match self.look(held, started + 2 * patience, version, now).await? {
                Look::Late => return Ok(()),
                // What was read may be of an earlier version, which the reading began with.
                Look::Done if held.loading.is_some() || !held.needs_reading(version, now) => return Ok(()),
                Look::Done | Look::Far => held.read_anew(version, now),
            }
            if started.elapsed() >= patience {
                return Ok(());
            }
        }
    }

    /// Goes on reading everything, the latest changes first, as far as time and room allow. When the database has no more
    /// to give for now, what there is is enough for an answer.
    async fn load(&self, held: &mut Held, until: Instant) -> Result<()> {
        let indexes = &self.store.indexes;
        let (mut read, mut bytes) = (Vec::new(), 0);
        let outcome = loop {
            let Some(loading) = &mut held.loading else { break Ok(()) };
            match self.changed(loading.from.clone(), None).await {
                Ok((entries, next)) => {
                    bytes += entries.iter().map(Entry::bytes).sum::<usize>();
                    loading.from = next;
                    read.extend(entries);
                }
                Err(Error::Unavailable(cause)) if !(read.is_empty() && held.index.is_empty()) => {
                    tracing::warn!(tenant = %self.tenant, cause, "reading everything goes on with the next search");
                    break Ok(());
                }
                Err(error) => break Err(error),
            }
            let is_full = loading.bytes + bytes > indexes.room();
            if is_full {
                let mut room = indexes.room().saturating_sub(loading.bytes);
                read.retain(|entry| {
                    let fits = entry.bytes() <= room;
                    room = room.saturating_sub(entry.bytes());
                    fits
                });
            }
            if loading.from.is_none() || is_full {
                held.index.apply(std::mem::take(&mut read));
                held.end_reading(is_full);
                break Ok(());
            }
            if Instant::now() >= until {
                break Ok(());
            }
            if bytes >= indexes.part() {
                loading.bytes += std::mem::take(&mut bytes);
                held.index.apply(std::mem::take(&mut read));
                if held.index.needed() > indexes.limit() {
                    // There is no room for both; what was there before is old.
                    held.index.end_reading();
                }
                indexes.account(self.tenant, held.index.bytes());
            }
        };
        // What was read is kept for the next request, whatever becomes of this one.
        if let Some(loading) = &mut held.loading {
            loading.bytes += bytes;
        }
        held.index.apply(read);
        outcome
    }

    /// Reads what has changed since the last look, or since a reading began: what was written meanwhile has moved to the
    /// front, behind the reader's back. Reads what has changed since the times of an import as well.
    async fn look(
        &self,
        held: &mut Held,
        until: Instant,
        version: SearchVersion,
        now: Timestamp,
    ) -> Result<Look> {
        let Some(synced) = held.synced_at else { return Ok(Look::Far) };
        let catch_up = held.version.and_then(|known| known.catch_up_from(&version));
        let since = catch_up.into_iter().fold(synced.minus(WINDOW), Timestamp::min);
        let (mut from, mut pages, mut read, mut bytes) = (None, 0, Vec::new(), 0);
        let look = loop {
            let (entries, next) = match self.changed(from, Some(since)).await {
                Err(Error::Unavailable(_)) if catch_up.is_some() => break Look::Far,
                // The answer says anyway that it is of a part.
                Err(Error::Unavailable(_)) if held.loading.is_some() => break Look::Late,
                page => page?,
            };
            bytes += entries.iter().map(Entry::bytes).sum::<usize>();
            read.extend(entries);
            (from, pages) = (next, pages + 1);
            if from.is_none() {
                break Look::Done;
            }
            let is_late = Instant::now() >= until;
            if catch_up.is_some() && (is_late || pages >= MAX_PAGES) {
                break Look::Far;
            }
            if is_late {
                held.needs_look = true;
                break Look::Late;
            }
            if bytes >= self.store.indexes.part() {
                bytes = 0;
                held.index.apply(std::mem::take(&mut read));
                if held.loading.is_none() && held.index.needed() > self.store.indexes.limit() {
                    break Look::Far;
                }
            }
        };
        held.index.apply(read);
        if look == Look::Done {
            held.synced_at = Some(now);
            if held.loading.is_none() {
                held.label(version, catch_up.is_some());
                held.needs_look = false;
            }
        }
        Ok(look)
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
            .table_name(&self.store.tables.memories)
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
        let answer = query.send().await.map_err(|error| fault("Query memories by change", error))?;
        let items = answer.items.unwrap_or_default();
        let entries = items.iter().filter_map(|item| entry(self.tenant, item)).collect();
        Ok((entries, answer.last_evaluated_key))
    }
}

/// What the local index has of one memory; `None`, and a line in the log, when a search cannot make use of it.
fn entry(tenant: &TenantId, item: &Attributes) -> Option<Entry> {
    let row = Row::new(TABLE, item);
    let record = row.bytes("find").ok().and_then(|bytes| Record::from_bytes(&bytes));
    let (id, expires_at) = (row.parsed("id", MemoryId::parse), row.optional_moment("expiresAt"));
    let (Some(record), Ok(id), Ok(expires_at)) = (record, id, expires_at) else {
        tracing::error!(%tenant, id = ?item.get("id"), "a memory cannot be searched: its record is damaged or of another version");
        return None;
    };
    Some(Entry { id, expires_at, record })
}
