//! Searching a tenant's memories: the index is brought up to date ([`refresh`](super::refresh)), ranks, and what it finds is
//! read. What the index does not know to be gone is noticed here, forgotten, and the ranking done again without it.

use std::collections::{BTreeSet, HashMap};

use hb_domain::search::Search;
use hb_domain::tenant::SearchVersion;
use hb_domain::{Memory, MemoryId, Result, Timestamp};
use hb_search::{Hit, Query};
use tokio::sync::RwLock;

use super::fetch::BATCH;
use super::{Memories, list};
use crate::indexes::Held;

/// The most memories that are read to find those to return. More than are returned are read where memories have gone, or
/// have more metadata than a record holds.
const MOST_READ: usize = 2_000;

/// What a search came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The memories, best first, with how they were found.
    pub hits: Vec<(Memory, Hit)>,
    /// How many memories were searched, when those are not all. The next search has more.
    pub searched: Option<u64>,
}

/// What was read of memories, so that it is read once; `None` for one that is gone.
type Known = HashMap<MemoryId, Option<Memory>>;

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
        self.refresh(&shelf, version, now).await?;
        let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
        let (mut known, mut read, mut wanted, mut is_reread) = (Known::new(), 0, limit, false);
        loop {
            let (ranked, revision, searched) = {
                let held = shelf.read().await;
                (held.index.search(&query, search, now, wanted), held.revision, held.searched())
            };
            read += self.read_hits(&ranked, &mut known).await?;
            let is_gone = |hit: &&Hit| matches!(known.get(&hit.id), Some(None));
            let gone: Vec<MemoryId> = ranked.iter().filter(is_gone).map(|hit| hit.id.clone()).collect();
            let may_go_on = read < MOST_READ;
            if !gone.is_empty() && may_go_on {
                forget(&shelf, &gone, revision).await;
                known.retain(|_, memory| memory.is_some());
                continue;
            }
            if !gone.is_empty() && !std::mem::replace(&mut is_reread, true) {
                // So many are gone that reading everything anew is the shorter way.
                shelf.write().await.loaded_at = None;
                self.refresh(&shelf, version, now).await?;
                read = 0;
                known.clear();
                continue;
            }
            let is_last = ranked.len() < wanted;
            let admitted = ranked.into_iter().filter_map(|hit| {
                let memory = known.get(&hit.id)?.as_ref()?;
                (memory.is_visible(now) && search.admits(memory)).then(|| (memory.clone(), hit))
            });
            let mut hits: Vec<(Memory, Hit)> = admitted.take(limit).collect();
            if hits.len() < limit && !is_last && may_go_on {
                wanted *= 2;
                continue;
            }
            let stopped = (hits.len() < limit && !is_last).then_some(read as u64);
            hits.truncate(fitting(&search.query, &hits));
            return Ok(Found { hits, searched: stopped.or(searched) });
        }
    }

    /// Reads those of the memories that are not known yet; gives how many those were.
    async fn read_hits(&self, ranked: &[Hit], known: &mut Known) -> Result<usize> {
        let unknown: Vec<&MemoryId> =
            ranked.iter().map(|hit| &hit.id).filter(|id| !known.contains_key(*id)).collect();
        for part in unknown.chunks(BATCH) {
            let mut found = self.fetch(part.iter().copied().collect::<BTreeSet<_>>()).await?;
            known.extend(part.iter().map(|id| ((*id).clone(), found.remove(*id))));
        }
        Ok(unknown.len())
    }
}

/// Forgets what is gone, unless the index has been changed since: what it has now may be there again.
async fn forget(shelf: &RwLock<Held>, gone: &[MemoryId], revision: u64) {
    let mut held = shelf.write().await;
    if held.revision == revision {
        held.index.remove(gone);
    }
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
