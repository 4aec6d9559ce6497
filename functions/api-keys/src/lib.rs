//! The endpoints of API keys.
//!
//! Reading is for any credential of the tenant. Who may create, rotate and revoke which key is
//! decided by [`hb_domain::Principal`]: nobody ends up with more than they came with.

mod create;
mod get;
mod list;
mod revoke;
mod rotate;
mod target;
mod usage;
mod view;

use hb_domain::Principal;
use hb_http::Route;
use hb_http::description::{NoParameters, Operation};
use lambda_http::http::Method;

/// The routes of this function.
pub const ROUTES: &[Route] = &[
    Route::authenticated(Method::GET, "/api/v1/api-keys", |call| Box::pin(list::list(call)))
        .describing::<NoParameters, (), list::KeyList>()
        .operation(Operation::new("apiKeys.list", "List API keys")),
    Route::authenticated(Method::POST, "/api/v1/api-keys", |call| Box::pin(create::create(call)))
        .authorized_by(|call| Box::pin(create::authorize(call)))
        .describing::<NoParameters, create::CreateKey, view::PlainKeyView<'static>>()
        .operation(Operation::new("apiKeys.create", "Create an API key").created()),
    Route::authenticated(Method::POST, "/api/v1/api-keys/rotate", |call| Box::pin(rotate::rotate(call)))
        .authorized_by(|call| Box::pin(target::authorize(call, Principal::may_rotate)))
        .describing::<NoParameters, rotate::RotateKey, view::PlainKeyView<'static>>()
        .operation(Operation::new("apiKeys.rotate", "Rotate an API key")),
    Route::authenticated(Method::POST, "/api/v1/api-keys/revoke", |call| Box::pin(revoke::revoke(call)))
        .authorized_by(|call| Box::pin(target::authorize(call, Principal::may_revoke)))
        .describing::<NoParameters, revoke::RevokeKey, revoke::RevokedKey<'static>>()
        .operation(Operation::new("apiKeys.revoke", "Revoke an API key")),
    Route::authenticated(Method::GET, "/api/v1/api-keys/usage", |call| Box::pin(usage::usage(call)))
        .describing::<usage::UsageQuery, (), usage::UsageReport<'static>>()
        .operation(Operation::new("apiKeys.usage", "Get the daily usage of an API key")),
    Route::authenticated(Method::GET, "/api/v1/api-keys/{id}", |call| Box::pin(get::get(call)))
        .describing::<NoParameters, (), view::KeyView>()
        .operation(Operation::new("apiKeys.get", "Get an API key")),
];
