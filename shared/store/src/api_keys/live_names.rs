//! The registry of live names: which names a tenant's live keys have, and how many there are. It is one item, in which
//! each name is an attribute.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use hb_domain::error::Quota;
use hb_domain::key_summary::KeySummary;
use hb_domain::{Error, KeyId, Result, TenantId};

use super::owned_key;
use crate::Store;
use crate::item::{Attributes, Row, millis, number, text};
use crate::sdk_error::{Failure, map_sdk_error};
use crate::tables::Table;
use crate::write::Write;

/// The most live keys a tenant may have.
pub const MAX_LIVE_KEYS: u64 = 100;

const TABLE: Table = Table::ApiKeys;
const SORT: &str = "liveNames";
const RELEASE: &str = "REMOVE #name ADD liveKeys :less";

/// Why a name could not be reserved.
pub(super) enum NameConflict {
    /// Names of expired keys were in the way and have been removed: a retry can succeed.
    ExpiredRemoved,
    /// A live key has the name, or the tenant has as many live keys as it may have.
    Taken(Error),
    /// Nothing is in the way any more: another key has ended.
    Gone,
}

/// Reserves the name of `key`, on the condition that it is free and the tenant may have another key.
pub(super) fn reserve(tenant: &TenantId, key: &KeySummary) -> Write {
    let mut entry = HashMap::from([("id".to_owned(), text(&key.id))]);
    if let Some(end) = key.expires_at {
        entry.insert("expiresAt".into(), millis(end));
    }
    Write::update(TABLE, owned_key(tenant, SORT), "SET #name = :entry ADD liveKeys :one")
        .condition("attribute_not_exists(#name) AND (attribute_not_exists(liveKeys) OR liveKeys < :most)")
        .name("#name", key.live_name())
        .value(":entry", AttributeValue::M(entry))
        .value(":one", number(1))
        .value(":most", number(MAX_LIVE_KEYS))
}

/// Releases the name of `key`, on the condition that the key still has it.
pub(super) fn release(tenant: &TenantId, key: &KeySummary) -> Write {
    Write::update(TABLE, owned_key(tenant, SORT), RELEASE)
        .condition("#name.id = :id")
        .name("#name", key.live_name())
        .value(":less", number(-1))
        .value(":id", text(&key.id))
}

/// Reads the registry, consistently, and [resolves](resolve) what is in the way of the name of `key`.
pub(super) async fn read_conflict(
    store: &Store,
    tenant: &TenantId,
    key: &KeySummary,
) -> Result<NameConflict> {
    let get = store.db.get_item().table_name(store.table(TABLE)).set_key(Some(owned_key(tenant, SORT)));
    let get = get.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Total);
    let response = get.send().await.map_err(|error| map_sdk_error("GetItem api-keys", error))?;
    resolve(store, tenant, key, &response.item.unwrap_or_default()).await
}

/// Finds out what in the registry is in the way of the name of `key`, and removes the names of keys that have expired
/// before `key` was created.
pub(super) async fn resolve(
    store: &Store,
    tenant: &TenantId,
    key: &KeySummary,
    registry: &Attributes,
) -> Result<NameConflict> {
    let row = Row::new(TABLE, registry);
    let mut has_removed = false;
    for name in row.names().filter(|name| name.starts_with('n')) {
        let entry = row.map(name).ok_or_else(|| row.corrupt(name))?;
        if entry.optional_moment("expiresAt")?.is_some_and(|end| end <= key.created_at) {
            remove(store, tenant, name, &entry.parsed("id", KeyId::parse)?).await?;
            has_removed = true;
        }
    }
    if has_removed {
        return Ok(NameConflict::ExpiredRemoved);
    }
    if let Some(entry) = row.map(&key.live_name()) {
        let holder = entry.parsed("id", KeyId::parse)?;
        if holder == key.id {
            // An earlier attempt, whose response was lost, created the key: the next attempt finds it.
            return Ok(NameConflict::Gone);
        }
        return Ok(NameConflict::Taken(Error::Duplicate(format!(
            "A live {} key of this name exists: {holder}",
            key.environment.as_str()
        ))));
    }
    Ok(if row.count("liveKeys")? >= MAX_LIVE_KEYS {
        NameConflict::Taken(Error::QuotaExhausted(Quota::Keys(MAX_LIVE_KEYS)))
    } else {
        NameConflict::Gone
    })
}

async fn remove(store: &Store, tenant: &TenantId, name: &str, id: &KeyId) -> Result<()> {
    let update = store
        .db
        .update_item()
        .table_name(store.table(TABLE))
        .set_key(Some(owned_key(tenant, SORT)))
        .update_expression(RELEASE)
        .condition_expression("#name.id = :id")
        .expression_attribute_names("#name", name)
        .expression_attribute_values(":less", number(-1))
        .expression_attribute_values(":id", text(id))
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    match update.send().await {
        Ok(_) => Ok(()),
        // Another request has removed it, or a transaction on the registry is in progress: the caller tries again.
        Err(error) if matches!(Failure::of(&error), Failure::ConditionFailed | Failure::Conflict) => Ok(()),
        Err(error) => Err(map_sdk_error("UpdateItem api-keys", error)),
    }
}
