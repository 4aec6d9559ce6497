//! What the SDK's errors mean for a request.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use hb_domain::Error;

/// Codes that say that a call was refused because of its rate.
const THROTTLED: [&str; 3] =
    ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"];

/// Codes of AWS that pass by themselves: throttling, contention and faults of the service.
const PASSING: [&str; 8] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "TransactionInProgressException",
    "InternalServerError",
    "InternalServiceError",
    "ServiceUnavailable",
];

/// The error of a call that failed for a reason its caller does not handle: away or throttled is
/// [`Error::Unavailable`], anything else a bug of ours. The cause names the call and what AWS said.
pub(crate) fn fault<E: ProvideErrorMetadata, R>(call: &'static str, error: SdkError<E, R>) -> Error {
    match &error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("unknown");
            let cause = format!("{call}: {code}: {}", service.err().message().unwrap_or_default());
            if PASSING.contains(&code) { Error::Unavailable(cause) } else { Error::Internal(cause) }
        }
        SdkError::TimeoutError(_) => Error::Unavailable(format!("{call}: timed out")),
        SdkError::DispatchFailure(_) => Error::Unavailable(format!("{call}: not reached")),
        SdkError::ResponseError(_) => Error::Unavailable(format!("{call}: unreadable answer")),
        _ => Error::Internal(format!("{call}: request could not be built")),
    }
}

/// Whether the service refused the call because of its rate: nothing was done, so it may be repeated.
pub(crate) fn is_throttled<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code.is_some_and(|code| THROTTLED.contains(&code))
}

/// Whether the condition of a write did not hold: nothing was done.
pub(crate) fn is_failed_condition<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code == Some("ConditionalCheckFailedException")
}
