//! The part of a write's response that needs a read scope.

use hb_domain::{Principal, Result, Scope};
use http::header::{HeaderMap, IF_MATCH, IF_NONE_MATCH};

/// What the response of a route that writes reveals of the previous state, which needs a scope of its own.
#[derive(Clone, Copy, Debug)]
pub struct Reveals {
    /// The scope. `If-Match` and `If-None-Match` need it, because their result depends on the state of the resource.
    pub scope: Scope,
    /// The fields of `data` that a caller without the scope receives.
    pub fields_for_all: &'static [&'static str],
}

impl Reveals {
    /// Refuses a conditional request of a caller that may not read the resource.
    ///
    /// # Errors
    /// [`MissingScope`](hb_domain::Error::MissingScope).
    pub(crate) fn check_conditions(&self, principal: &Principal, headers: &HeaderMap) -> Result<()> {
        let is_conditional = [IF_MATCH, IF_NONE_MATCH].iter().any(|name| headers.contains_key(name));
        if is_conditional { principal.require(self.scope) } else { Ok(()) }
    }
}
