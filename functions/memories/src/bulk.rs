//! `POST /api/v1/memories/bulk`

use hb_domain::batch::BulkCreate;
use hb_domain::fields::Fields;
use hb_domain::memory::NewMemory;
use hb_domain::memory_key::{ConflictQuery, OnConflict};
use hb_domain::{Error, MemoryId};
use hb_http::{
    Call, CreateOutcome, ErrorDetail, HandlerResult, NewItem, Reply, VersionedMemory, item_errors,
};
use serde::Serialize;

/// What became of each memory of a bulk.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "CreatedMemories"))]
pub(crate) struct BulkCreated {
    /// How many memories were created.
    created: usize,
    /// How many have a key that another memory holds, which was kept.
    existing: usize,
    /// How many were not created.
    failed: usize,
    /// How many have replaced the memory that held their key.
    replaced: usize,
    /// One result for each memory of the request, in its order.
    results: Vec<ItemResult>,
}

/// The result of one memory, by its position in the request.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "CreateResult"))]
#[serde(untagged)]
enum ItemResult {
    /// The memory was not created.
    Failed {
        /// What is wrong with it.
        errors: Vec<ErrorDetail>,
        /// Its position in the request, from 0.
        index: usize,
    },
    /// Another memory holds the key, and was kept.
    Existing {
        /// Always `true`.
        exists: bool,
        /// The id of the memory that holds the key.
        id: MemoryId,
        /// The position of the memory in the request, from 0.
        index: usize,
    },
    /// The memory has replaced the one that held its key.
    Replaced {
        /// The id of the memory, which is that of the one before.
        id: MemoryId,
        /// The position of the memory in the request, from 0.
        index: usize,
        /// Always `true`.
        replaced: bool,
    },
    /// The memory was created.
    Created {
        /// The id of the memory.
        id: MemoryId,
        /// The position of the memory in the request, from 0.
        index: usize,
    },
}

impl ItemResult {
    /// The result of the memory that gets `id` if it is created.
    fn of(index: usize, id: MemoryId, outcome: CreateOutcome) -> Self {
        match outcome {
            CreateOutcome::Created => Self::Created { id, index },
            CreateOutcome::Replaced(id) => Self::Replaced { id, index, replaced: true },
            // An id has 67 random bits: an earlier attempt of this request has created the memory.
            CreateOutcome::Existed(existing) if existing == id => Self::Created { id, index },
            CreateOutcome::Existed(id) => Self::Existing { exists: true, id, index },
            CreateOutcome::Failed(error) => Self::Failed { errors: item_errors(&error), index },
        }
    }
}

pub(crate) async fn bulk(mut call: Call) -> HandlerResult {
    let on_conflict = ConflictQuery::parse(call.query())?.on_conflict.unwrap_or(OnConflict::Fail);
    let items = BulkCreate::parse(call.bulk_body()?)?.memories;
    let (mut ids, mut outcomes) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    let mut new = Vec::new();
    for (position, item) in items.into_iter().enumerate() {
        // An item that is refused uses an id, too: a resumed request gives the other items the same ids again.
        let (id, version) = (call.new_memory_id(), call.new_version());
        let parsed = Fields::of_item(item, call.principal().tenant())
            .and_then(|fields| NewMemory::parse(fields, call.effective_at()));
        outcomes.push(parsed.map_or_else(CreateOutcome::Failed, |parsed| {
            new.push(NewItem {
                position,
                new: VersionedMemory { memory: parsed.named(id.clone()), version },
            });
            CreateOutcome::Created
        }));
        ids.push(id);
    }
    let positions: Vec<usize> = new.iter().map(|item| item.position).collect();
    let placed = call.memories().create_all(new, on_conflict, false).await?;
    for (position, outcome) in positions.into_iter().zip(placed) {
        outcomes[position] = outcome;
    }
    let unfinished =
        outcomes.iter().any(|outcome| matches!(outcome, CreateOutcome::Failed(Error::Unavailable(_))));
    let results = ids.into_iter().zip(outcomes).enumerate();
    let results = results.map(|(index, (id, outcome))| ItemResult::of(index, id, outcome)).collect();
    let reply = Reply::ok(&BulkCreated::of(results))?;
    Ok(if unfinished { reply.unfinished() } else { reply })
}

impl BulkCreated {
    fn of(results: Vec<ItemResult>) -> Self {
        let count = |is: fn(&ItemResult) -> bool| results.iter().filter(|result| is(result)).count();
        Self {
            created: count(|result| matches!(result, ItemResult::Created { .. })),
            existing: count(|result| matches!(result, ItemResult::Existing { .. })),
            failed: count(|result| matches!(result, ItemResult::Failed { .. })),
            replaced: count(|result| matches!(result, ItemResult::Replaced { .. })),
            results,
        }
    }
}
