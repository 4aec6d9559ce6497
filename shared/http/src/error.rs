//! The HTTP status, the code and the headers of each error.

use hb_domain::Error;
use hb_domain::error::{AuthFailure, Forbidden};
use http::StatusCode;
use http::header::{
    ACCEPT_ENCODING, ALLOW, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};

use crate::seconds::seconds_up;

/// `Retry-After` of an unavailable service, in seconds.
const UNAVAILABLE_RETRY_AFTER: &str = "1";

/// The status of an error.
pub(crate) fn status(error: &Error) -> StatusCode {
    match error {
        Error::Validation(_) | Error::Malformed(_) => StatusCode::BAD_REQUEST,
        Error::AuthRequired | Error::AuthInvalid(_) => StatusCode::UNAUTHORIZED,
        Error::QuotaExhausted(_) => StatusCode::PAYMENT_REQUIRED,
        Error::TenantMismatch
        | Error::MissingScope(_)
        | Error::ExpiryExceedsCaller { .. }
        | Error::Forbidden(_)
        | Error::Suspended => StatusCode::FORBIDDEN,
        Error::NotFound | Error::UnknownRoute => StatusCode::NOT_FOUND,
        Error::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
        Error::Duplicate(_) | Error::Repeated { .. } => StatusCode::CONFLICT,
        Error::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Error::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Error::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Error::UnsupportedMediaType { .. } | Error::UnsupportedCoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Error::Upstream(_) => StatusCode::BAD_GATEWAY,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The code of an error, on which clients branch.
pub(crate) fn code(error: &Error) -> &'static str {
    match error {
        Error::Validation(_) | Error::Malformed(_) => "VALIDATION_ERROR",
        Error::AuthRequired => "AUTH_REQUIRED",
        Error::AuthInvalid(
            AuthFailure::Unknown | AuthFailure::Revoked | AuthFailure::Expired | AuthFailure::TokenExpired,
        ) => "AUTH_INVALID",
        Error::QuotaExhausted(_) => "INSUFFICIENT_QUOTA",
        Error::TenantMismatch => "TENANT_MISMATCH",
        Error::MissingScope(_) | Error::ExpiryExceedsCaller { .. } | Error::Forbidden(_) => {
            "INSUFFICIENT_SCOPE"
        }
        Error::Suspended => "TENANT_SUSPENDED",
        Error::NotFound | Error::UnknownRoute => "RESOURCE_NOT_FOUND",
        Error::MethodNotAllowed { .. } => "METHOD_NOT_ALLOWED",
        Error::Duplicate(_) => "DUPLICATE_RESOURCE",
        Error::PreconditionFailed => "PRECONDITION_FAILED",
        Error::Repeated { .. } | Error::KeyReused => "IDEMPOTENCY_CONFLICT",
        Error::TooLarge { .. } => "PAYLOAD_TOO_LARGE",
        Error::UnsupportedMediaType { .. } | Error::UnsupportedCoding => "UNSUPPORTED_MEDIA_TYPE",
        Error::RateLimited { .. } => "RATE_LIMIT_EXCEEDED",
        Error::Internal(_) => "DATABASE_ERROR",
        Error::Upstream(_) => "EXTERNAL_SERVICE_ERROR",
        Error::Unavailable(_) => "SERVICE_UNAVAILABLE",
    }
}

/// Adds the headers of the error itself. Those of the rate limit come from the rate-limit status.
pub(crate) fn explain(error: &Error, headers: &mut HeaderMap) {
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    match error {
        Error::AuthRequired => put(WWW_AUTHENTICATE, "Bearer"),
        Error::AuthInvalid(_) => put(WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#),
        Error::MissingScope(scope) => {
            put(WWW_AUTHENTICATE, &format!(r#"Bearer error="insufficient_scope", scope="{scope}""#));
        }
        // No credential helps.
        Error::Forbidden(Forbidden::DirectAccess | Forbidden::ForeignOrigin | Forbidden::ForeignForm) => {}
        Error::ExpiryExceedsCaller { .. } | Error::Forbidden(_) => {
            put(WWW_AUTHENTICATE, r#"Bearer error="insufficient_scope""#)
        }
        Error::MethodNotAllowed { allow } => put(ALLOW, allow),
        // RFC 9110, section 12.5.3.
        Error::UnsupportedCoding => put(ACCEPT_ENCODING, "identity"),
        Error::Unavailable(_) | Error::Upstream(_) => put(RETRY_AFTER, UNAVAILABLE_RETRY_AFTER),
        Error::Repeated { retry_after } => put(RETRY_AFTER, &seconds_up(*retry_after).max(1).to_string()),
        Error::Validation(_)
        | Error::Malformed(_)
        | Error::QuotaExhausted(_)
        | Error::TenantMismatch
        | Error::Suspended
        | Error::NotFound
        | Error::UnknownRoute
        | Error::Duplicate(_)
        | Error::PreconditionFailed
        | Error::KeyReused
        | Error::TooLarge { .. }
        | Error::UnsupportedMediaType { .. }
        | Error::RateLimited { .. }
        | Error::Internal(_) => {}
    }
}
