//! How much a tenant keeps: one row a tenant in the table of usage.
//!
//! | attribute | meaning |
//! |---|---|
//! | `tenant`, `sk` | key; `sk` is `memories` |
//! | `n`, `b` | memories and their bytes, with the places of those about to be written |
//! | `write_seq` | the place in the order of the tenant's writes that was handed out last |
//! | `counted` | the second up to which removals by the table itself are in `n` already, after a recount |
//! | `born` | the `write_seq` that this row began with: memories of before belong to a tenant that was erased |
//!
//! A place is taken before its memory is written and given back after the memory is gone, so that after
//! a crash the count may be too high, never too low. Both numbers begin at the time of the row's making, in
//! microseconds, so that the order goes on where an erased tenant of the same id left off.

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

/// How much is kept, or is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageUsage {
    /// Memories.
    pub memories: u64,
    /// Their bytes, as lines of an export.
    pub bytes: u64,
}

/// The count of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct StorageLedger<'a> {
    pub(crate) store: &'a Store,
    pub(crate) tenant: &'a TenantId,
}

/// The whole row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LedgerEntry {
    pub(crate) amount: StorageUsage,
    pub(crate) write_seq: u64,
}

/// What asking for places came to.
pub(crate) enum Reservation {
    /// They are taken; what is written now has this place in the order.
    Granted(u64),
    /// There are only so many.
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

    /// How much the tenant keeps, read consistently.
    ///
    /// # Errors
    /// The database's.
    pub async fn get(&self) -> Result<StorageUsage> {
        Ok(self.read().await?.map_or_else(StorageUsage::default, |count| count.amount))
    }

    pub(crate) async fn read(&self) -> Result<Option<LedgerEntry>> {
        let get =
            self.store.db.get_item().table_name(self.store.table(Table::Usage)).set_key(Some(self.key()));
        let get = get.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = get.send().await.map_err(|error| map_sdk_error("GetItem usage", error))?;
        answer.item.as_ref().map(decode).transpose()
    }

    /// Takes places for what is about to be written, when `limit` leaves room for all of them. The SDK makes
    /// one attempt: repeating an addition whose answer was lost would count twice.
    ///
    /// # Errors
    /// The database's; the places may then be taken.
    pub(crate) async fn reserve(
        &self,
        amount: StorageUsage,
        limit: Option<u64>,
        now: Timestamp,
    ) -> Result<Reservation> {
        if let Some(limit) = limit
            && amount.memories > limit
        {
            let kept = self.get().await?.memories;
            return Ok(Reservation::Exceeded(limit.saturating_sub(kept)));
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
            Ok(answer) => {
                let attributes = answer.attributes.unwrap_or_default();
                Ok(Reservation::Granted(Row::new(TABLE, &attributes).count("writeSeq")?))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let kept = failed
                        .item
                        .as_ref()
                        .map(decode)
                        .transpose()?
                        .map_or(0, |count| count.amount.memories);
                    Ok(Reservation::Exceeded(limit.unwrap_or(0).saturating_sub(kept)))
                }
                _ => Err(map_sdk_error("UpdateItem usage", error)),
            },
        }
    }

    /// Gives places back. The SDK makes one attempt: a place given back twice would let the count fall below
    /// the truth, one not given back leaves it above, which a recount mends. A failure is therefore only
    /// logged: what the request was about is done. `write_seq` is the place in the order of what they were for, or of the
    /// first of it: a tenant that was erased and made again since never had them.
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
                tracing::warn!(tenant = %self.tenant, ?amount, "places of a count that does not have them");
            }
            Err(error) => {
                let error = map_sdk_error("UpdateItem usage", error);
                tracing::warn!(tenant = %self.tenant, %error, ?amount, "places were not given back; a recount mends it");
            }
        }
    }

    /// Puts the count right, provided that nothing has been written since `seen` was read; `false` when
    /// something has.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn correct(
        &self,
        seen: LedgerEntry,
        truth: StorageUsage,
        counted_at: Timestamp,
    ) -> Result<bool> {
        let update = self
            .update()
            .update_expression("SET memories = :memories, bytes = :bytes, countedUntil = :countedUntil")
            .expression_attribute_values(":countedUntil", number(counted_at.seconds_rounded_up()))
            .condition_expression("writeSeq = :writeSeq AND memories = :seenMemories AND bytes = :seenBytes")
            .expression_attribute_values(":memories", number(truth.memories))
            .expression_attribute_values(":bytes", number(truth.bytes))
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
    // Bytes are reported, not enforced: a sum that has gone astray is no reason to refuse a request.
    let bytes = u64::try_from(row.optional_integer("bytes")?.unwrap_or(0)).unwrap_or(0);
    let amount = StorageUsage { memories: row.count("memories")?, bytes };
    Ok(LedgerEntry { amount, write_seq: row.count("writeSeq")? })
}
