//! `POST /api/v1/memories/bulk-delete`

use hb_domain::batch::BulkDelete;
use hb_http::{Call, HandlerResult, Reply};
use serde_json::json;

pub(crate) async fn bulk_delete(call: Call) -> HandlerResult {
    call.no_query()?;
    match BulkDelete::parse(call.body()?, call.principal().tenant())? {
        BulkDelete::Ids(ids) => {
            let deleted = call.memories().delete_all(&ids).await?;
            Reply::ok(&json!({"deleted": deleted, "nextCursor": null}))
        }
        BulkDelete::Matching(erasure) => {
            let erased = call.memories().erase(&erasure).await?;
            let next = erased.next.as_ref().map(|progress| erasure.cursor(progress));
            Reply::ok(&json!({"deleted": erased.deleted, "nextCursor": next}))
        }
    }
}
