//! `POST /api/v1/memories/bulk-delete`

use hb_domain::batch::BulkDelete;
use hb_domain::{Result, Scope};
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

/// How many memories a request has deleted.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "DeletedMemories"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkDeleted {
    /// How many memories this request has deleted. Of `ids`, those that do not exist are not counted.
    deleted: u64,
    /// Send it as `cursor` with the same filter to delete further memories. `null`: all are deleted.
    next_cursor: Option<String>,
}

/// Whether the caller may learn what the request reveals: how many memories meet conditions on their content.
pub(crate) async fn authorize(call: &Call) -> Result<()> {
    may_compare(call, &BulkDelete::parse(call.body()?, call.principal().tenant())?)
}

fn may_compare(call: &Call, request: &BulkDelete) -> Result<()> {
    if request.compares_content() { call.principal().require(Scope::ReadMemories) } else { Ok(()) }
}

pub(crate) async fn bulk_delete(call: Call) -> HandlerResult {
    call.no_query()?;
    let request = BulkDelete::parse(call.body()?, call.principal().tenant())?;
    may_compare(&call, &request)?;
    let response = match request {
        BulkDelete::Ids(ids) => {
            let deleted = call.memories().delete_all(&ids).await?;
            BulkDeleted { deleted, next_cursor: None }
        }
        BulkDelete::Matching(erasure) => {
            let erased = call.memories().erase(&erasure).await?;
            let next_cursor = erased.next.as_ref().map(|progress| erasure.cursor(progress));
            BulkDeleted { deleted: erased.deleted, next_cursor }
        }
    };
    Reply::ok(&response)
}
