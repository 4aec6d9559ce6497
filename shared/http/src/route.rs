//! Routes as data: each function has a table of them.
//!
//! Tests compare the tables with `template.yaml` and try every row with no credential, a wrong scope
//! and another tenant's credential, so a forgotten route fails a test that says what to do.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use hb_domain::tenant::RateLimitStatus;
use hb_domain::{Principal, Result, Scope, Timestamp};
use http::Method;
use http::header::{HeaderMap, IF_MATCH, IF_NONE_MATCH};
use percent_encoding::percent_decode_str;

use crate::{Call, HandlerResult};

/// A handler under way.
pub type Handling = Pin<Box<dyn Future<Output = HandlerResult> + Send>>;

/// An authorisation under way.
pub type Authorizing<'c> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'c>>;

/// One row of a route table.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method; `HEAD` comes with `GET`, `OPTIONS` with every path.
    pub method: Method,
    /// The path; a segment in braces matches anything: `/api/v1/memories/{id}`.
    pub path: &'static str,
    /// Who may use it, and what it does.
    pub action: Action,
    /// Whether it changes nothing, whatever its method.
    pub reading: bool,
    /// What it asks of the caller beyond the scope, by what the request is about. It also runs before the idempotency
    /// record is looked up; the handler checks the same again next to the effect.
    pub authorize: Option<Authorize>,
    /// What it tells to some callers only.
    pub reveals: Option<Reveals>,
    /// Whether `Bearer` may stand twice before the credential.
    pub tolerates_doubled_bearer: bool,
}

/// Decides whether a caller may make a request.
pub type Authorize = for<'c> fn(&'c Call) -> Authorizing<'c>;

/// What a route that changes something tells of what was there before, which needs a scope of its own.
#[derive(Clone, Copy, Debug)]
pub struct Reveals {
    /// The scope. `If-Match` and `If-None-Match` need it: what becomes of them tells the state of the resource.
    pub scope: Scope,
    /// The fields of `data` that whoever lacks it gets all the same.
    pub fields_for_all: &'static [&'static str],
}

/// What a route does, and what it asks of the caller first.
#[derive(Clone, Copy)]
pub enum Action {
    /// Needs no credential and is not counted.
    Public(fn() -> HandlerResult),
    /// Shows the public keys of our own tokens to anyone.
    Keys(fn(&serde_json::Value) -> HandlerResult),
    /// Shows the tenant's standing to any credential of it, free of charge, once a second.
    RateLimitStatus(fn(&RateLimitStatus, Timestamp) -> HandlerResult),
    /// Needs a credential, is admitted and counted, and needs the scope when there is one.
    Tenant(Option<Scope>, fn(Call) -> Handling),
}

impl Route {
    const fn new(method: Method, path: &'static str, action: Action, reading: bool) -> Self {
        Self {
            method,
            path,
            action,
            reading,
            authorize: None,
            reveals: None,
            tolerates_doubled_bearer: false,
        }
    }

    /// The same route, which asks this of the caller, too.
    #[must_use]
    pub const fn authorized_by(mut self, authorize: Authorize) -> Self {
        self.authorize = Some(authorize);
        self
    }

    /// The same route, which answers a caller without `scope` with these fields of `data` only, and refuses conditional
    /// headers from it.
    #[must_use]
    pub const fn revealing(mut self, scope: Scope, fields_for_all: &'static [&'static str]) -> Self {
        self.reveals = Some(Reveals { scope, fields_for_all });
        self
    }

    /// A route that needs a credential with this scope.
    pub const fn scoped(
        method: Method,
        path: &'static str,
        scope: Scope,
        handler: fn(Call) -> Handling,
    ) -> Self {
        Self::new(method, path, Action::Tenant(Some(scope), handler), false)
    }

    /// A route that needs a credential with this scope and changes nothing, although its method may.
    pub const fn reading(
        method: Method,
        path: &'static str,
        scope: Scope,
        handler: fn(Call) -> Handling,
    ) -> Self {
        Self::new(method, path, Action::Tenant(Some(scope), handler), true)
    }

    /// A route for any credential of the tenant.
    pub const fn authenticated(method: Method, path: &'static str, handler: fn(Call) -> Handling) -> Self {
        Self::new(method, path, Action::Tenant(None, handler), false)
    }

    /// A route without credential.
    pub const fn public(method: Method, path: &'static str, answer: fn() -> HandlerResult) -> Self {
        Self::new(method, path, Action::Public(answer), true)
    }

    /// A route that trades a session for a token of our own: it keeps nothing, so a repetition makes another.
    pub const fn exchange(method: Method, path: &'static str, handler: fn(Call) -> Handling) -> Self {
        let mut route = Self::new(method, path, Action::Tenant(None, handler), true);
        route.tolerates_doubled_bearer = true;
        route
    }

    /// A route that shows the public keys of our own tokens.
    pub const fn keys(
        method: Method,
        path: &'static str,
        answer: fn(&serde_json::Value) -> HandlerResult,
    ) -> Self {
        Self::new(method, path, Action::Keys(answer), true)
    }

    /// A route that shows the tenant's standing.
    pub const fn rate_limit_status(
        method: Method,
        path: &'static str,
        answer: fn(&RateLimitStatus, Timestamp) -> HandlerResult,
    ) -> Self {
        Self::new(method, path, Action::RateLimitStatus(answer), true)
    }

    /// Whether it heeds an `Idempotency-Key`: whatever a repetition would do again.
    pub fn accepts_idempotency_key(&self) -> bool {
        !self.reading && matches!(self.method, Method::POST | Method::PATCH)
    }

    /// Whether its handler has no use for a body.
    pub(crate) fn reads_no_body(&self) -> bool {
        matches!(self.method, Method::GET | Method::DELETE)
    }
}

impl Reveals {
    /// Refuses a request that depends on a state which its caller may not read.
    pub(crate) fn check_conditions(&self, principal: &Principal, headers: &HeaderMap) -> Result<()> {
        let is_conditional = [IF_MATCH, IF_NONE_MATCH].iter().any(|name| headers.contains_key(name));
        if is_conditional { principal.require(self.scope) } else { Ok(()) }
    }
}

/// The values of the pattern's segments in braces, percent-decoded, when `path` matches.
pub fn captures<'p>(pattern: &'p str, path: &str) -> Option<Vec<(&'p str, String)>> {
    let mut captures = Vec::new();
    let mut actual = path.split('/');
    for expected in pattern.split('/') {
        let segment = actual.next()?;
        match expected.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => {
                captures.push((name, percent_decode_str(segment).decode_utf8().ok()?.into_owned()));
            }
            _ if segment == expected => {}
            _ => return None,
        }
    }
    actual.next().is_none().then_some(captures)
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(_) => f.write_str("Public"),
            Self::Keys(_) => f.write_str("Keys"),
            Self::RateLimitStatus(_) => f.write_str("Standing"),
            Self::Tenant(scope, _) => f.debug_tuple("Tenant").field(scope).finish(),
        }
    }
}

/// What a path and a method lead to.
#[derive(Debug)]
pub enum Found<'r> {
    /// A route, with the path's captures.
    Route(&'r Route, Vec<(&'static str, String)>),
    /// A preflight of a path that exists; the methods it has.
    Options(String),
    /// A path that does not have the method; the methods it has.
    WrongMethod(String),
    /// No such path.
    Unknown,
}

/// Finds the route for a path and method. A path without braces goes before one with them.
pub fn find<'r>(tables: &[&'r [Route]], method: &Method, path: &str) -> Found<'r> {
    let routes = tables.iter().flat_map(|table| table.iter());
    let mut matching: Vec<_> =
        routes.filter_map(|route| Some((route, captures(route.path, path)?))).collect();
    let Some(fewest) = matching.iter().map(|(_, captures)| captures.len()).min() else {
        return Found::Unknown;
    };
    matching.retain(|(_, captures)| captures.len() == fewest);
    let wanted = if *method == Method::HEAD { &Method::GET } else { method };
    let allow = || {
        let mut methods: Vec<&str> = matching.iter().map(|(route, _)| route.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.join(", ")
    };
    if *method == Method::OPTIONS {
        return Found::Options(allow());
    }
    match matching.iter().position(|(route, _)| route.method == *wanted) {
        Some(index) => {
            let (route, captures) = matching.swap_remove(index);
            Found::Route(route, captures)
        }
        None => Found::WrongMethod(allow()),
    }
}
