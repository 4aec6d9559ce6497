//! What can go wrong, as values.
//!
//! An error knows two messages: the public one, which the caller reads, and the internal one, which
//! goes to the log. What becomes of it in HTTP is decided in one place, `hb_http::error`.

use std::fmt;
use std::time::Duration;

use crate::{Scope, Timestamp};

/// The result of everything in HeroBrain that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// One thing wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as the request names it.
    pub field: String,
    /// What is wrong, in a sentence that starts with the field's name.
    pub message: String,
}

/// Why a credential is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthFailure {
    /// It is neither a well-formed key nor a token this deployment can check, or nobody's.
    Unknown,
    /// A key that was revoked.
    Revoked,
    /// A key whose time is over.
    Expired,
    /// A token whose time is over.
    TokenExpired,
}

/// Why a caller that is known may not do something, whatever its scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// A HeroBrain token manages no keys.
    TokenManagesNoKeys,
    /// Only admins of the organisation manage its keys.
    NotAdmin,
    /// No organisation is active in the session.
    NoOrganization,
    /// Only a session token of Clerk's can be traded.
    NotExchangeable,
}

/// A number of things that a plan limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Requests of this month.
    Requests(u64),
    /// Memories kept.
    Memories(u64),
    /// Live API keys.
    Keys(u64),
}

/// Everything that can go wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Fields that break the contract, all of them.
    Validation(Vec<FieldError>),
    /// The body cannot be read at all; says why.
    Malformed(String),
    /// No credential, or not `Bearer …`.
    AuthRequired,
    /// A credential that is not accepted.
    AuthInvalid(AuthFailure),
    /// The plan's number of something is used up.
    QuotaExhausted(Quota),
    /// A `tenantId` that is not the caller's.
    TenantMismatch,
    /// The caller lacks this scope.
    MissingScope(Scope),
    /// The key asked for would live longer than the credential used, which ends at `own`.
    ExpiryExceedsCaller {
        /// When the caller's credential stops working.
        own: Timestamp,
    },
    /// The caller may not, whatever its scopes.
    Forbidden(Forbidden),
    /// The operator has suspended the tenant.
    Suspended,
    /// There is no such resource, or it is somebody else's: the two are never told apart.
    NotFound,
    /// There is no such route.
    UnknownRoute,
    /// The route does not have this method.
    MethodNotAllowed {
        /// The methods it has, as the `Allow` header lists them.
        allow: String,
    },
    /// A live resource of the same name exists; says which.
    Duplicate(String),
    /// `If-Match` names another version.
    PreconditionFailed,
    /// A request with this `Idempotency-Key` is under way.
    Repeated {
        /// Until it has certainly ended.
        retry_after: Duration,
    },
    /// The `Idempotency-Key` was used for another request.
    KeyReused,
    /// The body is larger than this many bytes.
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The body is not of this media type.
    UnsupportedMediaType {
        /// What the route reads.
        expected: &'static str,
    },
    /// The burst or the minute rate is used up.
    RateLimited {
        /// Until the next request is admitted.
        retry_after: Duration,
    },
    /// A bug or a corrupt item; the cause is for the log.
    Internal(String),
    /// A service of somebody else's that is needed for the answer has failed; the cause is for the log.
    Upstream(String),
    /// DynamoDB or Secrets Manager throttles or is away; the cause is for the log.
    Unavailable(String),
}

impl Error {
    /// One wrong field.
    pub fn field(field: &str, problem: impl fmt::Display) -> Self {
        Self::Validation(vec![FieldError::new(field, problem)])
    }

    /// The sentence the caller reads. It never holds an internal detail.
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
                format!("The tenant has {limit} live API keys, the most there can be; revoke one first")
            }
            Self::TenantMismatch => "Resource belongs to different tenant".into(),
            Self::MissingScope(scope) => format!("The credential lacks the scope {scope}"),
            Self::ExpiryExceedsCaller { own } => {
                format!("The credential used expires at {own} and cannot hand out a key that lives longer")
            }
            Self::Suspended => "The tenant is suspended; contact whoever runs this service".into(),
            Self::NotFound => "Resource not found".into(),
            Self::UnknownRoute => "No such route".into(),
            Self::MethodNotAllowed { allow } => format!("The method is not allowed here; allowed: {allow}"),
            Self::Duplicate(what) => what.clone(),
            Self::PreconditionFailed => {
                "The resource has changed since the version that If-Match names".into()
            }
            Self::Repeated { .. } => {
                "A request with this Idempotency-Key is under way; its answer can be had by asking again".into()
            }
            Self::KeyReused => {
                "This Idempotency-Key was used for another request; a key belongs to one method, path, query and body"
                    .into()
            }
            Self::TooLarge { limit } => format!("The body is larger than {limit} bytes"),
            Self::UnsupportedMediaType { expected } => {
                format!("The body must be sent as Content-Type: {expected}")
            }
            Self::RateLimited { .. } => "Too many requests".into(),
            Self::Internal(_) => {
                "Something went wrong on our side; quote the request id when you report it".into()
            }
            Self::Upstream(_) => "The issuer of the token cannot be asked for its keys; try again".into(),
            Self::Unavailable(_) => "The service is briefly unavailable; try again".into(),
        }
    }
}

impl Forbidden {
    const fn message(self) -> &'static str {
        match self {
            Self::TokenManagesNoKeys => {
                "A HeroBrain token cannot manage keys; use an API key or a Clerk session"
            }
            Self::NotAdmin => "Only admins of the organization manage its keys",
            Self::NoOrganization => "The session has no active organization, which is the tenant here",
            Self::NotExchangeable => "Only a Clerk session token can be traded for a HeroBrain token",
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
