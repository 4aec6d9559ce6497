//! `POST /api/v1/memories/bulk-delete`

use hb_domain::batch::BulkDelete;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

/// The response. Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkDeleted {
    deleted: u64,
    /// Where the next request continues; `null` when all matching memories are deleted.
    next_cursor: Option<String>,
}

pub(crate) async fn bulk_delete(call: Call) -> HandlerResult {
    call.no_query()?;
    let response = match BulkDelete::parse(call.body()?, call.principal().tenant())? {
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
