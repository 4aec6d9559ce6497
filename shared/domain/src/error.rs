//! Errors as values.
//!
//! An error has two messages: the public message, which is returned to the caller, and the internal message, which is
//! logged. `hb_http::error` maps errors to HTTP.

use std::fmt;
use std::time::Duration;

use crate::{Scope, Timestamp};

/// The result of an operation of HeroBrain that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// One problem of one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as the request names it.
    pub field: String,
    /// The problem, as a sentence that begins with the field's name.
    pub message: String,
}

/// Why a credential is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthFailure {
    /// It is malformed or unknown.
    Unknown,
    /// The key has been revoked.
    Revoked,
    /// The key has expired.
    Expired,
    /// The token has expired.
    TokenExpired,
}

/// Why a caller is not allowed to do something, regardless of its scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// A HeroBrain token cannot manage keys.
    TokenManagesNoKeys,
    /// Only admins of the organisation may manage its keys.
    NotAdmin,
    /// No organisation is active in the session.
    NoOrganization,
    /// Only a Clerk session token can be exchanged.
    NotExchangeable,
    /// The request did not pass the content delivery network in front of the service.
    DirectAccess,
    /// A form was sent by a page of another origin.
    ForeignOrigin,
    /// A form lacks the CSRF token of the session.
    ForeignForm,
}

/// A limit of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Requests per month.
    Requests(u64),
    /// Stored memories.
    Memories(u64),
    /// Active API keys.
    Keys(u64),
    /// Webhook endpoints.
    Webhooks(u64),
}

/// The errors of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Every invalid field.
    Validation(Vec<FieldError>),
    /// The body cannot be parsed, for this reason.
    Malformed(String),
    /// No credential, or not `Bearer …`.
    AuthRequired,
    /// A credential that is not accepted.
    AuthInvalid(AuthFailure),
    /// A limit of the plan is reached.
    QuotaExhausted(Quota),
    /// A `tenantId` that is not the caller's.
    TenantMismatch,
    /// The caller lacks this scope.
    MissingScope(Scope),
    /// The requested key would expire later than the caller's credential.
    ExpiryExceedsCaller {
        /// When the caller's credential expires.
        own: Timestamp,
    },
    /// The caller is not allowed to, regardless of its scopes.
    Forbidden(Forbidden),
    /// The operator has suspended the tenant.
    Suspended,
    /// The resource does not exist, or belongs to another tenant: the two are indistinguishable.
    NotFound,
    /// There is no such route.
    UnknownRoute,
    /// The route does not have this method.
    MethodNotAllowed {
        /// The methods it has, as the `Allow` header lists them.
        allow: String,
    },
    /// An active resource of the same name exists; the message names it.
    Duplicate(String),
    /// The current version does not meet the condition of the request, `If-Match` or `If-None-Match`.
    PreconditionFailed,
    /// A request with this `Idempotency-Key` is in progress.
    Repeated {
        /// When its lock expires at the latest.
        retry_after: Duration,
    },
    /// The `Idempotency-Key` was used for another request.
    KeyReused,
    /// The body is larger than this many bytes.
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The body is not of an accepted media type.
    UnsupportedMediaType {
        /// The media types that the route accepts, the usual one first.
        accepted: &'static [&'static str],
    },
    /// The body has a content coding, such as gzip.
    UnsupportedCoding,
    /// The burst is used up.
    RateLimited {
        /// Until the next request is admitted.
        retry_after: Duration,
    },
    /// A bug or a corrupt item. The cause is logged.
    Internal(String),
    /// A third-party service failed. The cause is logged.
    Upstream(String),
    /// DynamoDB or Secrets Manager throttles or is unavailable. The cause is logged.
    Unavailable(String),
}

impl Error {
    /// One invalid field.
    pub fn field(field: &str, problem: impl fmt::Display) -> Self {
        Self::Validation(vec![FieldError::new(field, problem)])
    }

    /// The message that is returned to the caller. It contains no internal details.
    pub fn public_message(&self) -> String {
        match self {
            Self::Validation(_) => "The request has invalid fields".into(),
            Self::Malformed(why) => why.clone(),
            Self::AuthRequired => "Authentication required".into(),
            Self::AuthInvalid(AuthFailure::Unknown) => "The API key or token is not valid".into(),
            Self::AuthInvalid(AuthFailure::Revoked) => "The API key has been revoked".into(),
            Self::AuthInvalid(AuthFailure::Expired) => "The API key has expired".into(),
            Self::AuthInvalid(AuthFailure::TokenExpired) => "The token has expired; get a new one".into(),
            Self::Forbidden(why) => why.message().into(),
            Self::QuotaExhausted(Quota::Requests(limit)) => {
                format!("The plan's {limit} requests of this month are used up")
            }
            Self::QuotaExhausted(Quota::Memories(limit)) => {
                format!("The plan's {limit} memories are used up")
            }
            Self::QuotaExhausted(Quota::Keys(limit)) => {
                format!("The tenant has {limit} active API keys, which is the maximum; revoke one first")
            }
            Self::QuotaExhausted(Quota::Webhooks(limit)) => {
                format!("The tenant has {limit} webhook endpoints, which is the maximum; delete one first")
            }
            Self::TenantMismatch => "Resource belongs to different tenant".into(),
            Self::MissingScope(scope) => format!("The credential lacks the scope {scope}"),
            Self::ExpiryExceedsCaller { own } => {
                format!("The key must not expire later than the credential that creates it, which expires at {own}")
            }
            Self::Suspended => "The tenant is suspended; contact the operator of this service".into(),
            Self::NotFound => "Resource not found".into(),
            Self::UnknownRoute => "No such route".into(),
            Self::MethodNotAllowed { allow } => format!("The method is not allowed; the allowed methods are {allow}"),
            Self::Duplicate(what) => what.clone(),
            Self::PreconditionFailed => {
                "The current version of the resource does not meet the condition of the request".into()
            }
            Self::Repeated { .. } => {
                "A request with this Idempotency-Key is in progress; retry to get its response".into()
            }
            Self::KeyReused => {
                "This Idempotency-Key was used for another request; a key is valid for one method, path, query and body"
                    .into()
            }
            Self::TooLarge { limit } => format!("The body is larger than {limit} bytes"),
            Self::UnsupportedMediaType { accepted } => {
                format!("The body must be sent as Content-Type: {}", accepted.join(" or "))
            }
            Self::UnsupportedCoding => "The body must be sent without Content-Encoding".into(),
            Self::RateLimited { .. } => "Too many requests".into(),
            Self::Internal(_) => {
                "An internal error occurred; include the request_id in bug reports".into()
            }
            Self::Upstream(_) => "The token issuer's signing keys could not be fetched; retry".into(),
            Self::Unavailable(_) => "The service is temporarily unavailable; retry".into(),
        }
    }
}

impl Forbidden {
    const fn message(self) -> &'static str {
        match self {
            Self::TokenManagesNoKeys => {
                "A HeroBrain token cannot manage keys; use an API key or a Clerk session"
            }
            Self::NotAdmin => "Only admins of the organization may manage its keys",
            Self::NoOrganization => "The session has no active organization, which identifies the tenant",
            Self::NotExchangeable => "Only a Clerk session token can be exchanged for a HeroBrain token",
            Self::ForeignOrigin => "The form was not sent by a page of this site",
            Self::ForeignForm => {
                "The form belongs to an earlier sign-in; open its page again and send it once more"
            }
            Self::DirectAccess => "Direct access is not allowed; use the public address of this service",
        }
    }
}

impl FieldError {
    /// `problem` completes the sentence that `field` begins: `"must be …"`.
    pub fn new(field: &str, problem: impl fmt::Display) -> Self {
        Self { field: field.to_owned(), message: format!("{field} {problem}") }
    }
}

impl fmt::Display for Error {
    /// The internal message, for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internal(cause) | Self::Upstream(cause) | Self::Unavailable(cause) => f.write_str(cause),
            Self::Validation(fields) => {
                write!(f, "invalid fields:")?;
                fields.iter().try_for_each(|error| write!(f, " {}", error.field))
            }
            other => f.write_str(&other.public_message()),
        }
    }
}

impl std::error::Error for Error {}
