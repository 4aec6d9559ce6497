//! Memories that the table itself has removed because their time was over: giving their places back, once.

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

    /// Gives the place of a removed memory back; `false` when that has been done before, or the tenant has
    /// been erased or counted since.
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
