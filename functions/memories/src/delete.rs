//! `DELETE /api/v1/memories/{id}`

use hb_domain::MemoryId;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

/// A memory that was deleted.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "DeletedMemory"))]
pub(crate) struct Deleted {
    /// Always `true`.
    pub(crate) deleted: bool,
    /// The id of the memory.
    pub(crate) id: MemoryId,
}

pub(crate) async fn delete(call: Call) -> HandlerResult {
    call.no_query()?;
    let id = call.path_id(MemoryId::parse)?;
    call.memories().delete(&id, call.expected_versions().as_deref()).await?;
    Reply::ok(&Deleted { deleted: true, id })
}
