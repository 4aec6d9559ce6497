//! `POST /api/v1/memories`

use hb_domain::memory::NewMemory;
use hb_http::{Call, NewRecord, Outcome, Reply};

pub(crate) async fn create(mut call: Call) -> Outcome {
    call.no_query()?;
    let new = NewMemory::parse(call.body()?, call.principal().tenant(), call.now())?;
    let memory = new.named(call.new_memory_id());
    let version = call.new_version();
    let record = NewRecord { memory: memory.clone(), version: version.clone() };
    call.memories().create(record, call.allowance().memories, call.now()).await?;
    Ok(Reply::created(format!("/api/v1/memories/{}", memory.id), &memory)?.of_version(version))
}
