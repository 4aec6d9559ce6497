//! Operator's access to whole tenants and to the deployment: lists and erases tenants, checks the tables and the clock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, TableStatus, TimeToLiveStatus};
use hb_domain::tenant::Tenant;
use hb_domain::{KeyId, Result, TenantId, Timestamp};
use strum::VariantArray;

use crate::Store;
use crate::api_keys::{credential_key, owner};
use crate::batch_write::delete_all;
use crate::deliveries::due_endpoints_of;
use crate::item::{Attributes, Row, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::{PartitionKey, Table};
use crate::tenants;

/// Access to whole tenants. Only for the operator of the service.
#[derive(Clone, Copy, Debug)]
pub struct Operator<'a> {
    store: &'a Store,
}

/// The result of checking a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableState {
    /// The table.
    pub table: Table,
    /// The table's name in this deployment.
    pub name: String,
    /// The problem and its remedy; `None` if there is no problem.
    pub problem: Option<String>,
}

impl<'a> Operator<'a> {
    pub(crate) const fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Every tenant, by its id.
    ///
    /// # Errors
    /// The database's.
    #[expect(clippy::disallowed_methods, reason = "the operator lists all tenants")]
    pub async fn tenants(&self) -> Result<BTreeMap<TenantId, Tenant>> {
        let (mut found, mut from) = (BTreeMap::new(), None);
        loop {
            let scan = self
                .store
                .db
                .scan()
                .table_name(self.store.table(Table::Tenants))
                .set_exclusive_start_key(from);
            let response = scan.send().await.map_err(|error| map_sdk_error("Scan tenants", error))?;
            for item in response.items() {
                let id = Row::new(Table::Tenants, item).parsed("tenant", TenantId::parse)?;
                found.insert(id, tenants::decode(item)?);
            }
            from = response.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// Deletes every item of a tenant, in the order of [`Table`], and returns the number of items by table. The tenant
    /// is suspended first, so that no new request is admitted. `progress` receives the table and how many of its items
    /// have been deleted so far.
    ///
    /// # Errors
    /// The database's. Calling it again resumes the erasure.
    pub async fn erase(
        &self,
        tenant: &TenantId,
        mut progress: impl FnMut(&'static str, u64),
    ) -> Result<BTreeMap<&'static str, u64>> {
        let mut removed = BTreeMap::new();
        self.store.tenants().set_suspended(tenant, true).await?;
        let others = Table::VARIANTS.iter().copied().filter(|table| *table != Table::Tenants);
        // Endpoints that were created, and what was appended, queued and logged for them since their tables were passed. A creation that
        // comes later finds that the tenant is suspended or gone.
        let passed = [Table::Webhooks, Table::Deliveries, Table::DeliveryAttempts, Table::Events];
        for table in others.chain(passed).chain([Table::Tenants]) {
            let count: &mut u64 = removed.entry(table.definition().name).or_default();
            // The second pass deletes what requests wrote that were admitted before the suspension.
            for _ in 0..2 {
                loop {
                    let mut keys = self.keys_of(table, tenant).await?;
                    if keys.is_empty() {
                        break;
                    }
                    if table == Table::ApiKeys {
                        // Credentials first: after a crash no key of an erased tenant authenticates.
                        let ids: Vec<KeyId> = keys.iter().filter_map(key_id).collect();
                        keys.splice(0..0, ids.iter().map(credential_key));
                    }
                    *count += keys.len() as u64;
                    delete_all(self.store, table, keys).await?;
                    progress(table.definition().name, *count);
                }
            }
        }
        Ok(removed)
    }

    /// The primary keys of one page of the tenant's items; all of them where no partition belongs to the tenant.
    async fn keys_of(&self, table: Table, tenant: &TenantId) -> Result<Vec<Attributes>> {
        let partition = match table.definition().partition_key {
            PartitionKey::Tenant => text(tenant),
            PartitionKey::Prefixed => owner(tenant),
            PartitionKey::Shard => return due_endpoints_of(self.store, tenant).await,
        };
        let sort = table.definition().sort_key;
        let mut query = self
            .store
            .db
            .query()
            .table_name(self.store.table(table))
            .key_condition_expression("#p = :p")
            .expression_attribute_names("#p", table.definition().partition_key.attribute())
            .expression_attribute_values(":p", partition)
            .projection_expression(if sort.is_some() { "#p, #s" } else { "#p" })
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if let Some(sort) = sort {
            query = query.expression_attribute_names("#s", sort);
        }
        let response = query.send().await.map_err(|error| map_sdk_error("Query", error))?;
        Ok(response.items.unwrap_or_default())
    }

    /// Checks that every table exists, is active and removes expired items if it should.
    ///
    /// # Errors
    /// The database's.
    pub async fn tables(&self) -> Result<Vec<TableState>> {
        let mut states = Vec::new();
        for table in Table::VARIANTS.iter().copied() {
            let name = self.store.table(table);
            let problem = self.problem_of(name, table.definition().ttl).await?;
            states.push(TableState { table, name: name.to_owned(), problem });
        }
        Ok(states)
    }

    /// DynamoDB's time, in whole seconds, from the `Date` header of a response; `None` if the response has none. A
    /// response that is an error has the header too.
    ///
    /// # Errors
    /// [`Error::Unavailable`](hb_domain::Error::Unavailable) if there is no response.
    pub async fn server_time(&self) -> Result<Option<Timestamp>> {
        let date = DateInterceptor::default();
        let describe = self.store.db.describe_table().table_name(self.store.table(Table::Tenants));
        let sent = describe.customize().interceptor(date.clone()).send().await;
        match (date.header(), sent) {
            (None, Err(error)) => Err(map_sdk_error("DescribeTable", error)),
            (header, _) => Ok(header.as_deref().and_then(parse_date)),
        }
    }

    async fn problem_of(&self, name: &str, ttl: Option<&'static str>) -> Result<Option<String>> {
        let described = match self.store.db.describe_table().table_name(name).send().await {
            Ok(described) => described.table,
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
                return Ok(Some("is not there: deploy the stack, or correct the name".into()));
            }
            Err(error) => return Err(map_sdk_error("DescribeTable", error)),
        };
        if described.as_ref().and_then(|table| table.table_status.clone()) != Some(TableStatus::Active) {
            return Ok(Some("is not active yet: wait for the deployment to end".into()));
        }
        let Some(attribute) = ttl else { return Ok(None) };
        let ttl = self.store.db.describe_time_to_live().table_name(name).send().await;
        let ttl = ttl.map_err(|error| map_sdk_error("DescribeTimeToLive", error))?.time_to_live_description;
        let is_on = ttl.is_some_and(|ttl| ttl.time_to_live_status == Some(TimeToLiveStatus::Enabled));
        Ok((!is_on)
            .then(|| format!("does not remove expired items: turn on TTL for the attribute {attribute}")))
    }
}

/// Keeps the `Date` header of the last response.
#[derive(Clone, Debug, Default)]
struct DateInterceptor(Arc<Mutex<Option<String>>>);

impl DateInterceptor {
    fn header(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Intercept for DateInterceptor {
    fn name(&self) -> &'static str {
        "DateInterceptor"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        let header = context.response().headers().get("date").map(str::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = header;
        Ok(())
    }
}

/// The time of an HTTP date, `Tue, 24 Nov 2026 12:00:00 GMT`.
fn parse_date(header: &str) -> Option<Timestamp> {
    let since = httpdate::parse_http_date(header).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_millis(i64::try_from(since.as_millis()).ok()?))
}

/// The API key that an item belongs to.
fn key_id(key: &Attributes) -> Option<KeyId> {
    KeyId::parse(key.get("sk")?.as_s().ok()?)
}
