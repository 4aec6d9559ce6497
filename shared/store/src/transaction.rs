//! Several writes that happen together or not at all.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, TransactWriteItem};
use hb_domain::{Error, Result};

use crate::Store;
use crate::sdk_error::map_sdk_error;

/// How often a transaction that lost against another one of the same tenant is tried: with the pauses between, 2 s on
/// average and 4 s at most, in which dozens of transactions on the same row come after each other.
pub(crate) const TRIES: u32 = 12;
/// The longest pause before the first try after another, in milliseconds; it doubles with each try.
const FIRST_PAUSE: u64 = 10;
/// The longest pause of all, in milliseconds.
const LONGEST_PAUSE: u64 = 500;

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
        return Err(map_sdk_error("TransactWriteItems", error));
    };
    let codes = cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None"));
    let codes: Vec<&str> = codes.collect();
    if let Some(index) = codes.iter().position(|code| *code == "ConditionalCheckFailed") {
        Ok(Err(Cancelled::Condition(index)))
    } else if codes.iter().any(|code| PASSING_REASONS.contains(code)) {
        Ok(Err(Cancelled::Conflict))
    } else {
        Err(map_sdk_error("TransactWriteItems", error))
    }
}

/// Waits before another try: a random time up to a bound that doubles with each try ("full jitter",
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>), so that those that lost against each
/// other do not meet again. `apart` is what the transaction is about.
pub(crate) async fn pause(attempt: u32, apart: &str) {
    tokio::time::sleep(jitter(attempt, RandomState::new().hash_one((attempt, apart)))).await;
}

/// The pause behind this try, 0 being the first, for this random number.
fn jitter(attempt: u32, random: u64) -> Duration {
    let longest = (FIRST_PAUSE << attempt.min(16)).min(LONGEST_PAUSE);
    Duration::from_micros(random % (longest * 1_000 + 1))
}

/// A part of a transaction that lacks something is a bug.
pub(crate) fn built<T>(part: std::result::Result<T, BuildError>) -> Result<T> {
    part.map_err(|error| Error::Internal(format!("transaction could not be built: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_are_spread_and_end() {
        for attempt in 0..64 {
            let pauses: Vec<Duration> =
                (0..1_000).map(|n: u64| jitter(attempt, n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
            let bound = Duration::from_millis((10_u64 << attempt.min(10)).min(500));
            assert!(pauses.iter().all(|pause| *pause <= bound), "{attempt}");
            let early = pauses.iter().filter(|pause| **pause < bound / 2).count();
            assert!((400..600).contains(&early), "{attempt}: {early} of 1,000 in the first half");
        }
        let most: u64 = (0..TRIES).map(|attempt| (FIRST_PAUSE << attempt).min(LONGEST_PAUSE)).sum();
        assert!(most < 5_000, "{most} ms");
    }
}
