//! Releases the storage quota of memories that DynamoDB removed by TTL, once for each removal.

use std::time::Duration;

use hb_domain::{Result, TenantId, Timestamp};

use crate::backoff::Backoff;
use crate::idempotency::row_key;
use crate::item::{number, ttl};
use crate::storage_ledger::StorageLedger;
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::write::Write;
use crate::{Store, StreamContext};

/// How long a processed event is remembered. A stream keeps an event for 24 hours.
const REMEMBERED: Duration = Duration::from_secs(2 * 86_400);

/// The removal of one memory, as the table's stream reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiredMemory {
    /// The event's id, which is the same in every delivery.
    pub event: String,
    /// The memory's tenant.
    pub tenant: TenantId,
    /// The memory's position in the sequence of the tenant's writes.
    pub write_seq: u64,
    /// The memory's size in the tenant's storage usage.
    pub bytes: u64,
    /// The time of the removal, in whole seconds.
    pub at: Timestamp,
}

/// Processes removals of any tenant. Only for the consumer of the stream.
#[derive(Clone, Copy, Debug)]
pub struct ExpiredMemories<'a> {
    store: &'a Store,
    context: &'a StreamContext,
}

/// The parts of the transaction that releases a memory's storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The event's row, which is written once.
    Event,
    /// The tenant's storage.
    Ledger,
}

impl<'a> ExpiredMemories<'a> {
    pub(crate) const fn new(store: &'a Store, context: &'a StreamContext) -> Self {
        Self { store, context }
    }

    /// Releases the storage of a removed memory. Returns `false` if that was done before, or if the tenant was
    /// erased or recounted since.
    ///
    /// # Errors
    /// The database's: the event has to be delivered again.
    pub async fn release_storage(&self, removal: &ExpiredMemory) -> Result<bool> {
        let mut event = row_key(&removal.tenant, format_args!("event#{}", removal.event));
        event.insert("ttl".into(), ttl(self.context.received_at().plus(REMEMBERED)));
        let event = Write::put(Table::Idempotency, event).condition("attribute_not_exists(tenant)");
        let ledger = StorageLedger::new(self.store, &removal.tenant).key();
        let ledger = Write::update(Table::Usage, ledger, "ADD memories :memories, bytes :bytes")
            // A recount since then has not seen the memory any more.
            .condition(
                "memories >= :one AND firstWriteSeq <= :writeSeq AND (attribute_not_exists(countedUntil) OR countedUntil < :at)",
            )
            .value(":at", number(removal.at.seconds()))
            .value(":one", number(1))
            .value(":memories", number(-1))
            .value(":bytes", number(format_args!("-{}", removal.bytes)))
            .value(":writeSeq", number(removal.write_seq));
        let transaction = Transaction::new(Part::Event, event).and(Part::Ledger, ledger);
        Ok(transaction.run(self.store, &mut Backoff::transaction()).await?.is_ok())
    }
}
