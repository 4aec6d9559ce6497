//! The table `tenants`: one small item per tenant with its plan, its rate limit and its usage of the month.
//!
//! | attribute | meaning |
//! |---|---|
//! | `tenant` | partition key |
//! | `epoch` | version of cached keys and plans |
//! | `tat` | GCRA theoretical arrival time, microseconds |
//! | `requestsYYYYMM` | requests admitted in that month |
//! | `writes`, `deletes`, `backdated` | number of requests that changed memories, that deleted some, that wrote backdated ones |
//! | `backdatedSince` | the earliest time of the last backdated request, milliseconds |
//! | `recording`, `recordingVersion` | whether searches are recorded as events, and the version of that |
//! | `plan`, `perMonth`, `perMinute`, `burst`, `memories`, `suspended` | plan, limits, status |
//!
//! This item is never part of a transaction: under load transactions would conflict, and a revocation could fail.

use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure};
use hb_domain::meter::{Branch, Bucket, UsageMeter};
use hb_domain::plan::{Allowance, Plan};
use hb_domain::tenant::{Recording, SearchVersion, Tenant};
use hb_domain::time::Month;
use hb_domain::{Error, Result, TenantId, Timestamp};

use crate::Store;
use crate::backoff::Backoff;
use crate::bucket_write::{self, BucketWrite};
use crate::changes::Change;
use crate::item::{Attributes, Row, flag, millis, number, text};
use crate::sdk_error::{is_failed_condition, map_sdk_error, retry_when_throttled};
use crate::tables::Table;

const TABLE: Table = Table::Tenants;

/// Access to tenants.
#[derive(Clone, Copy, Debug)]
pub struct Tenants<'a> {
    store: &'a Store,
}

/// The result of the conditional write of an admission, with the tenant after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdmitOutcome {
    /// The request is admitted and counted.
    Admitted(Tenant),
    /// The condition failed and nothing changed; `None` if there is no such tenant.
    Failed(Option<Tenant>),
}

impl<'a> Tenants<'a> {
    pub(crate) const fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Creates a tenant. Returns `false`, and changes nothing, if it exists.
    ///
    /// # Errors
    /// The database's.
    pub async fn create(&self, id: &TenantId, tenant: &Tenant) -> Result<bool> {
        let allowance = &tenant.allowance;
        let mut item = Attributes::from([
            ("tenant".into(), text(id)),
            ("epoch".into(), number(tenant.epoch)),
            ("tat".into(), number(tenant.meter.tat)),
            ("plan".into(), text(tenant.plan.as_str())),
            ("perMonth".into(), number(allowance.per_month)),
            ("perMinute".into(), number(allowance.per_minute)),
            ("burst".into(), number(allowance.burst)),
            ("writes".into(), number(tenant.search.writes)),
            ("deletes".into(), number(tenant.search.deletes)),
            ("backdated".into(), number(tenant.search.backdated)),
            ("recordingVersion".into(), number(tenant.recording.version)),
        ]);
        if let Some(memories) = allowance.memories {
            item.insert("memories".into(), number(memories));
        }
        let put = self.store.db.put_item().table_name(self.store.table(Table::Tenants)).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(tenant)");
        match put.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await {
            Ok(_) => Ok(true),
            Err(error) if is_failed_condition(&error) => Ok(false),
            Err(error) => Err(map_sdk_error("PutItem tenants", error)),
        }
    }

    /// Reads a tenant, consistently.
    ///
    /// # Errors
    /// The database's.
    pub async fn get(&self, id: &TenantId) -> Result<Option<Tenant>> {
        let get =
            self.store.db.get_item().table_name(self.store.table(Table::Tenants)).key("tenant", text(id));
        let get = get.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = get.send().await.map_err(|error| map_sdk_error("GetItem tenants", error))?;
        response.item.as_ref().map(decode).transpose()
    }

    /// Tries to admit and count one request at `now`, in one conditional write of the form `branch`.
    /// It fails if the epoch has changed, the monthly quota is exhausted, the bucket is empty, or the other branch
    /// applies. [`hb_domain::admission::AdmissionAttempt`] determines the reason.
    ///
    /// The SDK makes one attempt: a retry after a lost response would count twice. A throttled write had no effect and is
    /// retried here.
    ///
    /// # Errors
    /// The database's.
    pub async fn admit(
        &self,
        id: &TenantId,
        epoch: i64,
        allowance: &Allowance,
        branch: Branch,
        now: Timestamp,
    ) -> Result<AdmitOutcome> {
        let write = BucketWrite::new(Bucket::of(allowance), branch, now);
        let month = now.month();
        let update = self
            .store
            .once
            .update_item()
            .table_name(self.store.table(Table::Tenants))
            .key("tenant", text(id))
            .update_expression(format!("{} REMOVE #old ADD #month :one", write.update))
            .condition_expression(format!(
                "{} AND epoch = :epoch AND (attribute_not_exists(#month) OR #month < :quota)",
                write.condition
            ))
            .set_expression_attribute_values(Some(write.values))
            .expression_attribute_names("#month", month_attribute(month))
            .expression_attribute_names("#old", month_attribute(month.minus(13)))
            .expression_attribute_values(":epoch", number(epoch))
            .expression_attribute_values(":quota", number(allowance.per_month))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match retry_when_throttled(Backoff::counter(), || update.clone().send()).await {
            Ok(response) => {
                let item = response.attributes.ok_or_else(|| Error::Internal("UpdateItem returned no item".into()))?;
                decode(&item).map(AdmitOutcome::Admitted)
            }
            Err(error) => match error.as_service_error() {
                Some(aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    failed.item.as_ref().map(decode).transpose().map(AdmitOutcome::Failed)
                }
                _ => Err(map_sdk_error("UpdateItem tenants", error)),
            },
        }
    }

    /// Resets a `tat` that only a wrong clock can have written to `horizon`, unless it is no longer `seen`.
    ///
    /// # Errors
    /// The database's.
    pub async fn repair(&self, id: &TenantId, seen: i64, horizon: i64) -> Result<()> {
        let update =
            self.store.db.update_item().table_name(self.store.table(Table::Tenants)).key("tenant", text(id));
        bucket_write::repair(update, seen, horizon)
            .await
            .map_err(|error| map_sdk_error("UpdateItem tenants", error))
    }

    /// Invalidates the tenant's cached keys and plan on every instance. It may be repeated.
    ///
    /// # Errors
    /// The database's.
    pub async fn raise_epoch(&self, id: &TenantId) -> Result<bool> {
        self.change(id, "ADD epoch :one", Attributes::new()).await
    }

    /// Invalidates the tenant's cached indexes on every instance. It may be repeated. Returns `false` if there is no such
    /// tenant.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn raise_search_version(&self, id: &TenantId, change: Change) -> Result<bool> {
        let mut values = Attributes::new();
        let mut expression = String::new();
        if let Some(from) = change.backdated_since {
            values.insert(":from".into(), millis(from));
            expression.push_str("SET backdatedSince = :from ");
        }
        expression.push_str("ADD writes :one");
        for (count, is_raised) in
            [("deletes", change.has_deleted), ("backdated", change.backdated_since.is_some())]
        {
            if is_raised {
                expression.push_str(&format!(", {count} :one"));
            }
        }
        self.change(id, &expression, values).await
    }

    /// Changes the tenant's plan and limits, from the next request on, and refills its bucket. Returns `false` if there is
    /// no such tenant.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_plan(&self, id: &TenantId, plan: Plan, allowance: &Allowance) -> Result<bool> {
        let mut values = Attributes::from([
            (":plan".into(), text(plan.as_str())),
            (":perMonth".into(), number(allowance.per_month)),
            (":perMinute".into(), number(allowance.per_minute)),
            (":burst".into(), number(allowance.burst)),
            (":zero".into(), number(0)),
        ]);
        const COMMON: &str =
            "SET #plan = :plan, perMonth = :perMonth, perMinute = :perMinute, burst = :burst, tat = :zero";
        match allowance.memories {
            Some(memories) => {
                values.insert(":memories".into(), number(memories));
                self.change(id, &format!("{COMMON}, memories = :memories ADD epoch :one"), values).await
            }
            None => self.change(id, &format!("{COMMON} REMOVE memories ADD epoch :one"), values).await,
        }
    }

    /// Suspends or resumes the tenant. Returns `false` if there is no such tenant.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_suspended(&self, id: &TenantId, suspended: bool) -> Result<bool> {
        if suspended {
            let values =
                Attributes::from([(":yes".into(), aws_sdk_dynamodb::types::AttributeValue::Bool(true))]);
            self.change(id, "SET suspended = :yes ADD epoch :one", values).await
        } else {
            self.change(id, "REMOVE suspended ADD epoch :one", Attributes::new()).await
        }
    }

    /// Has the tenant's searches recorded. Returns `false` if there is no such tenant. It may be repeated.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn start_recording(&self, id: &TenantId) -> Result<bool> {
        let values = Attributes::from([(":yes".into(), flag(true))]);
        self.change(id, "SET recording = :yes ADD recordingVersion :one", values).await
    }

    /// Has the tenant's searches recorded no longer, unless recording was started again since it had this version.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn stop_recording(&self, id: &TenantId, version: i64) -> Result<()> {
        let update = self
            .store
            .db
            .update_item()
            .table_name(self.store.table(Table::Tenants))
            .key("tenant", text(id))
            .update_expression("REMOVE recording")
            .condition_expression("recordingVersion = :version")
            .expression_attribute_values(":version", number(version))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_failed_condition(&error) => Ok(()),
            Err(error) => Err(map_sdk_error("UpdateItem tenants", error)),
        }
    }

    /// Deletes the tenant's item. The tenant's keys stop working at once. Their items have to be deleted before a tenant
    /// with this id is created again.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete(&self, id: &TenantId) -> Result<()> {
        let delete =
            self.store.db.delete_item().table_name(self.store.table(Table::Tenants)).key("tenant", text(id));
        let delete = delete.return_consumed_capacity(ReturnConsumedCapacity::Total);
        delete.send().await.map(|_| ()).map_err(|error| map_sdk_error("DeleteItem tenants", error))
    }

    async fn change(&self, id: &TenantId, expression: &str, values: Attributes) -> Result<bool> {
        let mut update = self
            .store
            .db
            .update_item()
            .table_name(self.store.table(Table::Tenants))
            .key("tenant", text(id))
            .update_expression(expression)
            .condition_expression("attribute_exists(tenant)")
            .set_expression_attribute_values(Some(values))
            .expression_attribute_values(":one", number(1))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if expression.contains("#plan") {
            // `plan` is a reserved word of DynamoDB's expressions.
            update = update.expression_attribute_names("#plan", "plan");
        }
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_failed_condition(&error) => Ok(false),
            Err(error) => Err(map_sdk_error("UpdateItem tenants", error)),
        }
    }
}

fn month_attribute(month: Month) -> String {
    format!("requests{}", month.digits())
}

/// The tenant of an item.
pub(crate) fn decode(item: &Attributes) -> Result<Tenant> {
    let row = Row::new(TABLE, item);
    let mut meter = UsageMeter { tat: row.integer("tat")?, ..UsageMeter::default() };
    for name in row.names() {
        if let Some(month) = name.strip_prefix("requests").and_then(Month::parse_digits) {
            meter.months.insert(month, row.count(name)?);
        }
    }
    let small = |name: &str| u32::try_from(row.integer(name)?).map_err(|_| row.corrupt(name));
    Ok(Tenant {
        epoch: row.integer("epoch")?,
        plan: row.parsed("plan", Plan::parse)?,
        allowance: Allowance {
            per_month: row.count("perMonth")?,
            per_minute: small("perMinute")?,
            burst: small("burst")?,
            memories: row.optional_integer("memories")?.and_then(|limit| u64::try_from(limit).ok()),
        },
        suspended: row.flag("suspended")?,
        meter,
        search: SearchVersion {
            writes: row.optional_integer("writes")?.unwrap_or_default(),
            deletes: row.optional_integer("deletes")?.unwrap_or_default(),
            backdated: row.optional_integer("backdated")?.unwrap_or_default(),
            backdated_since: row.optional_moment("backdatedSince")?,
        },
        recording: Recording {
            is_on: row.flag("recording")?,
            version: row.optional_integer("recordingVersion")?.unwrap_or_default(),
        },
    })
}
