//! `PATCH /api/v1/memories/{id}`

use hb_domain::patch::Patch;
use hb_domain::{Error, MemoryId};
use hb_http::{Call, Outcome, Reply};

/// How often a patch that lost against another one of the same memory starts over.
const TRIES: u32 = 50;

pub(crate) async fn update(mut call: Call) -> Outcome {
    call.no_query()?;
    let patch = Patch::parse(call.body()?, call.principal().tenant(), call.now())?;
    let id = call.path_id(MemoryId::parse)?;
    let expected = call.expected_versions();
    let version = call.new_version();
    // Each try reads, applies and writes if nobody else has: concurrent patches all survive.
    for _ in 0..TRIES {
        let found = call.memories().get(&id, call.now()).await?;
        if expected.as_ref().is_some_and(|versions| !versions.contains(&found.version)) {
            return Err(Error::PreconditionFailed);
        }
        let patched = patch.apply(&found.memory, call.now())?;
        if patched == found.memory {
            return Ok(Reply::ok(&patched)?.of_version(found.version));
        }
        if call.memories().replace(&patched, &found.version, &version).await? {
            return Ok(Reply::ok(&patched)?.of_version(version));
        }
    }
    Err(Error::Unavailable("a patch lost against others too often".into()))
}
