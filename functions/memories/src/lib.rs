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
use hb_http::description::{Lines, NoParameters};
use lambda_http::http::Method;

/// What a caller that may not read memories learns of one that it has written.
const WRITTEN: &[&str] = &["id", "createdAt", "updatedAt"];

/// The routes of this function.
pub const ROUTES: &[Route] = &[
    Route::scoped(Method::GET, "/api/v1/memories", ReadMemories, |call| Box::pin(list::list(call)))
        .describing::<Listing, (), list::List<'static>>(),
    Route::scoped(Method::POST, "/api/v1/memories", WriteMemories, |call| Box::pin(create::create(call)))
        .revealing(ReadMemories, WRITTEN)
        .describing::<ConflictQuery, NewMemory, Memory>(),
    Route::scoped(Method::POST, "/api/v1/memories/search", ReadMemories, |call| {
        Box::pin(search::search(call))
    })
    .read_only()
    .describing::<NoParameters, Search, search::SearchResponse<'static>>(),
    Route::scoped(Method::POST, "/api/v1/memories/query", ReadMemories, |call| Box::pin(query::query(call)))
        .read_only()
        .describing::<NoParameters, MemoryQuery, query::QueryResponse<'static>>(),
    Route::scoped(Method::POST, "/api/v1/memories/bulk", WriteMemories, |call| Box::pin(bulk::bulk(call)))
        .describing::<ConflictQuery, BulkCreate, bulk::BulkCreated>(),
    Route::scoped(Method::POST, "/api/v1/memories/bulk-delete", WriteMemories, |call| {
        Box::pin(bulk_delete::bulk_delete(call))
    })
    .authorized_by(|call| Box::pin(bulk_delete::authorize(call)))
    .describing::<NoParameters, BulkDelete, bulk_delete::BulkDeleted>(),
    Route::scoped(Method::POST, "/api/v1/memories/bulk-update", WriteMemories, |call| {
        Box::pin(bulk_update::bulk_update(call))
    })
    .authorized_by(|call| Box::pin(bulk_update::authorize(call)))
    .describing::<NoParameters, BulkUpdate, bulk_update::BulkUpdated>(),
    Route::scoped(Method::POST, "/api/v1/memories/batch-get", ReadMemories, |call| {
        Box::pin(batch_get::batch_get(call))
    })
    .read_only()
    .describing::<NoParameters, BatchGet, batch_get::Batch<'static>>(),
    Route::scoped(Method::GET, "/api/v1/memories/export", ReadMemories, |call| {
        Box::pin(export::export(call))
    })
    .describing::<Export, (), Lines<Memory>>(),
    Route::scoped(Method::POST, "/api/v1/memories/import", WriteMemories, |call| {
        Box::pin(import::import(call))
    })
    .describing::<ConflictQuery, Imported, import::ImportResponse>(),
    Route::scoped(Method::GET, "/api/v1/memories/by-key", ReadMemories, |call| Box::pin(by_key::get(call)))
        .describing::<ScopedKey, (), Memory>(),
    Route::scoped(Method::PUT, "/api/v1/memories/by-key", WriteMemories, |call| Box::pin(by_key::put(call)))
        .revealing(ReadMemories, WRITTEN)
        .describing::<ScopedKey, NewMemory, Memory>(),
    Route::scoped(Method::DELETE, "/api/v1/memories/by-key", WriteMemories, |call| {
        Box::pin(by_key::delete(call))
    })
    .revealing(ReadMemories, &["id", "deleted"])
    .describing::<ScopedKey, (), delete::Deleted>(),
    Route::scoped(Method::GET, "/api/v1/memories/{id}", ReadMemories, |call| Box::pin(get::get(call)))
        .describing::<NoParameters, (), Memory>(),
    Route::scoped(Method::PUT, "/api/v1/memories/{id}", WriteMemories, |call| {
        Box::pin(replace::replace(call))
    })
    .revealing(ReadMemories, WRITTEN)
    .describing::<NoParameters, NewMemory, Memory>(),
    Route::scoped(Method::PATCH, "/api/v1/memories/{id}", WriteMemories, |call| {
        Box::pin(update::update(call))
    })
    .revealing(ReadMemories, WRITTEN)
    .describing::<NoParameters, Patch, Memory>(),
    Route::scoped(Method::DELETE, "/api/v1/memories/{id}", WriteMemories, |call| {
        Box::pin(delete::delete(call))
    })
    .revealing(ReadMemories, &["id", "deleted"])
    .describing::<NoParameters, (), delete::Deleted>(),
    Route::scoped(Method::GET, "/api/v1/namespaces", ReadMemories, |call| {
        Box::pin(namespaces::namespaces(call))
    })
    .describing::<NamespaceListing, (), namespaces::Namespaces>(),
];
