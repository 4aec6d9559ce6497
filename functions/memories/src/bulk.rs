//! `POST /api/v1/memories/bulk`

use hb_domain::fields::Fields;
use hb_domain::memory::NewMemory;
use hb_domain::{Error, batch};
use hb_http::{Call, CreateOutcome, HandlerResult, Reply, VersionedMemory, item_errors};
use serde_json::{Value, json};

pub(crate) async fn bulk(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let items = batch::take_memories(call.bulk_body()?, call.principal().tenant())?;
    let mut results: Vec<Result<Value, Error>> = Vec::with_capacity(items.len());
    let (mut new, mut indices) = (Vec::new(), Vec::new());
    for (index, item) in items.into_iter().enumerate() {
        // An item that is refused uses up its id all the same: whoever carries on gives the others theirs.
        let (id, version) = (call.new_memory_id(), call.new_version());
        let parsed = Fields::of_item(item)
            .and_then(|fields| NewMemory::parse(fields, call.principal().tenant(), call.effective_at()));
        results.push(parsed.map(|parsed| {
            new.push(VersionedMemory { memory: parsed.named(id.clone()), version });
            indices.push(index);
            json!({"index": index, "id": id})
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
    let results = results.into_iter().enumerate();
    let results: Vec<Value> = results
        .map(|(index, result)| {
            result.unwrap_or_else(|error| json!({"index": index, "errors": item_errors(&error)}))
        })
        .collect();
    let reply = Reply::ok(&json!({"created": created, "failed": failed, "results": results}))?;
    Ok(if unfinished { reply.unfinished() } else { reply })
}
