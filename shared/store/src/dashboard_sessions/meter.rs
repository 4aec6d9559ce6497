//! The bucket of a tenant's pages: the conditional write of admission, on an item of its own.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure};
use hb_domain::dashboard::PAGE_ALLOWANCE;
use hb_domain::meter::{Branch, Bucket, UsageMeter};
use hb_domain::{Result, TenantId, Timestamp};

use super::{DashboardSessions, TABLE, key};
use crate::backoff::Backoff;
use crate::bucket_write::{self, BucketWrite};
use crate::item::{Attributes, Row};
use crate::sdk_error::{map_sdk_error, retry_when_throttled};

const ROW: &str = "meter";

/// The result of the conditional write for a page, with the bucket after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageAdmission {
    /// The page is admitted.
    Admitted(UsageMeter),
    /// The condition failed and nothing changed.
    Failed(UsageMeter),
}

impl DashboardSessions<'_> {
    /// Tries to take one page from the tenant's bucket, in one conditional write of the form `branch`. The SDK makes one
    /// attempt, as for [`Tenants::admit`](crate::Tenants::admit).
    ///
    /// # Errors
    /// The database's.
    pub async fn admit(&self, tenant: &TenantId, branch: Branch, now: Timestamp) -> Result<PageAdmission> {
        let write = BucketWrite::new(Bucket::of(&PAGE_ALLOWANCE), branch, now);
        let condition = match branch {
            Branch::InUse => write.condition.to_owned(),
            // The first page of a tenant creates the item.
            Branch::Idle => format!("attribute_not_exists(tat) OR {}", write.condition),
        };
        let update = self
            .store
            .once
            .update_item()
            .table_name(self.store.table(TABLE))
            .set_key(Some(key(tenant, ROW.into())))
            .update_expression(write.update)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(write.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match retry_when_throttled(Backoff::counter(), || update.clone().send()).await {
            Ok(response) => decode(response.attributes.as_ref()).map(PageAdmission::Admitted),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    decode(failed.item.as_ref()).map(PageAdmission::Failed)
                }
                _ => Err(map_sdk_error("UpdateItem dashboard-sessions", error)),
            },
        }
    }

    /// Resets a `tat` that only a wrong clock can have written to `horizon`, unless it is no longer `seen`.
    ///
    /// # Errors
    /// The database's.
    pub async fn repair(&self, tenant: &TenantId, seen: i64, horizon: i64) -> Result<()> {
        let update = self
            .store
            .db
            .update_item()
            .table_name(self.store.table(TABLE))
            .set_key(Some(key(tenant, ROW.into())));
        bucket_write::repair(update, seen, horizon)
            .await
            .map_err(|error| map_sdk_error("UpdateItem dashboard-sessions", error))
    }
}

/// The bucket of an item; one that was never used if there is no item.
fn decode(item: Option<&Attributes>) -> Result<UsageMeter> {
    let tat = item.map(|item| Row::new(TABLE, item).integer("tat")).transpose()?;
    Ok(UsageMeter { tat: tat.unwrap_or(0), ..UsageMeter::default() })
}
