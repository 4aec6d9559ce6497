//! `POST /api/v1/memories`

use hb_domain::memory::NewMemory;
use hb_http::{Call, HandlerResult, Reply, VersionedMemory};

pub(crate) async fn create(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let new = NewMemory::parse(call.body()?, call.effective_at())?;
    let memory = new.named(call.new_memory_id());
    let version = call.new_version();
    let record = VersionedMemory { memory: memory.clone(), version: version.clone() };
    call.memories().create(record).await?;
    Ok(Reply::created(format!("/api/v1/memories/{}", memory.id), &memory)?.of_version(version))
}
