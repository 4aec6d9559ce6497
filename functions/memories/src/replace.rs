//! `PUT /api/v1/memories/{id}`

use hb_domain::memory::NewMemory;
use hb_domain::{Error, MemoryId};
use hb_http::{Call, Edit, HandlerResult, Reply};

pub(crate) async fn replace(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let new = NewMemory::parse(call.body()?, call.effective_at())?;
    let id = call.path_id(MemoryId::parse)?;
    let (expected, version) = (call.expected_versions(), call.new_version());
    if call.expects_nothing() {
        call.memories().get(&id).await?;
        return Err(Error::PreconditionFailed);
    }
    let edit = Edit::Replacement(&new);
    let replaced = call.memories().edit(&id, edit, expected.as_deref(), &version).await?;
    Ok(Reply::ok(&replaced.memory)?.of_version(replaced.version))
}
