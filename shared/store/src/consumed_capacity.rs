//! The calls to DynamoDB of a request, the capacity units that they consumed, and how many of them were throttled.

use std::cell::Cell;
use std::fmt::Debug;

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::ConsumedCapacity as TableCapacity;
use aws_smithy_runtime_api::client::interceptors::context::Output;
use serde_json::Value;

tokio::task_local! {
    static CONSUMED: Cell<ConsumedCapacity>;
}

/// What a piece of work consumed. Failed calls are counted, but DynamoDB reports no units for them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConsumedCapacity {
    /// Calls to DynamoDB, every attempt counted.
    pub calls: u32,
    /// Attempts that DynamoDB throttled, transactions that it cancelled for that reason included. A batch that it
    /// performed in part is not counted.
    pub throttled: u32,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

/// Does the work and returns what it consumed. Work in other tasks is not counted.
pub async fn with_capacity_metering<T>(work: impl Future<Output = T>) -> (T, ConsumedCapacity) {
    CONSUMED
        .scope(Cell::default(), async {
            let done = work.await;
            (done, CONSUMED.with(Cell::get))
        })
        .await
}

fn add(more: ConsumedCapacity) {
    // There is no scope outside of a request, as when an instance warms up.
    let _ = CONSUMED.try_with(|consumed| {
        let before = consumed.get();
        consumed.set(ConsumedCapacity {
            calls: before.calls + more.calls,
            throttled: before.throttled + more.throttled,
            read_units: before.read_units + more.read_units,
            write_units: before.write_units + more.write_units,
        });
    });
}

/// Counts the calls of a client.
#[derive(Debug)]
pub(crate) struct CapacityInterceptor;

impl Intercept for CapacityInterceptor {
    fn name(&self) -> &'static str {
        "CapacityInterceptor"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        add(ConsumedCapacity { calls: 1, ..ConsumedCapacity::default() });
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match context.output_or_error() {
            Ok(output) => add(ConsumedCapacity {
                read_units: units(output, &[get_item, query, batch_get_item]),
                write_units: units(output, &[put_item, update_item, delete_item, transact_write_items]),
                ..ConsumedCapacity::default()
            }),
            Err(_) if context.response().body().bytes().is_some_and(is_throttled) => {
                add(ConsumedCapacity { throttled: 1, ..ConsumedCapacity::default() });
            }
            Err(_) => {}
        }
        Ok(())
    }
}

/// Error codes of a throttled call.
const THROTTLED: [&str; 3] =
    ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"];
/// Reasons for which a transaction is cancelled that mean throttling.
const THROTTLED_REASONS: [&str; 2] = ["ProvisionedThroughputExceeded", "ThrottlingError"];

/// Whether the body of an error response says that the call was throttled.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
fn is_throttled(body: &[u8]) -> bool {
    let error: Value = serde_json::from_slice(body).unwrap_or_default();
    let kind = error["__type"].as_str().unwrap_or_default();
    let code = kind.rsplit('#').next().unwrap_or_default();
    let mut reasons = error["CancellationReasons"].as_array().into_iter().flatten();
    THROTTLED.contains(&code)
        || reasons.any(|reason| reason["Code"].as_str().is_some_and(|code| THROTTLED_REASONS.contains(&code)))
}

/// Reads the capacity from the output of one operation; `None` for the output of another one.
type Reader = fn(&Output) -> Option<&[TableCapacity]>;

fn units(output: &Output, readers: &[Reader]) -> f64 {
    let tables = readers.iter().find_map(|read| read(output)).unwrap_or_default();
    tables.iter().filter_map(TableCapacity::capacity_units).sum()
}

fn one(capacity: Option<&TableCapacity>) -> &[TableCapacity] {
    capacity.map(std::slice::from_ref).unwrap_or_default()
}

fn get_item(output: &Output) -> Option<&[TableCapacity]> {
    output.downcast_ref::<GetItemOutput>().map(|output| one(output.consumed_capacity()))
}

fn query(output: &Output) -> Option<&[TableCapacity]> {
    output.downcast_ref::<QueryOutput>().map(|output| one(output.consumed_capacity()))
}

fn batch_get_item(output: &Output) -> Option<&[TableCapacity]> {
    output.downcast_ref::<BatchGetItemOutput>().map(BatchGetItemOutput::consumed_capacity)
}

fn put_item(output: &Output) -> Option<&[TableCapacity]> {
    output.downcast_ref::<PutItemOutput>().map(|output| one(output.consumed_capacity()))
}

fn update_item(output: &Output) -> Option<&[TableCapacity]> {
    output.downcast_ref::<UpdateItemOutput>().map(|output| one(output.consumed_capacity()))
}

fn delete_item(output: &Output) -> Option<&[TableCapacity]> {
    output.downcast_ref::<DeleteItemOutput>().map(|output| one(output.consumed_capacity()))
}

fn transact_write_items(output: &Output) -> Option<&[TableCapacity]> {
    output.downcast_ref::<TransactWriteItemsOutput>().map(TransactWriteItemsOutput::consumed_capacity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttling_is_told_from_other_errors() {
        for (body, throttled) in [
            (r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#, true),
            (r#"{"__type":"com.amazon.coral.availability#ThrottlingException"}"#, true),
            (r#"{"__type":"RequestLimitExceeded"}"#, true),
            (
                r#"{"__type":"x#TransactionCanceledException","CancellationReasons":[{"Code":"None"},{"Code":"ThrottlingError"}]}"#,
                true,
            ),
            (
                r#"{"__type":"x#TransactionCanceledException","CancellationReasons":[{"Code":"TransactionConflict"}]}"#,
                false,
            ),
            (r#"{"__type":"x#ConditionalCheckFailedException"}"#, false),
            ("<html>503</html>", false),
            ("", false),
        ] {
            assert_eq!(is_throttled(body.as_bytes()), throttled, "{body}");
        }
    }
}
