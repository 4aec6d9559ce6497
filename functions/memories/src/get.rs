//! `GET /api/v1/memories/{id}`

use hb_domain::MemoryId;
use hb_http::{Call, Outcome, Reply};

pub(crate) async fn get(call: Call) -> Outcome {
    call.no_query()?;
    let found = call.memories().get(&call.path_id(MemoryId::parse)?, call.now()).await?;
    Ok(Reply::ok(&found.memory)?.of_version(found.version))
}
