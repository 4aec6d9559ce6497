//! `POST /api/v1/memories/search`

use hb_domain::search::Search;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::view::Found;

#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchResponse<'a> {
    /// In milliseconds.
    latency: f64,
    /// Where the next request continues; `null` at the end.
    next_cursor: Option<String>,
    /// Absent where all memories were searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<Partial>,
    query: &'a str,
    results: Vec<Found<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
struct Partial {
    /// The number of memories that were searched.
    searched: u64,
}

pub(crate) async fn search(call: Call) -> HandlerResult {
    call.no_query()?;
    let search = Search::parse(call.body()?, call.principal().tenant())?;
    let found = call.memories().search(&search).await?;
    Reply::ok(&SearchResponse {
        latency: call.elapsed_ms(),
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
