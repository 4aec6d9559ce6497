//! The endpoints of memories.

mod bulk;
mod bulk_delete;
mod create;
mod delete;
mod export;
mod get;
mod import;
mod list;
mod search;
mod update;
mod view;

use hb_domain::Scope::{ReadMemories, WriteMemories};
use hb_http::Route;
use lambda_http::http::Method;

/// The routes of this function.
pub const ROUTES: &[Route] = &[
    Route::scoped(Method::GET, "/api/v1/memories", ReadMemories, |call| Box::pin(list::list(call))),
    Route::scoped(Method::POST, "/api/v1/memories", WriteMemories, |call| Box::pin(create::create(call))),
    Route::scoped(Method::POST, "/api/v1/memories/search", ReadMemories, |call| {
        Box::pin(search::search(call))
    })
    .read_only(),
    Route::scoped(Method::POST, "/api/v1/memories/bulk", WriteMemories, |call| Box::pin(bulk::bulk(call))),
    Route::scoped(Method::POST, "/api/v1/memories/bulk-delete", WriteMemories, |call| {
        Box::pin(bulk_delete::bulk_delete(call))
    }),
    Route::scoped(Method::GET, "/api/v1/memories/export", ReadMemories, |call| {
        Box::pin(export::export(call))
    }),
    Route::scoped(Method::POST, "/api/v1/memories/import", WriteMemories, |call| {
        Box::pin(import::import(call))
    }),
    Route::scoped(Method::GET, "/api/v1/memories/{id}", ReadMemories, |call| Box::pin(get::get(call))),
    Route::scoped(Method::PATCH, "/api/v1/memories/{id}", WriteMemories, |call| {
        Box::pin(update::update(call))
    })
    .revealing(ReadMemories, &["id", "createdAt", "updatedAt"]),
    Route::scoped(Method::DELETE, "/api/v1/memories/{id}", WriteMemories, |call| {
        Box::pin(delete::delete(call))
    })
    .revealing(ReadMemories, &["id", "deleted"]),
];
