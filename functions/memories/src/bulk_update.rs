//! `POST /api/v1/memories/bulk-update`

use std::time::Duration;

use hb_domain::bulk_update::{BulkUpdate, UpdateItem};
use hb_domain::patch::Patch;
use hb_domain::{Error, MemoryId, Result, Scope, Timestamp};
use hb_http::{Call, ErrorDetail, HandlerResult, Reply, Update, VersionedMemory, item_errors};
use serde::Serialize;

/// How long new changes are started: the gateway waits for 30 s, and the last ones need time to complete.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// What became of each change of a bulk-update.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "UpdatedMemories"))]
pub(crate) struct BulkUpdated {
    /// How many changes were not made.
    failed: usize,
    /// One result for each item of the request, in its order.
    results: Vec<ItemResult>,
    /// How many memories were changed.
    updated: usize,
}

/// The result of one item, by its position in the request.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "UpdateResult"))]
#[serde(untagged)]
enum ItemResult {
    /// The memory was not changed.
    Failed {
        /// What is wrong with the item.
        errors: Vec<ErrorDetail>,
        /// Its position in the request, from 0.
        index: usize,
    },
    /// The memory was changed, or had the values before.
    #[serde(rename_all = "camelCase")]
    Updated {
        /// When the memory was created.
        created_at: Timestamp,
        /// The id of the memory.
        id: MemoryId,
        /// The position of the item in the request, from 0.
        index: usize,
        /// When the memory was last changed.
        updated_at: Timestamp,
    },
}

impl ItemResult {
    fn of(index: usize, result: Result<VersionedMemory>) -> Self {
        match result {
            Ok(VersionedMemory { memory, .. }) => Self::Updated {
                created_at: memory.created_at,
                id: memory.id,
                index,
                updated_at: memory.updated_at,
            },
            Err(error) => Self::Failed { errors: item_errors(&error), index },
        }
    }
}

/// Whether the caller may learn what the request reveals: a condition depends on the version of a memory. Other faults of
/// the body are for [`bulk_update`] to report.
pub(crate) async fn authorize(call: &Call) -> Result<()> {
    may_compare(call, &BulkUpdate::parse(call.bulk_body()?)?)
}

fn may_compare(call: &Call, request: &BulkUpdate) -> Result<()> {
    if request.is_conditional() { call.principal().require(Scope::ReadMemories) } else { Ok(()) }
}

pub(crate) async fn bulk_update(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let request = BulkUpdate::parse(call.bulk_body()?)?;
    may_compare(&call, &request)?;
    // As for a single PATCH: `updatedAt` must not reveal whether the values were the same before.
    let always_touches = !call.principal().scopes().contains(Scope::ReadMemories);
    let (mut results, mut updates) = (Vec::with_capacity(request.items.len()), Vec::new());
    for (position, item) in request.items.into_iter().enumerate() {
        // An item that is refused uses a version, too: a resumed request gives the other items the same ones again.
        let version = call.new_version();
        match UpdateItem::parse(item, call.principal().tenant(), call.received_at()) {
            Ok(item) => {
                let item = UpdateItem { patch: Patch { always_touches, ..item.patch }, ..item };
                updates.push(Update { position, item, version });
            }
            Err(error) => results.push((position, Err(error))),
        }
    }
    let has_time = || call.worked_for() < TIME_LIMIT;
    results.extend(call.memories().update_all(updates, &has_time).await);
    results.sort_by_key(|(position, _)| *position);
    respond(results)
}

fn respond(results: Vec<(usize, Result<VersionedMemory>)>) -> HandlerResult {
    let updated = results.iter().filter(|(_, result)| result.is_ok()).count();
    let unfinished = results.iter().any(|(_, result)| matches!(result, Err(Error::Unavailable(_))));
    let failed = results.len() - updated;
    let results = results.into_iter().map(|(position, result)| ItemResult::of(position, result)).collect();
    let reply = Reply::ok(&BulkUpdated { failed, results, updated })?;
    Ok(if unfinished { reply.unfinished() } else { reply })
}
