//! What the SDK's errors mean for a request, and which of them may simply be tried again.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use hb_domain::Error;

/// Codes that say that a call was refused before it did anything: because of its rate, or because a
/// transaction was under way on the same item.
const REFUSED: [&str; 5] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// The waits before a write that was refused is tried again.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(30), Duration::from_millis(100), Duration::from_millis(300)];

/// Codes of AWS that pass by themselves, throttling, contention and faults of the service; and that of a tenant that is
/// full (infra/adr/0011), which passes when something is deleted.
const PASSING: [&str; 9] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "TransactionInProgressException",
    "InternalServerError",
    "InternalServiceError",
    "ServiceUnavailable",
    "ItemCollectionSizeLimitExceededException",
];

/// The error of a call that failed for a reason its caller does not handle: away or throttled is
/// [`Error::Unavailable`], anything else a bug of ours. The cause names the call and what AWS said.
pub(crate) fn map_sdk_error<E: ProvideErrorMetadata>(
    call: &'static str,
    error: SdkError<E, HttpResponse>,
) -> Error {
    match &error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("unknown");
            let cause = format!("{call}: {code}: {}", service.err().message().unwrap_or_default());
            // What stands in front of the service answers without a code.
            let passes = PASSING.contains(&code) || service.raw().status().is_server_error();
            if passes { Error::Unavailable(cause) } else { Error::Internal(cause) }
        }
        SdkError::TimeoutError(_) => Error::Unavailable(format!("{call}: timed out")),
        SdkError::DispatchFailure(_) => Error::Unavailable(format!("{call}: not reached")),
        SdkError::ResponseError(_) => Error::Unavailable(format!("{call}: unreadable answer")),
        _ => Error::Internal(format!("{call}: request could not be built")),
    }
}

/// Sends a write that must not be repeated blindly, with the client that makes one attempt; again when
/// it was refused before it did anything.
pub(crate) async fn retry_when_throttled<T, E, R, F>(send: impl Fn() -> F) -> Result<T, SdkError<E, R>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E, R>>>,
{
    let mut answer = send().await;
    for pause in PAUSES {
        if !answer.as_ref().is_err_and(was_rejected) {
            break;
        }
        tokio::time::sleep(pause).await;
        answer = send().await;
    }
    answer
}

/// Whether the service refused the call before it did anything, for a reason that passes.
pub(crate) fn was_rejected<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code.is_some_and(|code| REFUSED.contains(&code))
}

/// Whether the condition of a write did not hold: nothing was done.
pub(crate) fn is_failed_condition<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code == Some("ConditionalCheckFailedException")
}
