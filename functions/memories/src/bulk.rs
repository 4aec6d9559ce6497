//! `POST /api/v1/memories/bulk`

use hb_domain::batch::BulkCreate;
use hb_domain::fields::Fields;
use hb_domain::memory::NewMemory;
use hb_domain::{Error, MemoryId};
use hb_http::{Call, CreateOutcome, ErrorDetail, HandlerResult, Reply, VersionedMemory, item_errors};
use serde::Serialize;

/// The response: one result for each memory of the request. Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
pub(crate) struct BulkCreated {
    created: usize,
    failed: usize,
    results: Vec<ItemResult>,
}

/// The result of one memory, by its position in the request.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum ItemResult {
    Failed { errors: Vec<ErrorDetail>, index: usize },
    Created { id: MemoryId, index: usize },
}

impl ItemResult {
    fn of(index: usize, result: Result<MemoryId, Error>) -> Self {
        match result {
            Ok(id) => Self::Created { id, index },
            Err(error) => Self::Failed { errors: item_errors(&error), index },
        }
    }
}

pub(crate) async fn bulk(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let items = BulkCreate::parse(call.bulk_body()?)?.memories;
    let mut results: Vec<Result<MemoryId, Error>> = Vec::with_capacity(items.len());
    let (mut new, mut indices) = (Vec::new(), Vec::new());
    for (index, item) in items.into_iter().enumerate() {
        // An item that is refused uses an id, too: a resumed request gives the other items the same ids again.
        let (id, version) = (call.new_memory_id(), call.new_version());
        let parsed = Fields::of_item(item, call.principal().tenant())
            .and_then(|fields| NewMemory::parse(fields, call.effective_at()));
        results.push(parsed.map(|parsed| {
            new.push(VersionedMemory { memory: parsed.named(id.clone()), version });
            indices.push(index);
            id
        }));
    }
    let outcomes = call.memories().create_all(new, false).await?;
    for (index, outcome) in indices.into_iter().zip(outcomes) {
        if let CreateOutcome::Failed(error) = outcome {
            results[index] = Err(error);
        }
    }
    let created = results.iter().filter(|result| result.is_ok()).count();
    let unfinished = results.iter().any(|result| matches!(result, Err(Error::Unavailable(_))));
    let failed = results.len() - created;
    let results = results.into_iter().enumerate().map(|(index, result)| ItemResult::of(index, result));
    let reply = Reply::ok(&BulkCreated { created, failed, results: results.collect() })?;
    Ok(if unfinished { reply.unfinished() } else { reply })
}
