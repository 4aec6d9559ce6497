//! Searching a tenant's memories: the index is brought up to date, ranks, and what it finds is read.
//!
//! The index of an instance is labelled with the version of the tenant's memories that its admission has shown. Is
//! that the version of the request, nothing is read but what is returned. If memories have changed since, those that
//! changed are read, by the time of their change, from the table's local index, which is consistent; where that cannot
//! tell them, all are. A memory that was deleted meanwhile is noticed when it is to be returned. infra/adr/0011 says
//! why nothing is missed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::search::Search;
use hb_domain::tenant::SearchVersion;
use hb_domain::{Memory, MemoryId, Result, Timestamp};
use hb_search::{Entry, Hit, Query, Record};

use super::fetch::BATCH;
use super::{Memories, list};
use crate::changes::PROMPT;
use crate::fault::fault;
use crate::indexes::{Held, Loading};
use crate::item::{Attributes, Row, millis, text};

const TABLE: &str = "memories";
/// The local index that has what a search needs.
const INDEX: &str = "byUpdatedAt";
/// How far apart clocks may be, how late a change may be told, and how long a write takes to land: what changed so long
/// before the last look is looked at again.
const WINDOW: Duration = Duration::from_secs(60 + PROMPT.as_secs() + 30);
/// After that long without a look at the latest changes one is taken, whatever the version: a request that changed
/// something may have died before it could tell.
const MAX_AGE: Duration = Duration::from_secs(60);
/// After that long everything is read again: statistics may count memories that are gone.
const MAX_LOAD_AGE: Duration = Duration::from_secs(6 * 3_600);
/// How long one request goes on loading; then it answers from what there is.
const PATIENCE: Duration = Duration::from_secs(8);

/// The most memories that are read to find those to return. More than are returned are read where memories have gone, or
/// have more to be filtered by than a record holds.
const MOST_READ: usize = 2_000;

/// What a search came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The memories, best first, with how they were found.
    pub hits: Vec<(Memory, Hit)>,
    /// How many memories were searched, when those are not all: the newest ones. The next search has more.
    pub searched: Option<u64>,
}

impl Memories<'_> {
    /// The memories that match `search` best, as of `version`: by relevance, of equal ones the newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn search(&self, search: &Search, version: SearchVersion, now: Timestamp) -> Result<Found> {
        let query = Query::new(&search.query);
        if query.is_empty() {
            return Ok(Found { hits: Vec::new(), searched: None });
        }
        let shelf = self.store.indexes.of(self.tenant);
        if !shelf.read().await.is_current(version, now) {
            let mut held = shelf.write().await;
            if !held.is_current(version, now) {
                self.bring_up_to_date(&mut held, version, now).await?;
                self.store.indexes.account(self.tenant, held.index.bytes());
            }
        }
        let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
        let (mut hits, mut gone) = (Vec::new(), Vec::new());
        let (mut asked, mut wanted) = (0, limit);
        // What was deleted or has expired leaves its place to the next.
        loop {
            let ranked = shelf.read().await.index.search(&query, search, now, wanted);
            let is_last = ranked.len() < wanted;
            let more: Vec<Hit> = ranked.into_iter().skip(asked).collect();
            asked += more.len();
            for part in more.chunks(BATCH) {
                let mut found = self.fetch(part.iter().map(|hit| &hit.id).collect::<BTreeSet<_>>()).await?;
                for hit in part {
                    match found.remove(&hit.id) {
                        None => gone.push(hit.id.clone()),
                        Some(memory) if memory.is_visible(now) && search.admits(&memory) => {
                            hits.push((memory, hit.clone()));
                        }
                        Some(_) => {}
                    }
                }
            }
            if is_last || hits.len() >= limit || asked >= MOST_READ {
                break;
            }
            wanted = asked + (limit - hits.len()).max(asked);
        }
        hits.truncate(limit);
        hits.truncate(fitting(&search.query, &hits));
        let searched = {
            let held = shelf.read().await;
            (held.loading.is_some() || held.is_cut).then(|| held.index.len() as u64)
        };
        if !gone.is_empty() {
            shelf.write().await.index.remove(&gone);
        }
        Ok(Found { hits, searched })
    }

    async fn bring_up_to_date(&self, held: &mut Held, version: SearchVersion, now: Timestamp) -> Result<()> {
        let knows_all = held.loading.is_none()
            && held.version.is_some_and(|known| known.reloads == version.reloads)
            && held.loaded_at.is_some_and(|at| now < at.plus(MAX_LOAD_AGE));
        let since = match held.synced_at.filter(|_| knows_all) {
            Some(at) => at,
            None => self.load(held, version, now).await?,
        };
        // What was written while the rest was read has moved to the front, behind the reader's back.
        let mut from = None;
        loop {
            let (entries, next) = self.changed(from, Some(since.minus(WINDOW))).await?;
            held.index.apply(entries);
            from = next;
            if from.is_none() {
                break;
            }
        }
        // Without the rest it is not of any version: the next request goes on.
        held.version = held.loading.is_none().then_some(version);
        held.synced_at = Some(now);
        Ok(())
    }

    /// Reads everything, the latest changes first, as far as time and room allow; gives when that began.
    async fn load(&self, held: &mut Held, version: SearchVersion, now: Timestamp) -> Result<Timestamp> {
        let started = Instant::now();
        let mut loading = match held.loading.take() {
            Some(loading) if loading.reloads == version.reloads => loading,
            _ => {
                *held = Held::default();
                Loading { began: now, reloads: version.reloads, from: None }
            }
        };
        let began = loading.began;
        let (mut read, mut bytes) = (Vec::new(), held.index.bytes());
        let outcome = loop {
            match self.changed(loading.from.clone(), None).await {
                Ok((entries, next)) => {
                    bytes += entries.iter().map(Entry::bytes).sum::<usize>();
                    read.extend(entries);
                    loading.from = next;
                }
                Err(error) => break Err(error),
            }
            held.is_cut = loading.from.is_some() && bytes > self.store.indexes.budget();
            if loading.from.is_none() || held.is_cut || started.elapsed() >= PATIENCE {
                break Ok(());
            }
        };
        held.index.apply(read);
        if loading.from.is_some() && !held.is_cut {
            held.loading = Some(loading);
        } else {
            held.loaded_at = Some(began);
        }
        // What was read is kept for the next request, whatever becomes of this one.
        outcome.map(|()| began)
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
        let entries = items.iter().map(entry).collect::<Result<Vec<_>>>()?;
        Ok((entries.into_iter().flatten().collect(), answer.last_evaluated_key))
    }
}

impl Held {
    /// Whether it has everything of `version`, and has looked at the latest changes of late.
    fn is_current(&self, version: SearchVersion, now: Timestamp) -> bool {
        self.version == Some(version)
            && self.synced_at.is_some_and(|at| now < at.plus(MAX_AGE) && at < now.plus(MAX_AGE))
            && self.loaded_at.is_some_and(|at| now < at.plus(MAX_LOAD_AGE))
    }
}

/// What the local index has of one memory; `None` when a search cannot make use of it.
fn entry(item: &Attributes) -> Result<Option<Entry>> {
    let row = Row::new(TABLE, item);
    let record = item.get("find").and_then(|find| find.as_b().ok());
    let Some(record) = record.and_then(|bytes| Record::from_bytes(bytes.as_ref())) else { return Ok(None) };
    let (id, expires_at) = (row.parsed("id", MemoryId::parse)?, row.optional_moment("expiresAt")?);
    Ok(Some(Entry { id, expires_at, record }))
}

/// How many of the hits an answer has room for, which repeats the query.
fn fitting(query: &str, hits: &[(Memory, Hit)]) -> usize {
    let mut bytes = serde_json::to_string(query).map_or(0, |json| json.len());
    let fits = |(memory, hit): &&(Memory, Hit)| {
        bytes += list::json_size(memory)
            + hit.explanation.terms.iter().map(|term| term.len() + 3).sum::<usize>()
            + 200;
        bytes <= list::MAX_ANSWER
    };
    hits.iter().take_while(fits).count()
}
