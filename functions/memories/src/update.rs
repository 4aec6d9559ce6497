//! `PATCH /api/v1/memories/{id}`

use hb_domain::patch::Patch;
use hb_domain::precondition::Preconditions;
use hb_domain::{MemoryId, Scope};
use hb_http::{Call, Edit, HandlerResult, Reply};

pub(crate) async fn update(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let patch = Patch::parse(call.body()?, call.received_at())?;
    // A caller that may not read memories must not learn from `updatedAt` whether the values were the same before.
    let patch = Patch { always_touches: !call.principal().scopes().contains(Scope::ReadMemories), ..patch };
    let id = call.path_id(MemoryId::parse)?;
    let conditions = Preconditions { if_none_match: None, ..call.preconditions() };
    let version = call.new_version();
    let changed = call.memories().edit(&id, Edit::Patch(&patch), &conditions, &version).await?;
    Ok(Reply::ok(&changed.memory)?.of_version(changed.version))
}
