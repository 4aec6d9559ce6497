//! Deleting many items without conditions, with BatchWriteItem.

use aws_sdk_dynamodb::types::{DeleteRequest, ReturnConsumedCapacity, WriteRequest};
use hb_domain::{Error, Result};

use crate::Store;
use crate::backoff::Backoff;
use crate::item::Attributes;
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

/// The most items of one call.
const MAX_ITEMS: usize = 25;

/// Deletes the items of these keys, with the patience of an operator's command. No key may occur twice.
///
/// # Errors
/// The database's. Some of the items may have been deleted.
pub(crate) async fn delete_all(store: &Store, table: Table, keys: Vec<Attributes>) -> Result<()> {
    let delete = |key| {
        let delete = DeleteRequest::builder().set_key(Some(key)).build().map_err(not_built)?;
        Ok(WriteRequest::builder().delete_request(delete).build())
    };
    write(store, table, keys.into_iter().map(delete).collect::<Result<_>>()?).await
}

async fn write(store: &Store, table: Table, requests: Vec<WriteRequest>) -> Result<()> {
    for batch in requests.chunks(MAX_ITEMS) {
        let (mut remaining, mut backoff) = (batch.to_vec(), Backoff::batch_write());
        loop {
            let write = store.db.batch_write_item().request_items(store.table(table), remaining);
            let write = write.return_consumed_capacity(ReturnConsumedCapacity::Total);
            let response = write.send().await.map_err(|error| map_sdk_error("BatchWriteItem", error))?;
            remaining = response.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
            if remaining.is_empty() {
                break;
            }
            if !backoff.wait().await {
                return Err(Error::Unavailable("BatchWriteItem: too much left unprocessed".into()));
            }
        }
    }
    Ok(())
}

fn not_built(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("batch could not be built: {error}"))
}
