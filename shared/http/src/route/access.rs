//! Who may call a route, whether it changes anything, and who reads the response.

use hb_domain::Scope;
use http::Method;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without a credential. Requests are not counted.
    Public,
    /// Every credential of a tenant. Requests are not counted; an instance accepts one a second from a tenant, since
    /// each reads the tenant.
    Unmetered,
    /// Somebody who is signed in to the dashboard. Pages have a rate limit of their own.
    Session,
    /// Every credential of a tenant, with the scope if there is one. Requests are admitted and counted.
    Metered {
        /// The scope that the credential needs.
        scope: Option<Scope>,
    },
}

/// Whether a request changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing.
    Reads,
    /// It may change data.
    Writes,
}

impl Effect {
    /// The effect that a method has by its definition (RFC 9110, section 9.2.1).
    pub(crate) const fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE => Self::Reads,
            _ => Self::Writes,
        }
    }
}

/// Who reads the response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Surface {
    /// A program: errors are JSON in the envelope, and scripts of every origin may read the response (CORS).
    #[default]
    Api,
    /// A person in a browser: errors are HTML pages, and there are no CORS headers.
    Page,
}
