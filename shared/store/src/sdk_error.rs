//! What an error of the SDK means: whether the call changed anything, and which [`Error`] the request ends with.

use std::fmt::Display;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use hb_domain::Error;

use crate::backoff::Backoff;

/// What is known of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The condition of the write did not hold. Nothing was changed.
    ConditionFailed,
    /// The service rejected the call because of its rate. Nothing was changed.
    Throttled,
    /// A transaction was in progress on the same item. Nothing was changed.
    Conflict,
    /// The response was lost or is no statement about the call, which may have been carried out.
    Unknown,
    /// The call is wrong or not allowed. Nothing was changed, and a retry fails the same way.
    Fatal,
}

impl Failure {
    /// The meaning of `error`. Cancelled transactions are [`Fatal`](Self::Fatal) here: their reasons say more.
    pub(crate) fn of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ServiceError(service) => match service.err().code() {
                Some(code) => Self::of_code(code, service.raw().status().is_server_error()),
                // A proxy or load balancer responds without a code.
                None if service.raw().status().is_server_error() => Self::Unknown,
                None => Self::Fatal,
            },
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
                Self::Unknown
            }
            _ => Self::Fatal,
        }
    }

    fn of_code(code: &str, is_server_error: bool) -> Self {
        match code {
            "ConditionalCheckFailedException" => Self::ConditionFailed,
            "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded" => {
                Self::Throttled
            }
            "TransactionConflictException" | "TransactionInProgressException" => Self::Conflict,
            "InternalServerError" | "InternalServiceError" | "ServiceUnavailable" => Self::Unknown,
            // The tenant is full (infra/adr/0011) until something is deleted: handled like an outage.
            "ItemCollectionSizeLimitExceededException" => Self::Unknown,
            _ if is_server_error => Self::Unknown,
            _ => Self::Fatal,
        }
    }

    /// Whether the service rejected the call before it changed anything, for a temporary reason.
    pub(crate) const fn is_rejection(self) -> bool {
        matches!(self, Self::Throttled | Self::Conflict)
    }
}

/// The error of a call that failed for a reason that its caller does not handle: [`Error::Unavailable`] when it is
/// temporary, otherwise [`Error::Internal`]. The cause names the call and the service's message.
pub(crate) fn map_sdk_error<E: ProvideErrorMetadata>(
    call: impl Display,
    error: SdkError<E, HttpResponse>,
) -> Error {
    match &error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("unknown");
            let cause = format!("{call}: {code}: {}", service.err().message().unwrap_or_default());
            match Failure::of(&error) {
                Failure::Throttled | Failure::Conflict | Failure::Unknown => Error::Unavailable(cause),
                Failure::ConditionFailed | Failure::Fatal => Error::Internal(cause),
            }
        }
        SdkError::TimeoutError(_) => Error::Unavailable(format!("{call}: timed out")),
        SdkError::DispatchFailure(_) => Error::Unavailable(format!("{call}: not reached")),
        SdkError::ResponseError(_) => Error::Unavailable(format!("{call}: unreadable response")),
        _ => Error::Internal(format!("{call}: request could not be built")),
    }
}

/// Sends a call of the client that makes one attempt, and sends it again while the service rejects it. A call whose
/// response was lost is not sent again: it may have been carried out, and an addition would count twice.
pub(crate) async fn retry_when_throttled<T, E, F>(
    mut backoff: Backoff,
    send: impl Fn() -> F,
) -> Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    loop {
        match send().await {
            Err(error) if Failure::of(&error).is_rejection() && backoff.wait().await => {}
            outcome => return outcome,
        }
    }
}

/// Whether the condition of a write did not hold.
pub(crate) fn is_failed_condition<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    Failure::of(error) == Failure::ConditionFailed
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::operation::put_item::PutItemError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn responded(status: u16, code: Option<&str>) -> SdkError<PutItemError, HttpResponse> {
        let mut metadata = ErrorMetadata::builder();
        if let Some(code) = code {
            metadata = metadata.code(code);
        }
        let response = HttpResponse::new(status.try_into().expect("a status"), SdkBody::empty());
        SdkError::service_error(PutItemError::generic(metadata.build()), response)
    }

    #[test]
    fn every_code_says_whether_something_was_changed_and_how_the_request_ends() {
        for (status, code, failure, is_outage) in [
            (400, Some("ConditionalCheckFailedException"), Failure::ConditionFailed, false),
            (400, Some("ProvisionedThroughputExceededException"), Failure::Throttled, true),
            (400, Some("ThrottlingException"), Failure::Throttled, true),
            (400, Some("RequestLimitExceeded"), Failure::Throttled, true),
            (400, Some("TransactionConflictException"), Failure::Conflict, true),
            (400, Some("TransactionInProgressException"), Failure::Conflict, true),
            (500, Some("InternalServerError"), Failure::Unknown, true),
            (500, Some("InternalServiceError"), Failure::Unknown, true),
            (503, Some("ServiceUnavailable"), Failure::Unknown, true),
            (400, Some("ItemCollectionSizeLimitExceededException"), Failure::Unknown, true),
            (502, Some("SomethingNew"), Failure::Unknown, true),
            (502, None, Failure::Unknown, true),
            (400, None, Failure::Fatal, false),
            (400, Some("ValidationException"), Failure::Fatal, false),
            (400, Some("AccessDeniedException"), Failure::Fatal, false),
            (400, Some("ResourceNotFoundException"), Failure::Fatal, false),
            (400, Some("TransactionCanceledException"), Failure::Fatal, false),
        ] {
            let error = responded(status, code);
            assert_eq!(Failure::of(&error), failure, "{status} {code:?}");
            let mapped = map_sdk_error("PutItem", error);
            assert_eq!(matches!(mapped, Error::Unavailable(_)), is_outage, "{status} {code:?}");
        }
    }

    #[test]
    fn a_call_without_a_response_may_have_been_carried_out() {
        type Of = SdkError<PutItemError, HttpResponse>;
        for error in [
            Of::timeout_error("late"),
            Of::dispatch_failure(ConnectorError::io("reset".into())),
            Of::response_error(
                "cut short",
                HttpResponse::new(200.try_into().expect("a status"), SdkBody::empty()),
            ),
        ] {
            assert_eq!(Failure::of(&error), Failure::Unknown, "{error:?}");
            assert!(matches!(map_sdk_error("PutItem", error), Error::Unavailable(_)));
        }
        assert_eq!(Failure::of(&Of::construction_failure("no table")), Failure::Fatal);
    }

    #[tokio::test]
    async fn only_a_rejected_call_is_sent_again() {
        for (error, sent) in [
            (Some("ThrottlingException"), 4),
            (Some("TransactionConflictException"), 4),
            (Some("InternalServerError"), 1),
            (Some("ConditionalCheckFailedException"), 1),
        ] {
            let count = std::cell::Cell::new(0);
            let outcome: Result<(), _> = retry_when_throttled(Backoff::counter(), async || {
                count.set(count.get() + 1);
                Err(responded(if error == Some("InternalServerError") { 500 } else { 400 }, error))
            })
            .await;
            assert!(outcome.is_err());
            assert_eq!(count.get(), sent, "{error:?}");
        }
    }
}
