//! What a request spends of DynamoDB: calls, and capacity units as the database reports them.

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

tokio::task_local! {
    static CONSUMED: Cell<ConsumedCapacity>;
}

/// What some work has consumed. Calls that failed count, but the database tells no units of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConsumedCapacity {
    /// Calls to DynamoDB, each attempt by itself.
    pub calls: u32,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

/// Does the work and tells what it consumed, as far as it was done in this very task.
pub async fn with_capacity_metering<T>(work: impl Future<Output = T>) -> (T, ConsumedCapacity) {
    CONSUMED
        .scope(Cell::default(), async {
            let done = work.await;
            (done, CONSUMED.with(Cell::get))
        })
        .await
}

fn add(more: ConsumedCapacity) {
    // Outside of a request, as when an instance warms up, nobody asks.
    let _ = CONSUMED.try_with(|consumed| {
        let before = consumed.get();
        consumed.set(ConsumedCapacity {
            calls: before.calls + more.calls,
            read_units: before.read_units + more.read_units,
            write_units: before.write_units + more.write_units,
        });
    });
}

/// Sees every call of a client.
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
        if let Ok(output) = context.output_or_error() {
            add(ConsumedCapacity {
                read_units: units(output, &[get_item, query, batch_get_item]),
                write_units: units(output, &[put_item, update_item, delete_item, transact_write_items]),
                ..ConsumedCapacity::default()
            });
        }
        Ok(())
    }
}

/// Takes the capacity out of the output of one operation; `None` for that of another.
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
