//! The slots row: which names a tenant's live keys have taken, and how many there are.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, Update};
use hb_domain::error::Quota;
use hb_domain::key_summary::KeySummary;
use hb_domain::{Error, KeyId, Result, TenantId, Timestamp};

use super::keys::MAX_LIVE_KEYS;
use super::owned_key;
use crate::Store;
use crate::item::{Attributes, Row, millis, number, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;
use crate::transaction::built;

const TABLE: Table = Table::ApiKeys;
const SORT: &str = "liveNames";

/// Why a slot could not be taken.
pub(super) enum NameConflict {
    /// Slots of expired keys were in the way and have been given back; trying again helps.
    ExpiredRemoved,
    /// The name or the last place is taken by a live key.
    Taken(Error),
    /// Nothing is in the way any more: somebody else's key has just ended.
    Gone,
}

/// The part of a transaction that takes the slot of `key`, provided that it and a place are free.
pub(super) fn reserve(store: &Store, tenant: &TenantId, key: &KeySummary) -> Result<Update> {
    let mut entry = HashMap::from([("id".to_owned(), text(&key.id))]);
    if let Some(end) = key.expires_at {
        entry.insert("expiresAt".into(), millis(end));
    }
    let update = update(store, tenant, key)
        .update_expression("SET #name = :entry ADD liveKeys :one")
        .condition_expression(
            "attribute_not_exists(#name) AND (attribute_not_exists(liveKeys) OR liveKeys < :most)",
        )
        .expression_attribute_values(":entry", AttributeValue::M(entry))
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":most", number(MAX_LIVE_KEYS));
    built(update.build())
}

/// The part of a transaction that gives the slot of `key` back, provided that it is still its own.
pub(super) fn release(store: &Store, tenant: &TenantId, key: &KeySummary) -> Result<Update> {
    let update = update(store, tenant, key)
        .update_expression("REMOVE #name ADD liveKeys :less")
        .condition_expression("#name.id = :id")
        .expression_attribute_values(":less", number(-1))
        .expression_attribute_values(":id", text(&key.id));
    built(update.build())
}

/// Finds out why [`take`] failed, and gives back what expired keys hold.
pub(super) async fn explain(
    store: &Store,
    tenant: &TenantId,
    key: &KeySummary,
    now: Timestamp,
) -> Result<NameConflict> {
    let get =
        store.db.get_item().table_name(store.table(Table::ApiKeys)).set_key(Some(owned_key(tenant, SORT)));
    let get = get.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Total);
    let answer = get.send().await.map_err(|error| map_sdk_error("GetItem api-keys", error))?;
    let item = answer.item.unwrap_or_default();
    let row = Row::new(TABLE, &item);

    let mut pruned = false;
    for slot in row.names().filter(|name| name.starts_with('n')) {
        let entry = row.map(slot).ok_or_else(|| row.corrupt(slot))?;
        if entry.optional_moment("expiresAt")?.is_some_and(|end| end <= now) {
            prune(store, tenant, slot, &entry.parsed("id", KeyId::parse)?).await?;
            pruned = true;
        }
    }
    Ok(if pruned {
        NameConflict::ExpiredRemoved
    } else if let Some(entry) = row.map(&key.slot()) {
        let holder = entry.parsed("id", KeyId::parse)?;
        if holder == key.id {
            // An attempt before, whose answer was lost, has written the key: trying again finds it.
            return Ok(NameConflict::Gone);
        }
        NameConflict::Taken(Error::Duplicate(format!(
            "A live {} key of this name exists: {holder}",
            key.environment.as_str()
        )))
    } else if row.count("liveKeys")? >= MAX_LIVE_KEYS {
        NameConflict::Taken(Error::QuotaExhausted(Quota::Keys(MAX_LIVE_KEYS)))
    } else {
        NameConflict::Gone
    })
}

async fn prune(store: &Store, tenant: &TenantId, slot: &str, id: &KeyId) -> Result<()> {
    let update = store
        .db
        .update_item()
        .table_name(store.table(Table::ApiKeys))
        .set_key(Some(owned_key(tenant, SORT)))
        .update_expression("REMOVE #name ADD liveKeys :less")
        .condition_expression("#name.id = :id")
        .expression_attribute_names("#name", slot)
        .expression_attribute_values(":less", number(-1))
        .expression_attribute_values(":id", text(id))
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    match update.send().await {
        Ok(_) => Ok(()),
        // Somebody else was faster, or is at it in a transaction: the caller looks again.
        Err(error)
            if error.as_service_error().is_some_and(|e| {
                e.is_conditional_check_failed_exception() || e.is_transaction_conflict_exception()
            }) =>
        {
            Ok(())
        }
        Err(error) => Err(map_sdk_error("UpdateItem api-keys", error)),
    }
}

fn update(
    store: &Store,
    tenant: &TenantId,
    key: &KeySummary,
) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
    let row: Attributes = owned_key(tenant, SORT);
    Update::builder()
        .table_name(store.table(Table::ApiKeys))
        .set_key(Some(row))
        .expression_attribute_names("#name", key.slot())
}
