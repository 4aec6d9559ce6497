//! What whoever runs the service does to whole tenants, past the API: listing, erasing, and looking whether the
//! tables are as they should be.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    DeleteRequest, ReturnConsumedCapacity, TableStatus, TimeToLiveStatus, WriteRequest,
};
use hb_domain::tenant::Tenant;
use hb_domain::{Error, KeyId, Result, TenantId};
use strum::VariantArray;

use crate::Store;
use crate::api_keys::{credential_key, owner};
use crate::backoff::Backoff;
use crate::item::{Attributes, Row, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::{PartitionKey, Table};
use crate::tenants;

/// The most items one BatchWriteItem may delete.
const BATCH: usize = 25;

/// Access to whole tenants: only for whoever runs the service.
#[derive(Clone, Copy, Debug)]
pub struct Operator<'a> {
    store: &'a Store,
}

/// What a table is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableState {
    /// What it is for.
    pub purpose: &'static str,
    /// Its name.
    pub name: String,
    /// What is wrong with it, when something is.
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
    #[expect(clippy::disallowed_methods, reason = "the list of all tenants is what the operator asks for")]
    pub async fn tenants(&self) -> Result<BTreeMap<TenantId, Tenant>> {
        let (mut found, mut from) = (BTreeMap::new(), None);
        loop {
            let scan = self
                .store
                .db
                .scan()
                .table_name(self.store.table(Table::Tenants))
                .set_exclusive_start_key(from);
            let answer = scan.send().await.map_err(|error| map_sdk_error("Scan tenants", error))?;
            for item in answer.items() {
                let id = Row::new(Table::Tenants, item).parsed("tenant", TenantId::parse)?;
                found.insert(id, tenants::decode(item)?);
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// Removes every row of a tenant in every table and gives how many of each. It is suspended first, so that
    /// nothing is let in any more, and its own row goes last: without it a user's session would make it again.
    /// `told` hears what has been removed of a table so far.
    ///
    /// # Errors
    /// The database's; the same call goes on.
    pub async fn erase(
        &self,
        tenant: &TenantId,
        mut told: impl FnMut(&'static str, u64),
    ) -> Result<BTreeMap<&'static str, u64>> {
        let mut removed = BTreeMap::new();
        self.store.tenants().set_suspended(tenant, true).await?;
        for table in Table::VARIANTS.iter().copied() {
            let mut count = 0;
            // A second look finds what requests that had been let in before have written meanwhile.
            for _ in 0..2 {
                loop {
                    let mut keys = self.keys_of(table, tenant).await?;
                    if keys.is_empty() {
                        break;
                    }
                    if table == Table::ApiKeys {
                        // What could let somebody in goes first: a crash in between leaves nothing that could.
                        let ids: Vec<KeyId> = keys.iter().filter_map(key_id).collect();
                        keys.splice(0..0, ids.iter().map(credential_key));
                    }
                    count += keys.len() as u64;
                    self.remove(table, keys).await?;
                    told(table.definition().name, count);
                }
            }
            removed.insert(table.definition().name, count);
        }
        Ok(removed)
    }

    /// The keys of a page of a partition's rows.
    async fn keys_of(&self, table: Table, tenant: &TenantId) -> Result<Vec<Attributes>> {
        let partition = match table.definition().partition_key {
            PartitionKey::Tenant => text(tenant),
            PartitionKey::Prefixed => owner(tenant),
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
        let answer = query.send().await.map_err(|error| map_sdk_error("Query", error))?;
        Ok(answer.items.unwrap_or_default())
    }

    async fn remove(&self, table: Table, keys: Vec<Attributes>) -> Result<()> {
        for part in keys.chunks(BATCH) {
            let mut wanted: Vec<WriteRequest> = Vec::with_capacity(part.len());
            for key in part {
                let delete = DeleteRequest::builder().set_key(Some(key.clone())).build();
                let delete =
                    delete.map_err(|error| Error::Internal(format!("batch could not be built: {error}")))?;
                wanted.push(WriteRequest::builder().delete_request(delete).build());
            }
            let mut backoff = Backoff::batch_write();
            loop {
                let write = self.store.db.batch_write_item().request_items(self.store.table(table), wanted);
                let answer = write.send().await.map_err(|error| map_sdk_error("BatchWriteItem", error))?;
                wanted = answer.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
                if wanted.is_empty() {
                    break;
                }
                if !backoff.wait().await {
                    return Err(Error::Unavailable("BatchWriteItem: too much left unprocessed".into()));
                }
            }
        }
        Ok(())
    }

    /// Looks at every table: whether it is there and active, and ends items where it should.
    ///
    /// # Errors
    /// When the database cannot be reached at all.
    pub async fn tables(&self) -> Result<Vec<TableState>> {
        let mut states = Vec::new();
        for table in Table::VARIANTS.iter().copied() {
            let name = self.store.table(table);
            let problem = self.problem_of(name, table.definition().ttl.is_some()).await?;
            states.push(TableState { purpose: table.definition().name, name: name.to_owned(), problem });
        }
        Ok(states)
    }

    async fn problem_of(&self, name: &str, has_ttl: bool) -> Result<Option<String>> {
        let described = match self.store.db.describe_table().table_name(name).send().await {
            Ok(described) => described.table,
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
                return Ok(Some("is not there: deploy the stack, or name its table".into()));
            }
            Err(error) => return Err(map_sdk_error("DescribeTable", error)),
        };
        if described.as_ref().and_then(|table| table.table_status.clone()) != Some(TableStatus::Active) {
            return Ok(Some("is not active yet: wait for the deployment to end".into()));
        }
        if !has_ttl {
            return Ok(None);
        }
        let ttl = self.store.db.describe_time_to_live().table_name(name).send().await;
        let ttl = ttl.map_err(|error| map_sdk_error("DescribeTimeToLive", error))?.time_to_live_description;
        let is_on = ttl.is_some_and(|ttl| ttl.time_to_live_status == Some(TimeToLiveStatus::Enabled));
        Ok((!is_on).then(|| "does not end its items: turn TTL on for the attribute ttl".into()))
    }
}

/// The key that a row of a tenant's keys is about.
fn key_id(key: &Attributes) -> Option<KeyId> {
    KeyId::parse(key.get("sk")?.as_s().ok()?)
}
