//! Several writes that happen together or not at all.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, TransactWriteItem};
use hb_domain::{Error, Result};
use std::time::Duration;

use crate::Store;
use crate::fault::fault;

/// How often a transaction that lost against another one of the same tenant is tried.
pub(crate) const TRIES: u32 = 8;

/// Reasons for cancelling a transaction that pass by themselves.
const PASSING_REASONS: [&str; 3] =
    ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

/// Why a transaction changed nothing.
pub(crate) enum Cancelled {
    /// The condition of the part at this place.
    Condition(usize),
    /// Another transaction was under way on the same rows.
    Conflict,
}

/// Writes all parts or none; tells why it was none.
pub(crate) async fn transact(
    store: &Store,
    parts: Vec<TransactWriteItem>,
) -> Result<std::result::Result<(), Cancelled>> {
    let transact = store.db.transact_write_items().set_transact_items(Some(parts));
    let transact = transact.return_consumed_capacity(ReturnConsumedCapacity::Total);
    let error = match transact.send().await {
        Ok(_) => return Ok(Ok(())),
        Err(error) => error,
    };
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return Err(fault("TransactWriteItems", error));
    };
    let codes = cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None"));
    let codes: Vec<&str> = codes.collect();
    if let Some(place) = codes.iter().position(|code| *code == "ConditionalCheckFailed") {
        Ok(Err(Cancelled::Condition(place)))
    } else if codes.iter().any(|code| PASSING_REASONS.contains(code)) {
        Ok(Err(Cancelled::Conflict))
    } else {
        Err(fault("TransactWriteItems", error))
    }
}

/// Waits before another try: longer each time, and by `apart` away from others that lost too.
pub(crate) async fn pause(attempt: u32, apart: &str) {
    let apart = apart.bytes().map(u64::from).sum::<u64>() % 20;
    tokio::time::sleep(Duration::from_millis((10 << attempt.min(5)) + apart)).await;
}

/// A part of a transaction that lacks something is a bug.
pub(crate) fn built<T>(part: std::result::Result<T, BuildError>) -> Result<T> {
    part.map_err(|error| Error::Internal(format!("transaction could not be built: {error}")))
}
