//! `POST /api/v1/memories/batch-get`

use hb_domain::batch_get::BatchGet;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::view::Listed;

/// The memories of the ids of a request.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "MemoryBatch"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Batch<'a> {
    /// For each id its memory, in the order of the ids. `null`: there is none.
    #[cfg_attr(feature = "describe", schemars(with = "Vec<Option<hb_domain::Memory>>"))]
    memories: Vec<Option<Listed<'a>>>,
    /// Send it as `cursor` with the same ids to get the memories of the ids that follow. `null`: all ids are
    /// answered.
    next_cursor: Option<String>,
}

pub(crate) async fn batch_get(call: Call) -> HandlerResult {
    call.no_query()?;
    let request = BatchGet::parse(call.body()?, call.principal().tenant())?;
    let page = call.memories().batch_get(&request).await?;
    Reply::ok(&Batch {
        memories: page.memories.iter().map(|memory| memory.as_ref().map(Listed::of)).collect(),
        next_cursor: page.next.map(|position| request.cursor(position)),
    })
}
