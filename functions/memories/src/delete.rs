//! `DELETE /api/v1/memories/{id}`

use hb_domain::MemoryId;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

/// The response. Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
pub(crate) struct Deleted {
    pub(crate) deleted: bool,
    pub(crate) id: MemoryId,
}

pub(crate) async fn delete(call: Call) -> HandlerResult {
    call.no_query()?;
    let id = call.path_id(MemoryId::parse)?;
    call.memories().delete(&id, call.expected_versions().as_deref()).await?;
    Reply::ok(&Deleted { deleted: true, id })
}
