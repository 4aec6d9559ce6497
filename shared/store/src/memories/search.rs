//! Searching a tenant's memories: refresh the cached index ([`refresh`](super::refresh)), rank, and read the best memories.
//! A ranked memory that turns out to be deleted is removed from the index, and the ranking is repeated.

use std::collections::{BTreeSet, HashMap};

use hb_domain::search::{After, Continuation, MAX_RESULTS, Search};
use hb_domain::tenant::SearchVersion;
use hb_domain::{Memory, MemoryId, Result, Timestamp};
use hb_search::{Behind, Hit, Query};
use tokio::sync::RwLock;

use super::Memories;
use super::fetch::BATCH;
use super::search_page::Round;
use crate::index_cache::CachedIndex;

/// The result of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The memories with their relevance, the best first. Without a query they have none, and the newest is first.
    pub hits: Vec<(Memory, Option<Hit>)>,
    /// How many memories of the requested owners were searched, when those are not all. The next search covers more.
    pub searched: Option<u64>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<After>,
}

/// The result of reading a memory that was ranked.
pub(super) enum Lookup {
    Deleted,
    /// It does not match, which the index cannot tell in all cases.
    NoMatch,
    Found(Box<Memory>),
}

/// The memories that were read so far, so that each is read once.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) lookups: HashMap<MemoryId, Lookup>,
    /// How many memories were read.
    read: usize,
    /// How many of them were deleted.
    deleted: usize,
}

impl Memories<'_> {
    /// The memories that match `search` best: by relevance, of equal ones the newest first. Without a query, the newest.
    ///
    /// # Errors
    /// The database's.
    pub async fn search(&self, search: &Search) -> Result<Found> {
        if search.query.is_empty() { self.newest(search).await } else { self.ranked(search).await }
    }

    async fn ranked(&self, search: &Search) -> Result<Found> {
        let (version, now) = (self.context.search_version()?, self.context.effective_at());
        let query = Query::new(&search.query);
        if query.is_empty() {
            return Ok(Found { hits: Vec::new(), searched: None, next: None });
        }
        let cached = self.store.indexes.of(self.tenant, now);
        self.refresh(&cached, version, now).await?;
        let mut reading = Reading::default();
        let found = self.find(&cached, &query, search, (version, now), &mut reading).await?;
        if reading.deleted >= self.store.indexes.search_budget.reads / 2 {
            // With so many deleted entries, a rebuild is faster.
            cached.write().await.require_rebuild();
        }
        Ok(found)
    }

    /// Ranks and reads until there are enough results, or no more may be read.
    async fn find(
        &self,
        cached: &RwLock<CachedIndex>,
        query: &Query,
        search: &Search,
        (version, now): (SearchVersion, Timestamp),
        reading: &mut Reading,
    ) -> Result<Found> {
        let before = search.continuation();
        let left = MAX_RESULTS - before.map_or(0, |before| before.returned.len());
        let limit = usize::try_from(search.limit).unwrap_or(usize::MAX).min(left);
        // The one more shows whether there is a next page.
        let mut wanted = limit + 1;
        loop {
            let (ranked, revision, searched) = {
                let cached = cached.read().await;
                let searched = cached.partial_count(search);
                let is_exact = |before: &Continuation| searched.is_none() && before.is_exact(&version);
                let behind = before.map(|before| Behind::new(before, is_exact(before)));
                let ranked = cached.index().search_behind(query, search, behind.as_ref(), now, wanted);
                (ranked, cached.revision(), searched)
            };
            let is_enough = self.read_hits(&ranked, limit, search, now, reading).await?;
            let is_all =
                ranked.len() < wanted && ranked.iter().all(|hit| reading.lookups.contains_key(&hit.id));
            let examined =
                ranked.iter().take_while(|hit| reading.lookups.contains_key(&hit.id)).last().cloned();
            let is_deleted = |hit: &&Hit| matches!(reading.lookups.get(&hit.id), Some(Lookup::Deleted));
            let deleted: Vec<MemoryId> = ranked.iter().filter(is_deleted).map(|hit| hit.id.clone()).collect();
            let may_go_on = reading.read < self.store.indexes.search_budget.reads;
            if !deleted.is_empty() {
                cached.write().await.remove(&deleted, revision);
                reading.lookups.retain(|_, lookup| !matches!(lookup, Lookup::Deleted));
                reading.deleted += deleted.len();
                if may_go_on {
                    // Where some are deleted others are likely: larger rounds need fewer of them.
                    wanted = wanted.max(limit + 2 * reading.deleted);
                    continue;
                }
            }
            if !is_enough && !is_all && may_go_on {
                wanted *= 2;
                continue;
            }
            let is_known = is_enough || (is_all && deleted.is_empty());
            let stopped = (!is_known).then_some(reading.read as u64);
            let changes = searched.is_none().then(|| version.counts());
            let round = Round { ranked, limit, examined, is_all, changes };
            return Ok(Found { searched: stopped.or(searched), ..round.page(search, reading) });
        }
    }

    /// Reads the ranked memories that were not read yet, in their order, until `limit` match or no more may be read. Returns
    /// whether `limit` match. Each round reads as many as are missing, or more if many were read in vain.
    async fn read_hits(
        &self,
        ranked: &[Hit],
        limit: usize,
        search: &Search,
        now: Timestamp,
        reading: &mut Reading,
    ) -> Result<bool> {
        loop {
            let missing = limit.saturating_sub(reading.found_among(ranked));
            let left = self.store.indexes.search_budget.reads.saturating_sub(reading.read);
            let at_once = missing.max(reading.read).min(BATCH).min(left);
            let unread = ranked.iter().map(|hit| &hit.id).filter(|id| !reading.lookups.contains_key(*id));
            let part: BTreeSet<&MemoryId> = unread.take(at_once).collect();
            if missing == 0 || part.is_empty() {
                return Ok(missing == 0);
            }
            reading.read += part.len();
            let mut found = self.fetch(part.clone()).await?;
            for id in part {
                let lookup = match found.remove(id) {
                    None => Lookup::Deleted,
                    Some(memory) if memory.is_visible(now) && search.admits(&memory) => {
                        Lookup::Found(Box::new(memory))
                    }
                    Some(_) => Lookup::NoMatch,
                };
                reading.lookups.insert(id.clone(), lookup);
            }
        }
    }
}

impl Reading {
    /// How many of the ranked memories match, before the first that was not read.
    fn found_among(&self, ranked: &[Hit]) -> usize {
        let lookups = ranked.iter().map_while(|hit| self.lookups.get(&hit.id));
        lookups.filter(|lookup| matches!(lookup, Lookup::Found(_))).count()
    }
}
