//! `PUT /api/v1/memories/{id}`

use hb_domain::MemoryId;
use hb_domain::memory::NewMemory;
use hb_http::{Call, Edit, HandlerResult, Reply};

pub(crate) async fn replace(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let new = NewMemory::parse(call.body()?, call.effective_at())?;
    let id = call.path_id(MemoryId::parse)?;
    let (conditions, version) = (call.preconditions(), call.new_version());
    let edit = Edit::Replacement(&new);
    let replaced = call.memories().edit(&id, edit, &conditions, &version).await?;
    Ok(Reply::ok(&replaced.memory)?.of_version(replaced.version))
}
