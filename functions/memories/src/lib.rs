//! The endpoints of memories.

mod batch_get;
mod bulk;
mod bulk_delete;
mod bulk_update;
mod by_key;
mod create;
mod delete;
mod export;
mod get;
mod import;
mod list;
mod namespaces;
mod placed;
mod query;
mod replace;
mod search;
mod update;
mod view;

use hb_domain::Scope::{ReadMemories, WriteMemories};
use hb_domain::batch::{BulkCreate, BulkDelete};
use hb_domain::batch_get::BatchGet;
use hb_domain::bulk_update::BulkUpdate;
use hb_domain::export::Export;
use hb_domain::import::Imported;
use hb_domain::listing::Listing;
use hb_domain::memory::NewMemory;
use hb_domain::memory_key::ConflictQuery;
use hb_domain::namespace_listing::NamespaceListing;
use hb_domain::patch::Patch;
use hb_domain::query::MemoryQuery;
use hb_domain::search::Search;
use hb_domain::{Memory, ScopedKey};
use hb_http::Route;
use hb_http::description::{Lines, NoParameters, Operation};
use lambda_http::http::Method;

/// What a caller that may not read memories learns of one that it has written.
const WRITTEN: &[&str] = &["id", "createdAt", "updatedAt"];

/// The routes of this function.
pub const ROUTES: &[Route] = &[
    Route::scoped(Method::GET, "/api/v1/memories", ReadMemories, |call| Box::pin(list::list(call)))
        .describing::<Listing, (), list::List<'static>>()
        .operation(Operation::new("memories.list", "List memories")),
    Route::scoped(Method::POST, "/api/v1/memories", WriteMemories, |call| Box::pin(create::create(call)))
        .revealing(ReadMemories, WRITTEN)
        .describing::<ConflictQuery, NewMemory, Memory>()
        .operation(Operation::new("memories.create", "Create a memory").created_or_found().versioned()),
    Route::scoped(Method::POST, "/api/v1/memories/search", ReadMemories, |call| {
        Box::pin(search::search(call))
    })
    .read_only()
    .describing::<NoParameters, Search, search::SearchResponse<'static>>()
    .operation(Operation::new("memories.search", "Search memories")),
    Route::scoped(Method::POST, "/api/v1/memories/query", ReadMemories, |call| Box::pin(query::query(call)))
        .read_only()
        .describing::<NoParameters, MemoryQuery, query::QueryResponse<'static>>()
        .operation(Operation::new("memories.query", "Query memories")),
    Route::scoped(Method::POST, "/api/v1/memories/bulk", WriteMemories, |call| Box::pin(bulk::bulk(call)))
        .describing::<ConflictQuery, BulkCreate, bulk::BulkCreated>()
        .operation(Operation::new("memories.createBulk", "Create many memories")),
    Route::scoped(Method::POST, "/api/v1/memories/bulk-delete", WriteMemories, |call| {
        Box::pin(bulk_delete::bulk_delete(call))
    })
    .authorized_by(|call| Box::pin(bulk_delete::authorize(call)))
    .describing::<NoParameters, BulkDelete, bulk_delete::BulkDeleted>()
    .operation(Operation::new("memories.deleteBulk", "Delete many memories")),
    Route::scoped(Method::POST, "/api/v1/memories/bulk-update", WriteMemories, |call| {
        Box::pin(bulk_update::bulk_update(call))
    })
    .authorized_by(|call| Box::pin(bulk_update::authorize(call)))
    .describing::<NoParameters, BulkUpdate, bulk_update::BulkUpdated>()
    .operation(Operation::new("memories.updateBulk", "Change many memories")),
    Route::scoped(Method::POST, "/api/v1/memories/batch-get", ReadMemories, |call| {
        Box::pin(batch_get::batch_get(call))
    })
    .read_only()
    .describing::<NoParameters, BatchGet, batch_get::Batch<'static>>()
    .operation(Operation::new("memories.batchGet", "Get many memories")),
    Route::scoped(Method::GET, "/api/v1/memories/export", ReadMemories, |call| {
        Box::pin(export::export(call))
    })
    .describing::<Export, (), Lines<Memory>>()
    .operation(Operation::new("memories.export", "Export memories").lines()),
    Route::scoped(Method::POST, "/api/v1/memories/import", WriteMemories, |call| {
        Box::pin(import::import(call))
    })
    .describing::<ConflictQuery, Imported, import::ImportResponse>()
    .operation(Operation::new("memories.import", "Import memories")),
    Route::scoped(Method::GET, "/api/v1/memories/by-key", ReadMemories, |call| Box::pin(by_key::get(call)))
        .describing::<ScopedKey, (), Memory>()
        .operation(Operation::new("memories.getByKey", "Get a memory by its key").versioned()),
    Route::scoped(Method::PUT, "/api/v1/memories/by-key", WriteMemories, |call| Box::pin(by_key::put(call)))
        .revealing(ReadMemories, WRITTEN)
        .describing::<ScopedKey, NewMemory, Memory>()
        .operation(
            Operation::new("memories.putByKey", "Create or replace a memory by its key")
                .created_or_found()
                .versioned()
                .conditional(),
        ),
    Route::scoped(Method::DELETE, "/api/v1/memories/by-key", WriteMemories, |call| {
        Box::pin(by_key::delete(call))
    })
    .revealing(ReadMemories, &["id", "deleted"])
    .describing::<ScopedKey, (), delete::Deleted>()
    .operation(Operation::new("memories.deleteByKey", "Delete a memory by its key").conditional()),
    Route::scoped(Method::GET, "/api/v1/memories/{id}", ReadMemories, |call| Box::pin(get::get(call)))
        .describing::<NoParameters, (), Memory>()
        .operation(Operation::new("memories.get", "Get a memory").versioned()),
    Route::scoped(Method::PUT, "/api/v1/memories/{id}", WriteMemories, |call| {
        Box::pin(replace::replace(call))
    })
    .revealing(ReadMemories, WRITTEN)
    .describing::<NoParameters, NewMemory, Memory>()
    .operation(Operation::new("memories.replace", "Replace a memory").versioned().conditional()),
    Route::scoped(Method::PATCH, "/api/v1/memories/{id}", WriteMemories, |call| {
        Box::pin(update::update(call))
    })
    .revealing(ReadMemories, WRITTEN)
    .describing::<NoParameters, Patch, Memory>()
    .operation(Operation::new("memories.update", "Change a memory").versioned().conditional()),
    Route::scoped(Method::DELETE, "/api/v1/memories/{id}", WriteMemories, |call| {
        Box::pin(delete::delete(call))
    })
    .revealing(ReadMemories, &["id", "deleted"])
    .describing::<NoParameters, (), delete::Deleted>()
    .operation(Operation::new("memories.delete", "Delete a memory").conditional()),
    Route::scoped(Method::GET, "/api/v1/namespaces", ReadMemories, |call| {
        Box::pin(namespaces::namespaces(call))
    })
    .describing::<NamespaceListing, (), namespaces::Namespaces>()
    .operation(Operation::new("namespaces.list", "List namespaces")),
];
