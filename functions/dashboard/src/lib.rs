//! The dashboard: web pages on which people manage their API keys and see their usage.
//!
//! A page has no rule of its own: it uses the routes of the API in the same process and shows what they return. Templates are
//! checked by the compiler and escape every text. Everything works without scripts, except for what is only convenient.

mod api;
mod chart;
mod connect;
mod create;
mod file;
mod form;
mod format;
mod hygiene;
mod key;
mod keys;
mod overview;
mod page;
mod revoke;
mod rotate;
mod settings;
mod sign_in;
mod usage;

use hb_http::Route;
use lambda_http::http::Method;

use crate::page::shown;

/// The routes of this function.
pub const ROUTES: &[Route] = &[
    Route::signed_in(Method::GET, "/dashboard", |call| Box::pin(shown(overview::overview(call)))),
    Route::signed_in(Method::GET, "/dashboard/keys", |call| Box::pin(shown(keys::keys(call)))),
    Route::signed_in(Method::GET, "/dashboard/keys/new", |call| Box::pin(shown(create::open(call)))),
    Route::signed_in(Method::POST, "/dashboard/keys/new", |call| Box::pin(shown(create::create(call)))),
    Route::signed_in(Method::GET, "/dashboard/keys/{id}", |call| Box::pin(shown(key::key(call)))),
    Route::signed_in(Method::GET, "/dashboard/keys/{id}/rotate", |call| Box::pin(shown(rotate::open(call)))),
    Route::signed_in(Method::POST, "/dashboard/keys/{id}/rotate", |call| {
        Box::pin(shown(rotate::rotate(call)))
    }),
    Route::signed_in(Method::GET, "/dashboard/keys/{id}/revoke", |call| Box::pin(shown(revoke::open(call)))),
    Route::signed_in(Method::POST, "/dashboard/keys/{id}/revoke", |call| {
        Box::pin(shown(revoke::revoke(call)))
    }),
    Route::signed_in(Method::GET, "/dashboard/connect", |call| Box::pin(shown(connect::connect(call)))),
    Route::signed_in(Method::GET, "/dashboard/settings", |call| Box::pin(shown(settings::settings(call)))),
    Route::signed_in(Method::POST, "/dashboard/sign-out", |call| Box::pin(shown(sign_in::sign_out(call)))),
    Route::public(Method::GET, "/dashboard/sign-in", |call| {
        Box::pin(shown(async move { sign_in::open(&call) }))
    })
    .page(),
    Route::public(Method::POST, "/dashboard/sign-in", |call| Box::pin(shown(sign_in::sign_in(call)))).page(),
    Route::public(Method::GET, "/dashboard/static/{file}", |call| Box::pin(async move { file::file(&call) }))
        .page(),
];
