//! `GET /api/v1/memories/{id}`

use hb_domain::MemoryId;
use hb_http::{Call, HandlerResult, Reply};

pub(crate) async fn get(call: Call) -> HandlerResult {
    call.no_query()?;
    let found = call.memories().get(&call.path_id(MemoryId::parse)?).await?;
    Ok(Reply::ok(&found.memory)?.of_version(found.version))
}
