//! `POST /api/v1/memories/query`

use hb_domain::query::MemoryQuery;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::view::Listed;

/// A page of the memories that match a filter.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "QueryResults"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueryResponse<'a> {
    /// The memories of the page. There may be fewer than `limit`, or none, and others may still follow.
    #[cfg_attr(feature = "describe", schemars(with = "Vec<hb_domain::Memory>"))]
    memories: Vec<Listed<'a>>,
    /// The `cursor` of the next page. `null` when there are no further matches.
    next_cursor: Option<String>,
}

pub(crate) async fn query(call: Call) -> HandlerResult {
    call.no_query()?;
    let query = MemoryQuery::parse(call.body()?, call.principal().tenant())?;
    let page = call.memories().query(&query).await?;
    Reply::ok(&QueryResponse {
        memories: page.memories.iter().map(Listed::of).collect(),
        next_cursor: page.next.as_ref().map(|position| query.cursor_scope.encode(position)),
    })
}
