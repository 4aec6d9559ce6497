//! Memories that the table itself has removed because their time was over: giving their places back, once.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use hb_domain::{Error, Result, TenantId, Timestamp};

use crate::idempotency::row_key;
use crate::item::{number, ttl};
use crate::storage_ledger::StorageLedger;
use crate::tables::Table;
use crate::transaction::{Cancelled, TRIES, built, pause, transact};
use crate::{Store, StreamContext};

/// How long an event is remembered: longer than a stream keeps it, which is a day.
const REMEMBERED: Duration = Duration::from_secs(2 * 86_400);

/// The removal of one memory, as the table's stream tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiredMemory {
    /// The event's id, the same however often it is delivered.
    pub event: String,
    /// Whose memory it was.
    pub tenant: TenantId,
    /// Its place in the order of the tenant's writes.
    pub write_seq: u64,
    /// What it took of the tenant's storage.
    pub bytes: u64,
    /// When it was removed, to the second.
    pub at: Timestamp,
}

/// Takes note of removals, of any tenant: only for the consumer of the stream.
#[derive(Clone, Copy, Debug)]
pub struct ExpiredMemories<'a> {
    store: &'a Store,
    context: &'a StreamContext,
}

impl<'a> ExpiredMemories<'a> {
    pub(crate) const fn new(store: &'a Store, context: &'a StreamContext) -> Self {
        Self { store, context }
    }

    /// Gives the place of a removed memory back; `false` when that has been done before, or the tenant has
    /// been erased or counted since.
    ///
    /// # Errors
    /// The database's: the event has to be delivered again.
    pub async fn release_storage(&self, removal: &ExpiredMemory) -> Result<bool> {
        let mut event = row_key(&removal.tenant, format_args!("event#{}", removal.event));
        event.insert("ttl".into(), ttl(self.context.received_at().plus(REMEMBERED)));
        let note = Put::builder()
            .table_name(self.store.table(Table::Idempotency))
            .set_item(Some(event))
            .condition_expression("attribute_not_exists(tenant)");
        let count = Update::builder()
            .table_name(self.store.table(Table::Usage))
            .set_key(Some(StorageLedger::new(self.store, &removal.tenant).key()))
            .update_expression("ADD memories :memories, bytes :bytes")
            // A recount since then has not seen the memory any more.
            .condition_expression(
                "memories >= :one AND firstWriteSeq <= :writeSeq AND (attribute_not_exists(countedUntil) OR countedUntil < :at)",
            )
            .expression_attribute_values(":at", number(removal.at.seconds()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":memories", number(-1))
            .expression_attribute_values(":bytes", number(format_args!("-{}", removal.bytes)))
            .expression_attribute_values(":writeSeq", number(removal.write_seq));
        let parts = vec![
            TransactWriteItem::builder().put(built(note.build())?).build(),
            TransactWriteItem::builder().update(built(count.build())?).build(),
        ];
        for attempt in 0..TRIES {
            match transact(self.store, parts.clone()).await? {
                Ok(()) => return Ok(true),
                Err(Cancelled::Conflict) => pause(attempt, &removal.event).await,
                Err(Cancelled::Condition(_)) => return Ok(false),
            }
        }
        Err(Error::Unavailable(format!("the event {} lost against others too often", removal.event)))
    }
}
