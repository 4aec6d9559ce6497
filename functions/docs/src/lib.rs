//! The OpenAPI document of the API, and a page that shows it. Both are parts of the function: no request reads the
//! database.

mod document;
mod file;
mod page;

use hb_http::Route;
use hb_http::description::Operation;
use lambda_http::http::Method;

use crate::document::Document;

/// The routes of this function.
pub const ROUTES: &[Route] = &[
    Route::public(Method::GET, "/openapi.json", |_| Box::pin(async { Ok(document::document()) }))
        .describing::<(), (), Document>()
        .operation(Operation::new("openapi.get", "Get this document").versioned().bare()),
    Route::public(Method::GET, "/docs", |_| Box::pin(async { Ok(page::page()) })).page(),
    Route::public(Method::GET, "/docs/{file}", |call| Box::pin(async move { file::file(&call) })).page(),
];
