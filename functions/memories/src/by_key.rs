//! `/api/v1/memories/by-key`: the memory with a key of the application's own.
//!
//! The key is in the query, not in the path: API Gateway decodes a path, and cuts it at a decoded `?`.

use hb_domain::ScopedKey;
use hb_http::{Call, HandlerResult, Reply, VersionedMemory};

use crate::delete::Deleted;
use crate::placed;

pub(crate) async fn get(call: Call) -> HandlerResult {
    let found = call.memories().get_by_key(&ScopedKey::parse(call.query())?).await?;
    Ok(Reply::ok(&found.memory)?.of_version(found.version))
}

pub(crate) async fn put(mut call: Call) -> HandlerResult {
    let (body, key) = (call.body()?, ScopedKey::parse(call.query())?);
    let new = key.parse_new(body, call.effective_at())?;
    let memory = new.named(call.new_memory_id());
    let new = VersionedMemory { memory, version: call.new_version() };
    placed::reply(call.memories().put_by_key(key, new, call.preconditions()).await?)
}

pub(crate) async fn delete(call: Call) -> HandlerResult {
    let key = ScopedKey::parse(call.query())?;
    let id = call.memories().delete_by_key(&key, call.expected_versions().as_deref()).await?;
    Reply::ok(&Deleted { deleted: true, id })
}
