//! `POST /api/v1/memories`

use hb_domain::memory::NewMemory;
use hb_domain::memory_key::{ConflictQuery, OnConflict};
use hb_http::{Call, HandlerResult, VersionedMemory};

use crate::placed;

pub(crate) async fn create(mut call: Call) -> HandlerResult {
    let on_conflict = ConflictQuery::parse(call.query())?.on_conflict.unwrap_or(OnConflict::Fail);
    let new = NewMemory::parse(call.body()?, call.effective_at())?;
    let memory = new.named(call.new_memory_id());
    let new = VersionedMemory { memory, version: call.new_version() };
    placed::reply(call.memories().create(new, on_conflict).await?)
}
