//! Reading the items of one kind of a tenant.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use hb_domain::Result;

use crate::Store;
use crate::item::{Attributes, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

/// Reads all items of a partition whose sort keys, in the attribute `sk`, begin with `kind`, consistently and in the order of
/// their sort keys. Only for partitions with few of them.
///
/// # Errors
/// The database's.
pub(crate) async fn read_kind(
    store: &Store,
    table: Table,
    partition: AttributeValue,
    kind: &str,
) -> Result<Vec<Attributes>> {
    read_where(store, table, partition, "begins_with(sk, :sort)", kind).await
}

/// Reads all items of a partition from the sort key `first` on, in the same way.
///
/// # Errors
/// The database's.
pub(crate) async fn read_from(
    store: &Store,
    table: Table,
    partition: AttributeValue,
    first: &str,
) -> Result<Vec<Attributes>> {
    read_where(store, table, partition, "sk >= :sort", first).await
}

async fn read_where(
    store: &Store,
    table: Table,
    partition: AttributeValue,
    condition: &str,
    sort: &str,
) -> Result<Vec<Attributes>> {
    let (mut items, mut from) = (Vec::new(), None);
    loop {
        let query = store
            .db
            .query()
            .table_name(store.table(table))
            .key_condition_expression(format!("#partition = :partition AND {condition}"))
            .expression_attribute_names("#partition", table.definition().partition_key.attribute())
            .expression_attribute_values(":partition", partition.clone())
            .expression_attribute_values(":sort", text(sort))
            .set_exclusive_start_key(from)
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response =
            query.send().await.map_err(|error| map_sdk_error(format_args!("Query {table}"), error))?;
        items.extend(response.items.unwrap_or_default());
        from = response.last_evaluated_key;
        if from.is_none() {
            return Ok(items);
        }
    }
}
