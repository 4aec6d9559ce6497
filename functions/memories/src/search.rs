//! `POST /api/v1/memories/search`

use hb_domain::search::Search;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::view::Found;

/// The results of a search, the best first.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "SearchResults"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchResponse<'a> {
    /// How long the search took within the service, in milliseconds.
    latency: f64,
    /// The `cursor` of the next page. `null` at the end.
    next_cursor: Option<String>,
    /// Absent: all memories were searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<Partial>,
    /// The query of the request; empty if it has none.
    query: &'a str,
    /// The memories that were found.
    results: Vec<Found<'a>>,
}

/// How many memories a search has covered that did not cover all.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "PartialSearch"))]
struct Partial {
    /// How many memories were searched: the most recently changed ones.
    searched: u64,
}

pub(crate) async fn search(call: Call) -> HandlerResult {
    call.no_query()?;
    let search = Search::parse(call.body()?, call.principal().tenant())?;
    let found = call.memories().search(&search).await?;
    let latency = call.elapsed_ms();
    call.record_search(found.hits.len()).await;
    Reply::ok(&SearchResponse {
        latency,
        next_cursor: found.next.as_ref().map(|after| search.cursor(after)),
        partial: found.searched.map(|searched| Partial { searched }),
        query: &search.query,
        results: found
            .hits
            .iter()
            .map(|(memory, hit)| Found::of(memory, hit.as_ref(), search.explain))
            .collect(),
    })
}
