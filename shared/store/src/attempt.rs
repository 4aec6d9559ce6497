//! One attempt of a write: as the plain call of DynamoDB when it has one part, otherwise as TransactWriteItems.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{CancellationReason, ReturnConsumedCapacity, ReturnValue, TransactWriteItem};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use hb_domain::Error;

use crate::Store;
use crate::item::Attributes;
use crate::sdk_error::{Failure, map_sdk_error};
use crate::write::{Action, Write, conditional};

/// The reasons for the cancellation of a transaction that are temporary.
const TEMPORARY_REASONS: [&str; 3] =
    ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) struct FailedAttempt {
    pub(crate) failure: Failure,
    /// The first part whose condition did not hold, by its index.
    pub(crate) part: usize,
    /// The item that its condition was checked on, if there was one.
    pub(crate) found: Option<Attributes>,
    /// The error that the request ends with, unless the failure is handled.
    pub(crate) error: Error,
}

impl FailedAttempt {
    fn new<E: ProvideErrorMetadata>(
        call: impl std::fmt::Display,
        error: SdkError<E, HttpResponse>,
        found: impl FnOnce(&E) -> Option<Attributes>,
    ) -> Self {
        let found = error.as_service_error().and_then(found);
        Self { failure: Failure::of(&error), part: 0, found, error: map_sdk_error(call, error) }
    }
}

/// Sends a builder of a call and reads its response. The builders of the SDK share no trait.
macro_rules! send {
    ($call:literal, $builder:expr, $error:ident, $write:expr, $store:expr) => {{
        let old = if $write.returns_old { ReturnValue::AllOld } else { ReturnValue::None };
        let call = conditional!($builder, $write, $store)
            .return_values(old)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let found = |error: &$error| match error {
            $error::ConditionalCheckFailedException(failed) => failed.item.clone(),
            _ => None,
        };
        let response = call.send().await;
        response.map(|response| response.attributes).map_err(|error| {
            FailedAttempt::new(format_args!(concat!($call, " {}"), $write.table), error, found)
        })
    }};
}

/// Sends `write` alone; returns the item that it replaced or deleted if it is to.
pub(crate) async fn send_alone(store: &Store, write: &Write) -> Result<Option<Attributes>, FailedAttempt> {
    let db = if write.is_resent { &store.db } else { &store.once };
    match write.action.clone() {
        Action::Put(item) => {
            send!("PutItem", db.put_item().set_item(Some(item)), PutItemError, write, store)
        }
        Action::Update(key, expression) => {
            let update = db.update_item().set_key(Some(key)).update_expression(expression);
            send!("UpdateItem", update, UpdateItemError, write, store)
        }
        Action::Delete(key) => {
            send!("DeleteItem", db.delete_item().set_key(Some(key)), DeleteItemError, write, store)
        }
        Action::Check(_) => {
            let part = write.to_part(store).map_err(FailedAttempt::from)?;
            send_together(store, vec![part]).await.map(|()| None)
        }
    }
}

/// Sends all parts as one transaction. The SDK sends it up to three times, with the same `ClientRequestToken`: when a
/// response was lost, DynamoDB recognises the repetition for ten minutes and does not carry it out again.
pub(crate) async fn send_together(store: &Store, parts: Vec<TransactWriteItem>) -> Result<(), FailedAttempt> {
    let transact = store.db.transact_write_items().set_transact_items(Some(parts));
    let transact = transact.return_consumed_capacity(ReturnConsumedCapacity::Total);
    let Err(error) = transact.send().await else { return Ok(()) };
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            let (failure, part, found) = meaning_of(cancelled.cancellation_reasons());
            let error = match failure {
                Failure::Conflict => {
                    Error::Unavailable("TransactWriteItems: conflicts with other writes persist".into())
                }
                _ => map_sdk_error("TransactWriteItems", error),
            };
            Err(FailedAttempt { failure, part, found, error })
        }
        _ => Err(FailedAttempt::new("TransactWriteItems", error, |_| None)),
    }
}

impl From<Error> for FailedAttempt {
    /// A write that could not be built.
    fn from(error: Error) -> Self {
        Self { failure: Failure::Fatal, part: 0, found: None, error }
    }
}

/// What the reasons for a cancellation mean, which part failed first and the item that it found. There is one reason for
/// each part, in their order.
fn meaning_of(reasons: &[CancellationReason]) -> (Failure, usize, Option<Attributes>) {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    let failed = reasons.iter().enumerate().find(|(_, reason)| code(reason) == "ConditionalCheckFailed");
    if let Some((part, reason)) = failed {
        return (Failure::ConditionFailed, part, reason.item.clone());
    }
    let is_temporary = reasons.iter().any(|reason| TEMPORARY_REASONS.contains(&code(reason).as_str()));
    (if is_temporary { Failure::Conflict } else { Failure::Fatal }, 0, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::text;

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        let item = |index: usize| Attributes::from([("part".into(), text(index))]);
        let reason = |(index, code): (usize, &&str)| {
            CancellationReason::builder().code(*code).set_item(Some(item(index))).build()
        };
        codes.iter().enumerate().map(reason).collect()
    }

    #[test]
    fn a_failed_condition_counts_more_than_a_conflict_and_the_first_one_counts() {
        const FAILED: &str = "ConditionalCheckFailed";
        for (codes, failure, part) in [
            (&["None", FAILED, FAILED][..], Failure::ConditionFailed, 1),
            (&["TransactionConflict", "None", FAILED], Failure::ConditionFailed, 2),
            (&["None", "TransactionConflict"], Failure::Conflict, 0),
            (&["ThrottlingError", "None"], Failure::Conflict, 0),
            (&["None", "ProvisionedThroughputExceeded"], Failure::Conflict, 0),
            (&["ValidationError", "None"], Failure::Fatal, 0),
            (&[], Failure::Fatal, 0),
        ] {
            let (meaning, failed, found) = meaning_of(&reasons(codes));
            assert_eq!((meaning, failed), (failure, part), "{codes:?}");
            let expected = (failure == Failure::ConditionFailed).then(|| text(part));
            assert_eq!(found.and_then(|mut item| item.remove("part")), expected, "{codes:?}");
        }
    }
}
