//! Searching a tenant's memories: the index is brought up to date ([`refresh`](super::refresh)), ranks, and what it finds is
//! read. What the index does not know to be gone is noticed here, forgotten, and the ranking done again without it.

use std::collections::{BTreeSet, HashMap};

use hb_domain::search::Search;
use hb_domain::{Memory, MemoryId, Result, Timestamp};
use hb_search::{Hit, Query};
use tokio::sync::RwLock;

use super::fetch::BATCH;
use super::{Memories, list};
use crate::cached_index::CachedIndex;

/// What a search came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The memories, best first, with how they were found.
    pub hits: Vec<(Memory, Hit)>,
    /// How many memories were searched, when those are not all; of those of the owners asked for. The next search has more.
    pub searched: Option<u64>,
}

/// What became of a memory that was ranked and read.
enum Lookup {
    Gone,
    /// It is there, but not what was asked for: the index cannot tell in all cases.
    Passed,
    Found(Box<Memory>),
}

/// What was read so far, so that it is read once.
#[derive(Default)]
struct Reading {
    lookups: HashMap<MemoryId, Lookup>,
    /// How many memories were read.
    read: usize,
    /// How many of them had gone.
    gone: usize,
}

impl Memories<'_> {
    /// The memories that match `search` best: by relevance, of equal ones the newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn search(&self, search: &Search) -> Result<Found> {
        let (version, now) = (self.context.search_version()?, self.context.effective_at());
        let query = Query::new(&search.query);
        if query.is_empty() {
            return Ok(Found { hits: Vec::new(), searched: None });
        }
        let cached = self.store.indexes.of(self.tenant);
        self.refresh(&cached, version, now).await?;
        let mut reading = Reading::default();
        let mut found = self.find(&cached, &query, search, now, &mut reading).await?;
        if reading.gone >= self.store.indexes.search_budget.reads / 2 {
            // So many have gone that for the next search reading everything anew is the shorter way.
            cached.write().await.rebuilt_at = None;
        }
        found.hits.truncate(fitting(&search.query, &found.hits));
        Ok(found)
    }

    /// Ranks and reads until there is enough, or no more may be read.
    async fn find(
        &self,
        cached: &RwLock<CachedIndex>,
        query: &Query,
        search: &Search,
        now: Timestamp,
        reading: &mut Reading,
    ) -> Result<Found> {
        let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
        let mut wanted = limit;
        loop {
            let (ranked, revision, searched) = {
                let cached = cached.read().await;
                (cached.index.search(query, search, now, wanted), cached.revision, cached.searched(search))
            };
            let is_enough = self.read_hits(&ranked, limit, search, now, reading).await?;
            let is_all =
                ranked.len() < wanted && ranked.iter().all(|hit| reading.lookups.contains_key(&hit.id));
            let is_gone = |hit: &&Hit| matches!(reading.lookups.get(&hit.id), Some(Lookup::Gone));
            let gone: Vec<MemoryId> = ranked.iter().filter(is_gone).map(|hit| hit.id.clone()).collect();
            let may_go_on = reading.read < self.store.indexes.search_budget.reads;
            if !gone.is_empty() {
                forget(cached, &gone, revision).await;
                reading.lookups.retain(|_, lookup| !matches!(lookup, Lookup::Gone));
                reading.gone += gone.len();
                if may_go_on {
                    // Where some have gone there are others: few rounds, each of more, find the end.
                    wanted = wanted.max(limit + 2 * reading.gone);
                    continue;
                }
            }
            if !is_enough && !is_all && may_go_on {
                wanted *= 2;
                continue;
            }
            let mut take = |hit: Hit| match reading.lookups.remove(&hit.id) {
                Some(Lookup::Found(memory)) => Some((*memory, hit)),
                _ => None,
            };
            let hits = ranked.into_iter().filter_map(&mut take).take(limit).collect();
            let is_known = is_enough || (is_all && gone.is_empty());
            let stopped = (!is_known).then_some(reading.read as u64);
            return Ok(Found { hits, searched: stopped.or(searched) });
        }
    }

    /// Reads those that were not read yet, in their order, until `limit` are found or no more may be read; says whether
    /// those were found. What is read at a time is what is missing, and more where much was read for nothing.
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
                    None => Lookup::Gone,
                    Some(memory) if memory.is_visible(now) && search.admits(&memory) => {
                        Lookup::Found(Box::new(memory))
                    }
                    Some(_) => Lookup::Passed,
                };
                reading.lookups.insert(id.clone(), lookup);
            }
        }
    }
}

impl Reading {
    /// How many of the ranked are found, before the first that was not read.
    fn found_among(&self, ranked: &[Hit]) -> usize {
        let lookups = ranked.iter().map_while(|hit| self.lookups.get(&hit.id));
        lookups.filter(|lookup| matches!(lookup, Lookup::Found(_))).count()
    }
}

/// Forgets what is gone, unless the index has been changed since: what it has now may be there again.
async fn forget(cached: &RwLock<CachedIndex>, gone: &[MemoryId], revision: u64) {
    let mut cached = cached.write().await;
    if cached.revision == revision {
        cached.index.remove(gone);
    }
}

/// How many of the hits an answer has room for, which repeats the query.
fn fitting(query: &str, hits: &[(Memory, Hit)]) -> usize {
    let mut bytes = hb_domain::json::length(&query);
    let fits = |(memory, hit): &&(Memory, Hit)| {
        bytes += list::json_size(memory)
            + hit.explanation.terms.iter().map(|term| term.len() + 3).sum::<usize>()
            + 200;
        bytes <= list::MAX_RESPONSE
    };
    hits.iter().take_while(fits).count()
}
