//! `POST /api/v1/memories/query`

use hb_domain::query::MemoryQuery;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::view::Listed;

/// The response. Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueryResponse<'a> {
    memories: Vec<Listed<'a>>,
    /// Where the next request continues; `null` when there are no further matches.
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
