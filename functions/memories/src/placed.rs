//! The reply to a request that places a memory.

use hb_http::{HandlerResult, Placed, Placement, Reply};

/// 201 for a new memory, 200 for one that was there: replaced, or kept as it is.
pub(crate) fn reply(Placed { placement, memory }: Placed) -> HandlerResult {
    let data = &memory.memory;
    let reply = match placement {
        Placement::Created => Reply::created(format!("/api/v1/memories/{}", data.id), data)?,
        Placement::Replaced | Placement::Existed => Reply::ok(data)?,
    };
    Ok(reply.of_version(memory.version))
}
