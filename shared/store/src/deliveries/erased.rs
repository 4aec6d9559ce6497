//! The due endpoints of a tenant that is erased. Their partitions belong to no tenant, so those of all tenants are read.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::{Result, TenantId};

use super::due_endpoint::{DueEndpoint, SHARDS, shard_name};
use crate::Store;
use crate::item::{Attributes, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

/// The keys of all due endpoints of a tenant. Only for the operator of the service: reads the whole table, 1 read unit for about 70 of
/// its items.
///
/// # Errors
/// The database's.
pub(crate) async fn due_endpoints_of(store: &Store, tenant: &TenantId) -> Result<Vec<Attributes>> {
    let mut keys = Vec::new();
    for shard in 0..SHARDS {
        let mut from = None;
        loop {
            let query = store
                .db
                .query()
                .table_name(store.table(Table::DueEndpoints))
                .key_condition_expression("#shard = :shard")
                .expression_attribute_names("#shard", "shard")
                .expression_attribute_values(":shard", text(shard_name(shard)))
                .set_exclusive_start_key(from)
                .consistent_read(true)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let response = query.send().await.map_err(|error| map_sdk_error("Query due-endpoints", error))?;
            let due = response.items().iter().filter_map(|item| DueEndpoint::decode(item).ok());
            keys.extend(due.filter(|due| due.endpoint.tenant == *tenant).map(|due| due.key()));
            from = response.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
    }
    Ok(keys)
}
