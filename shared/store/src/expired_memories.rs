//! What remains to be done for memories that DynamoDB removed by TTL: their storage quota is released, once for each removal,
//! and the rows of their keys are deleted.

use std::time::Duration;

use hb_domain::{MemoryId, Result, ScopedKey, TenantId, Timestamp};

use crate::backoff::Backoff;
use crate::idempotency::row_key;
use crate::item::{number, ttl};
use crate::memories::{delete_row, memory_key, parse_namespace};
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
    /// The memory's id.
    pub id: MemoryId,
    /// The memory's key, if it had one.
    pub key: Option<ScopedKey>,
    /// The memory's position in the sequence of the tenant's writes.
    pub write_seq: u64,
    /// The memory's size in the tenant's storage usage.
    pub bytes: u64,
    /// The time of the removal, in whole seconds.
    pub at: Timestamp,
}

impl ExpiredMemory {
    /// The key of a removed memory, by the texts of its item; `None` when it had none.
    ///
    /// # Errors
    /// The attribute that is invalid.
    pub fn key_of<'a>(
        text: impl Fn(&str) -> Option<&'a str>,
    ) -> std::result::Result<Option<ScopedKey>, &'static str> {
        let Some(key) = text("key") else { return Ok(None) };
        let namespace = text("longNamespace").or_else(|| text("namespace"));
        let namespace = namespace.map(|text| parse_namespace(text).ok_or("namespace")).transpose()?;
        let owned = |name| text(name).map(str::to_owned);
        Ok(Some(ScopedKey::new(key.to_owned(), namespace, owned("userId"), owned("agentId"))))
    }
}

/// Processes removals of any tenant. Only for the consumer of the stream.
#[derive(Clone, Copy, Debug)]
pub struct ExpiredMemories<'a> {
    store: &'a Store,
    context: &'a StreamContext,
}

/// The parts of the transaction that deletes the row of a memory's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyPart {
    /// The row, which another memory may hold by now.
    Row,
    /// The memory, which may exist again.
    Memory,
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

    /// Deletes the row of the key of a removed memory, unless another memory holds the key, or the memory exists again. Does
    /// nothing when that was done before.
    ///
    /// # Errors
    /// The database's: the event has to be delivered again.
    pub async fn delete_key(&self, removal: &ExpiredMemory) -> Result<()> {
        let Some(key) = &removal.key else { return Ok(()) };
        let memory = Write::check(Table::Memories, memory_key(&removal.tenant, &removal.id))
            .condition("attribute_not_exists(id)");
        let row = delete_row(&removal.tenant, key, &removal.id);
        let transaction = Transaction::new(KeyPart::Row, row).and(KeyPart::Memory, memory);
        // Where a condition does not hold, the row stays: it is another memory's.
        transaction.run(self.store, &mut Backoff::transaction()).await.map(|_| ()).map_err(Into::into)
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
