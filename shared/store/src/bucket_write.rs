//! The part of a conditional write that takes one request from a token bucket, for every item that has a `tat`.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use hb_domain::Timestamp;
use hb_domain::meter::{Branch, Bucket};

use crate::item::{Attributes, number};
use crate::sdk_error::is_failed_condition;

/// A write of one [`Branch`]: its expressions, to which the item's own are appended, and their values.
pub(crate) struct BucketWrite {
    /// The update of `tat`.
    pub(crate) update: &'static str,
    /// The condition on `tat`.
    pub(crate) condition: &'static str,
    /// The values of both.
    pub(crate) values: Attributes,
}

impl BucketWrite {
    /// The write of `branch` at `now`.
    pub(crate) fn new(bucket: Bucket, branch: Branch, now: Timestamp) -> Self {
        match branch {
            Branch::InUse => Self {
                update: "SET tat = tat + :interval",
                condition: "tat BETWEEN :floor AND :horizon",
                values: Attributes::from([
                    (":interval".into(), number(bucket.interval)),
                    (":floor".into(), number(bucket.floor(now))),
                    (":horizon".into(), number(bucket.horizon(now))),
                ]),
            },
            Branch::Idle => Self {
                update: "SET tat = :next",
                condition: "tat < :now",
                values: Attributes::from([
                    (":now".into(), number(now.micros())),
                    (":next".into(), number(now.micros() + bucket.interval)),
                ]),
            },
        }
    }
}

/// Resets a `tat` that only a wrong clock can have written to `horizon`, unless it is no longer `seen`. `update` names the item.
///
/// # Errors
/// The database's.
pub(crate) async fn repair(
    update: UpdateItemFluentBuilder,
    seen: i64,
    horizon: i64,
) -> Result<(), SdkError<UpdateItemError, HttpResponse>> {
    let update = update
        .update_expression("SET tat = :horizon")
        .condition_expression("tat = :seen")
        .expression_attribute_values(":seen", number(seen))
        .expression_attribute_values(":horizon", number(horizon))
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    match update.send().await {
        Err(error) if !is_failed_condition(&error) => Err(error),
        _ => Ok(()),
    }
}
