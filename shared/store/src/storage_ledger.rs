//! The storage of a tenant: one item per tenant in the table of usage.
//!
//! | attribute | meaning |
//! |---|---|
//! | `tenant`, `sk` | key; `sk` is `memories` |
//! | `memories`, `bytes` | the number of memories and their bytes, including reserved ones |
//! | `writeSeq` | the last number of the tenant's write sequence that was assigned |
//! | `firstWriteSeq` | the `writeSeq` that the item began with: memories with a smaller one belong to an erased tenant |
//! | `countedUntil` | after a recount, the second up to which `memories` takes expired memories into account |
//!
//! Quota is reserved before a memory is written and released after it is deleted, so that after a crash the counted storage
//! may be too high, never too low. Both sequence numbers begin at the time of the item's creation, in microseconds, so that
//! the sequence continues behind that of an erased tenant of the same id.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure};
use hb_domain::{Result, TenantId, Timestamp};

use crate::Store;
use crate::backoff::Backoff;
use crate::item::{Attributes, Row, number, text};
use crate::sdk_error::{is_failed_condition, map_sdk_error, retry_when_throttled};
use crate::tables::Table;

pub(crate) const TABLE: Table = Table::Usage;
const ROW: &str = "memories";

/// An amount of storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageUsage {
    /// Memories.
    pub memories: u64,
    /// Their bytes, as lines of an export. Bytes are reported, not limited.
    pub bytes: u64,
}

/// The storage of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct StorageLedger<'a> {
    pub(crate) store: &'a Store,
    pub(crate) tenant: &'a TenantId,
}

/// The whole item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LedgerEntry {
    pub(crate) amount: StorageUsage,
    pub(crate) write_seq: u64,
}

/// The result of a reservation.
pub(crate) enum Reservation {
    /// The storage is reserved. What is written now has this write sequence.
    Granted(u64),
    /// Nothing is reserved: there is room for this many memories only.
    Exceeded(u64),
}

impl std::ops::Add for StorageUsage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { memories: self.memories + other.memories, bytes: self.bytes + other.bytes }
    }
}

impl std::iter::Sum for StorageUsage {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), std::ops::Add::add)
    }
}

impl<'a> StorageLedger<'a> {
    pub(crate) const fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant }
    }

    /// Reads the tenant's storage, consistently.
    ///
    /// # Errors
    /// The database's.
    pub async fn get(&self) -> Result<StorageUsage> {
        Ok(self.read().await?.map_or_else(StorageUsage::default, |entry| entry.amount))
    }

    pub(crate) async fn read(&self) -> Result<Option<LedgerEntry>> {
        let get =
            self.store.db.get_item().table_name(self.store.table(Table::Usage)).set_key(Some(self.key()));
        let get = get.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = get.send().await.map_err(|error| map_sdk_error("GetItem usage", error))?;
        response.item.as_ref().map(decode).transpose()
    }

    /// Reserves storage for what is about to be written, if `limit` leaves room for all of it. The SDK makes one attempt:
    /// repeating an addition whose response was lost would count twice.
    ///
    /// # Errors
    /// The database's. The storage may then be reserved.
    pub(crate) async fn reserve(
        &self,
        amount: StorageUsage,
        limit: Option<u64>,
        now: Timestamp,
    ) -> Result<Reservation> {
        if let Some(limit) = limit
            && amount.memories > limit
        {
            let stored = self.get().await?.memories;
            return Ok(Reservation::Exceeded(limit.saturating_sub(stored)));
        }
        let mut update = self
            .update()
            .update_expression(
                "SET writeSeq = if_not_exists(writeSeq, :start) + :one, firstWriteSeq = if_not_exists(firstWriteSeq, :start) ADD memories :memories, bytes :bytes",
            )
            .expression_attribute_values(":start", number(now.micros()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":memories", number(amount.memories))
            .expression_attribute_values(":bytes", number(amount.bytes))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(limit) = limit {
            update = update
                .condition_expression("attribute_not_exists(memories) OR memories <= :room")
                .expression_attribute_values(":room", number(limit - amount.memories));
        }
        match retry_when_throttled(Backoff::counter(), || update.clone().send()).await {
            Ok(response) => {
                let attributes = response.attributes.unwrap_or_default();
                Ok(Reservation::Granted(Row::new(TABLE, &attributes).count("writeSeq")?))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let stored = failed
                        .item
                        .as_ref()
                        .map(decode)
                        .transpose()?
                        .map_or(0, |entry| entry.amount.memories);
                    Ok(Reservation::Exceeded(limit.unwrap_or(0).saturating_sub(stored)))
                }
                _ => Err(map_sdk_error("UpdateItem usage", error)),
            },
        }
    }

    /// Releases storage. The SDK makes one attempt: storage that is released twice makes the counted storage too low, storage
    /// that is not released leaves it too high, which a recount corrects. A failure is therefore only logged: the request
    /// itself has succeeded. `write_seq` is the smallest write sequence of the memories: a tenant that was erased and created
    /// again since does not count them.
    pub(crate) async fn release(&self, amount: StorageUsage, write_seq: u64) {
        if amount == StorageUsage::default() {
            return;
        }
        let update = self
            .update()
            .update_expression("ADD memories :memories, bytes :bytes")
            .condition_expression(
                "memories >= :least AND (attribute_not_exists(firstWriteSeq) OR firstWriteSeq <= :writeSeq OR :writeSeq = :unnumbered)",
            )
            .expression_attribute_values(":writeSeq", number(write_seq))
            .expression_attribute_values(":unnumbered", number(0))
            .expression_attribute_values(":least", number(amount.memories))
            .expression_attribute_values(":memories", number(format_args!("-{}", amount.memories)))
            .expression_attribute_values(":bytes", number(format_args!("-{}", amount.bytes)));
        match retry_when_throttled(Backoff::counter(), || update.clone().send()).await {
            Ok(_) => {}
            Err(error) if is_failed_condition(&error) => {
                tracing::warn!(tenant = %self.tenant, ?amount, "storage was not released: the ledger does not contain it");
            }
            Err(error) => {
                let error = map_sdk_error("UpdateItem usage", error);
                tracing::warn!(tenant = %self.tenant, %error, ?amount, "storage was not released; a recount corrects it");
            }
        }
    }

    /// Sets the storage to `actual`, provided that nothing was written since `seen` was read; returns `false` when something
    /// was.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn correct(
        &self,
        seen: LedgerEntry,
        actual: StorageUsage,
        counted_at: Timestamp,
    ) -> Result<bool> {
        let update = self
            .update()
            .update_expression("SET memories = :memories, bytes = :bytes, countedUntil = :countedUntil")
            .expression_attribute_values(":countedUntil", number(counted_at.seconds_rounded_up()))
            .condition_expression("writeSeq = :writeSeq AND memories = :seenMemories AND bytes = :seenBytes")
            .expression_attribute_values(":memories", number(actual.memories))
            .expression_attribute_values(":bytes", number(actual.bytes))
            .expression_attribute_values(":writeSeq", number(seen.write_seq))
            .expression_attribute_values(":seenMemories", number(seen.amount.memories))
            .expression_attribute_values(":seenBytes", number(seen.amount.bytes));
        match retry_when_throttled(Backoff::counter(), || update.clone().send()).await {
            Ok(_) => Ok(true),
            Err(error) if is_failed_condition(&error) => Ok(false),
            Err(error) => Err(map_sdk_error("UpdateItem usage", error)),
        }
    }

    pub(crate) fn key(&self) -> Attributes {
        Attributes::from([("tenant".into(), text(self.tenant)), ("sk".into(), text(ROW))])
    }

    fn update(&self) -> UpdateItemFluentBuilder {
        let update = self.store.once.update_item().table_name(self.store.table(Table::Usage));
        update.set_key(Some(self.key())).return_consumed_capacity(ReturnConsumedCapacity::Total)
    }
}

fn decode(item: &Attributes) -> Result<LedgerEntry> {
    let row = Row::new(TABLE, item);
    // Bytes are not limited, so a wrong sum is no reason to fail a request.
    let bytes = u64::try_from(row.optional_integer("bytes")?.unwrap_or(0)).unwrap_or(0);
    let amount = StorageUsage { memories: row.count("memories")?, bytes };
    Ok(LedgerEntry { amount, write_seq: row.count("writeSeq")? })
}
