//! The handlers of routes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use hb_domain::{Result, Scope};

use crate::{Call, HandlerResult, PageCall, PublicCall};

/// The future of a handler.
pub type Handling = Pin<Box<dyn Future<Output = HandlerResult> + Send>>;

/// The future of an authorization.
pub type Authorizing<'c> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'c>>;

/// Decides whether a caller may make a request.
pub type Authorize = for<'c> fn(&'c Call) -> Authorizing<'c>;

/// A handler, by the access that its route gives.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Of a route without a credential.
    Public(fn(PublicCall) -> Handling),
    /// Of a route with a credential whose requests are not counted.
    Unmetered(fn(Call) -> Handling),
    /// Of a page for people who are signed in.
    Page(fn(PageCall) -> Handling),
    /// Of a route with a credential, and the scope that it needs.
    Metered(Option<Scope>, fn(Call) -> Handling),
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(_) => f.write_str("Public"),
            Self::Page(_) => f.write_str("Page"),
            Self::Unmetered(_) => f.write_str("Unmetered"),
            Self::Metered(scope, _) => f.debug_tuple("Metered").field(scope).finish(),
        }
    }
}
