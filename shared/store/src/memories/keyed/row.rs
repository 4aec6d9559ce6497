//! The row of a key: the table of keys has the tenant as partition key and the digest of the key and its scope as sort key.
//!
//! | attribute | meaning |
//! |---|---|
//! | `tenant`, `digest` | key |
//! | `memory` | the id of the memory that holds the key |
//! | `version` | the name of the write that placed the row, which no other write has |

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::{MemoryId, Result, ScopedKey, TenantId};

use crate::Store;
use crate::item::{Attributes, Row, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;
use crate::write::Write;

const TABLE: Table = Table::MemoryKeys;

/// The row of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyRow {
    /// The memory that holds the key.
    pub(super) memory: MemoryId,
    /// The name of the write that placed the row.
    pub(super) version: String,
}

fn row_key(tenant: &TenantId, key: &ScopedKey) -> Attributes {
    Attributes::from([("tenant".into(), text(tenant)), ("digest".into(), text(key.digest()))])
}

/// Reads the row of a key, consistently.
pub(super) async fn read(store: &Store, tenant: &TenantId, key: &ScopedKey) -> Result<Option<KeyRow>> {
    let get = store.db.get_item().table_name(store.table(TABLE)).set_key(Some(row_key(tenant, key)));
    let get = get.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Total);
    let response = get.send().await.map_err(|error| map_sdk_error("GetItem memory-keys", error))?;
    let Some(item) = response.item else { return Ok(None) };
    let row = Row::new(TABLE, &item);
    let memory = row.parsed("memory", MemoryId::parse)?;
    Ok(Some(KeyRow { memory, version: row.text("version")?.to_owned() }))
}

/// Places the row, on the condition that it is as it was `seen`: absent, or placed by the write of this name.
pub(super) fn place(tenant: &TenantId, key: &ScopedKey, row: &KeyRow, seen: Option<&str>) -> Write {
    let mut item = row_key(tenant, key);
    item.insert("memory".into(), text(&row.memory));
    item.insert("version".into(), text(&row.version));
    let put = Write::put(TABLE, item);
    match seen {
        None => put.condition("attribute_not_exists(tenant)"),
        Some(version) => {
            put.condition("#version = :seen").name("#version", "version").value(":seen", text(version))
        }
    }
}

/// Deletes the row of a key that `memory` held, on the condition that no other memory holds it.
pub(crate) fn delete_row(tenant: &TenantId, key: &ScopedKey, memory: &MemoryId) -> Write {
    Write::delete(TABLE, row_key(tenant, key))
        .condition("attribute_not_exists(tenant) OR memory = :memory")
        .value(":memory", text(memory))
}
