//! Reading many items by their keys, with BatchGetItem.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use hb_domain::{Error, Result};

use crate::Store;
use crate::backoff::Backoff;
use crate::item::Attributes;
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

/// The most items that one read may request.
pub(crate) const MAX_ITEMS: usize = 100;

/// The items that were found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Each item with its table, in no order.
    pub(crate) items: Vec<(Table, Attributes)>,
    /// The consumed read capacity, in units.
    pub(crate) units: f64,
}

/// Reads those of at most [`MAX_ITEMS`] items that exist, consistently; of each only the attributes of `projection`, if there is
/// one. No key may occur twice.
///
/// # Errors
/// The database's.
pub(crate) async fn read_batch(
    store: &Store,
    wanted: impl IntoIterator<Item = (Table, Vec<Attributes>)>,
    projection: Option<&str>,
) -> Result<Found> {
    let mut requested = HashMap::new();
    for (table, keys) in wanted.into_iter().filter(|(_, keys)| !keys.is_empty()) {
        let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let keys = keys.set_projection_expression(projection.map(str::to_owned)).build();
        let keys = keys.map_err(|error| Error::Internal(format!("batch could not be built: {error}")))?;
        requested.insert(store.table(table).to_owned(), keys);
    }
    let mut found = Found::default();
    let mut backoff = Backoff::batch_read();
    while !requested.is_empty() {
        let get = store.db.batch_get_item().set_request_items(Some(requested));
        let response = get.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
        let response = response.map_err(|error| map_sdk_error("BatchGetItem", error))?;
        found.units +=
            response.consumed_capacity().iter().filter_map(|used| used.capacity_units).sum::<f64>();
        for (name, items) in response.responses.unwrap_or_default() {
            let table = store.table_named(&name);
            let table =
                table.ok_or_else(|| Error::Internal("BatchGetItem: an item of another table".into()))?;
            found.items.extend(items.into_iter().map(|item| (table, item)));
        }
        // A response ends at 16 MB or when a table is throttled, and lists the keys that it left unprocessed.
        requested = response.unprocessed_keys.unwrap_or_default();
        if !requested.is_empty() && !backoff.wait().await {
            return Err(Error::Unavailable("BatchGetItem: too much left unprocessed".into()));
        }
    }
    Ok(found)
}
