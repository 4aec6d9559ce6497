//! Routes as data: each function has a table of them.
//!
//! Tests compare the tables with `template.yaml` and send every route requests without a credential, with a missing
//! scope and with another tenant's credential, so a route that was left out fails a test that says what to do.

mod access;
mod handler;
mod matching;
mod reveals;

use hb_domain::Scope;
use http::Method;

use crate::description::Operation;
use crate::{Call, PageCall, PublicCall};
pub use access::{Access, Effect, Surface};
pub use handler::{Authorize, Authorizing, Handler, Handling};
pub use matching::{Found, captures, find};
pub use reveals::Reveals;

/// One row of a route table.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method. `HEAD` comes with `GET`, and `OPTIONS` with every path.
    pub method: Method,
    /// The path. A segment in braces matches any text: `/api/v1/memories/{id}`.
    pub path: &'static str,
    /// Whether a request changes anything.
    pub effect: Effect,
    /// Who reads the response: a program or a browser. All routes of a path have the same surface.
    pub surface: Surface,
    /// An authorization beyond the scope, which depends on the content of the request. It also runs before the
    /// idempotency record is looked up; the handler checks the same again next to the effect.
    pub authorize: Option<Authorize>,
    /// The part of the response that needs a scope of its own.
    pub reveals: Option<Reveals>,
    /// Whether `Bearer` may stand twice before the credential.
    pub accepts_doubled_bearer: bool,
    /// What a request does, for documents and clients.
    pub operation: Option<Operation>,
    /// The request and the response.
    #[cfg(feature = "describe")]
    pub description: Option<crate::description::Description>,
    handler: Handler,
}

impl Route {
    const fn new(method: Method, path: &'static str, handler: Handler) -> Self {
        let effect = Effect::of(&method);
        Self {
            method,
            path,
            effect,
            surface: Surface::Api,
            authorize: None,
            reveals: None,
            accepts_doubled_bearer: false,
            operation: None,
            #[cfg(feature = "describe")]
            description: None,
            handler,
        }
    }

    /// A route without a credential: [`Access::Public`].
    pub const fn public(method: Method, path: &'static str, handler: fn(PublicCall) -> Handling) -> Self {
        Self::new(method, path, Handler::Public(handler))
    }

    /// A web page for people who are signed in: [`Access::Session`].
    pub const fn signed_in(method: Method, path: &'static str, handler: fn(PageCall) -> Handling) -> Self {
        Self::new(method, path, Handler::Page(handler)).page()
    }

    /// A route for every credential of a tenant that is not counted: [`Access::Unmetered`].
    pub const fn unmetered(method: Method, path: &'static str, handler: fn(Call) -> Handling) -> Self {
        Self::new(method, path, Handler::Unmetered(handler))
    }

    /// A route for every credential of a tenant: [`Access::Metered`] without a scope.
    pub const fn authenticated(method: Method, path: &'static str, handler: fn(Call) -> Handling) -> Self {
        Self::new(method, path, Handler::Metered(None, handler))
    }

    /// A route for credentials with this scope: [`Access::Metered`].
    pub const fn scoped(
        method: Method,
        path: &'static str,
        scope: Scope,
        handler: fn(Call) -> Handling,
    ) -> Self {
        Self::new(method, path, Handler::Metered(Some(scope), handler))
    }

    /// Marks a route that changes nothing although its method may.
    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.effect = Effect::Reads;
        self
    }

    /// Makes it a web page.
    #[must_use]
    pub const fn page(mut self) -> Self {
        self.surface = Surface::Page;
        self
    }

    /// Adds an authorization by the content of the request.
    #[must_use]
    pub const fn authorized_by(mut self, authorize: Authorize) -> Self {
        self.authorize = Some(authorize);
        self
    }

    /// Limits what a caller without `scope` receives to these fields of `data`, and refuses its conditional requests.
    #[must_use]
    pub const fn revealing(mut self, scope: Scope, fields_for_all: &'static [&'static str]) -> Self {
        self.reveals = Some(Reveals { scope, fields_for_all });
        self
    }

    /// Says what a request does.
    #[must_use]
    pub const fn operation(mut self, operation: Operation) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Accepts `Bearer` twice before the credential.
    #[must_use]
    pub const fn accepting_doubled_bearer(mut self) -> Self {
        self.accepts_doubled_bearer = true;
        self
    }

    /// Names the query, the body and the response of the route: what it reads, and what `data` contains.
    #[cfg(feature = "describe")]
    #[must_use]
    pub const fn describing<Query, Body, Response>(mut self) -> Self
    where
        Query: hb_domain::describe::Request,
        Body: hb_domain::describe::Request,
        Response: schemars::JsonSchema,
    {
        self.description = Some(crate::description::Description::of::<Query, Body, Response>());
        self
    }

    /// Names the query, the body and the response of the route: what it reads, and what `data` contains.
    #[cfg(not(feature = "describe"))]
    #[must_use]
    pub const fn describing<Query, Body, Response>(self) -> Self {
        self
    }

    /// Who may call the route.
    pub const fn access(&self) -> Access {
        match self.handler {
            Handler::Public(_) => Access::Public,
            Handler::Page(_) => Access::Session,
            Handler::Unmetered(_) => Access::Unmetered,
            Handler::Metered(scope, _) => Access::Metered { scope },
        }
    }

    pub(crate) const fn handler(&self) -> Handler {
        self.handler
    }

    /// Whether it accepts an `Idempotency-Key`: an API route that a repetition would make change something again.
    pub fn accepts_idempotency_key(&self) -> bool {
        self.effect == Effect::Writes
            && self.surface == Surface::Api
            && matches!(self.method, Method::POST | Method::PUT | Method::PATCH)
    }

    /// Whether its handler reads no body.
    pub fn reads_no_body(&self) -> bool {
        matches!(self.method, Method::GET | Method::DELETE)
    }
}
