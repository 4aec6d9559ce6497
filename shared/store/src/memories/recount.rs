//! Recounting a tenant's memories, after a crash has left the counted storage too high.

use std::time::Duration;

use hb_domain::listing::{Order, Sort};
use hb_domain::{Clock, Error, Result};

use super::Memories;
use super::stored_memory::StoredMemory;
use super::walk::{Budget, Walk};
use crate::storage_ledger::{Reservation, StorageLedger, StorageUsage};

/// How often a recount starts over because the tenant was written to meanwhile.
const MAX_ATTEMPTS: usize = 5;
/// How far the clock of the stream's events may differ from ours.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

impl Memories<'_> {
    /// Counts the stored memories and corrects the tenant's storage; returns the storage before and after.
    ///
    /// It waits `settled`, longer than any request takes, before and after it ledger. Requests in progress, which may have
    /// reserved storage and not used it yet, or deleted a memory and not released its storage yet, have then ended and have
    /// changed the ledger if there were any. Expired memories that DynamoDB removed before the end, and whose stream events
    /// are yet to come, are recognised by their date and are not released a second time.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the tenant is written to continuously; the database's.
    pub async fn recount(&self, settled: Duration, clock: &Clock) -> Result<(StorageUsage, StorageUsage)> {
        let ledger = StorageLedger::new(self.store, self.tenant);
        for _ in 0..MAX_ATTEMPTS {
            let Some(seen) = ledger.read().await? else {
                // A tenant without a ledger entry gets one, which is too low until the next pass.
                if let Reservation::Exceeded(_) =
                    ledger.reserve(StorageUsage::default(), None, clock.now()).await?
                {
                    break;
                }
                continue;
            };
            tokio::time::sleep(settled).await;
            if ledger.read().await? != Some(seen) {
                continue;
            }
            let actual = self.count().await?;
            let counted_at = clock.now().plus(CLOCK_TOLERANCE);
            tokio::time::sleep(settled).await;
            if ledger.correct(seen, actual, counted_at).await? {
                return Ok((seen.amount, actual));
            }
        }
        Err(Error::Unavailable("the tenant is being written to: suspend it for a minute, or retry".into()))
    }

    async fn count(&self) -> Result<StorageUsage> {
        let mut actual = StorageUsage::default();
        let mut walk = Walk::new(self, Sort::CreatedAt, Order::Ascending, None, Budget::items(u64::MAX))?;
        while let Some(batch) = walk.next().await? {
            let memories = batch.iter().filter_map(|(_, memory)| memory.as_ref());
            actual = actual + memories.map(StoredMemory::storage).sum();
        }
        Ok(actual)
    }
}
