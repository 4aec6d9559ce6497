//! One page of a search: the results that fit, and where the next page begins.

use hb_domain::Memory;
use hb_domain::search::{After, Continuation, MAX_RESULTS, Search};
use hb_search::{Hit, id_hash};

use super::list;
use super::search::{Found, Lookup, Reading};

/// The most bytes of a cursor.
const MAX_CURSOR: usize = 8 * 1024;

/// The last round of a ranked search.
pub(super) struct Round {
    /// The best memories, in order.
    pub(super) ranked: Vec<Hit>,
    /// The most results.
    pub(super) limit: usize,
    /// The last of the ranked memories before the first that was not read.
    pub(super) examined: Option<Hit>,
    /// Whether no memory is left that was not read.
    pub(super) is_all: bool,
    /// The counts of changes of the memories that were ranked, if those are all.
    pub(super) changes: Option<[i64; 3]>,
}

impl Round {
    /// The page of the memories that were read and match.
    pub(super) fn page(self, search: &Search, reading: &mut Reading) -> Found {
        let take = |hit: Hit| match reading.lookups.remove(&hit.id) {
            Some(Lookup::Found(memory)) => Some((*memory, Some(hit))),
            _ => None,
        };
        let mut hits: Vec<_> = self.ranked.into_iter().filter_map(take).take(self.limit).collect();
        let is_cut = truncate_to_response(&search.query, &mut hits);
        let is_full = is_cut || hits.len() == self.limit;
        let last = if is_full { hits.last().and_then(|(_, hit)| hit.clone()) } else { self.examined };
        let is_left = |lookup: &Lookup| matches!(lookup, Lookup::Found(_));
        let is_end = self.is_all && !is_cut && !reading.lookups.values().any(is_left);
        let next = last
            .filter(|_| !is_end)
            .and_then(|last| continuation(search.continuation(), &hits, &last, self.changes));
        Found { hits, searched: None, next: next.map(After::Ranked) }
    }
}

/// Where the search continues that has returned the results of `before` and these hits, and has examined the memories up to
/// `last`. `None` when it has returned as many as it may.
fn continuation(
    before: Option<&Continuation>,
    hits: &[(Memory, Option<Hit>)],
    last: &Hit,
    changes: Option<[i64; 3]>,
) -> Option<Continuation> {
    let mut returned = before.map(|before| before.returned.clone()).unwrap_or_default();
    returned.extend(hits.iter().map(|(memory, _)| id_hash(&memory.id)));
    let score = (last.explanation.score * 1e6).round() as i64;
    (returned.len() < MAX_RESULTS).then(|| Continuation { score, last: last.id.clone(), changes, returned })
}

/// Removes the hits that do not fit into a response, which includes the query and a cursor. Returns whether there were any.
pub(super) fn truncate_to_response(query: &str, hits: &mut Vec<(Memory, Option<Hit>)>) -> bool {
    let mut bytes = hb_domain::json::length(&query) + MAX_CURSOR;
    let terms = |hit: &Hit| hit.explanation.terms.iter().map(|term| term.len() + 3).sum::<usize>();
    let fits = |(memory, hit): &&(Memory, Option<Hit>)| {
        bytes += list::json_size(memory) + hit.as_ref().map_or(0, terms) + 200;
        bytes <= list::MAX_RESPONSE
    };
    let fitting = hits.iter().take_while(fits).count();
    let is_cut = fitting < hits.len();
    hits.truncate(fitting);
    is_cut
}
