//! Counting what is there, after a crash has left the count too high.

use std::time::Duration;

use hb_domain::listing::{Order, Sort};
use hb_domain::{Clock, Error, Result};

use super::Memories;
use super::walk::{Budget, Walk};
use crate::storage_ledger::{Reservation, StorageLedger, StorageUsage};

/// How often a recount starts over because something was written meanwhile.
const TRIES: usize = 5;
/// How far the clock that dates removals may be from ours.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

impl Memories<'_> {
    /// Counts what is there and puts the tenant's count right; gives what it was and what it is.
    ///
    /// It waits `settled`, longer than any request lives, before it counts and again behind it: requests under
    /// way, which may have taken a place and not used it yet, or freed one and not given it back, have then ended,
    /// and have moved the count if there were any. Removals by the table itself that were made before the end, and
    /// of which the stream has yet to tell, are known by their date and give nothing back a second time.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the tenant is written to all the time; the database's.
    pub async fn recount(&self, settled: Duration, clock: &Clock) -> Result<(StorageUsage, StorageUsage)> {
        let counts = StorageLedger::new(self.store, self.tenant);
        for _ in 0..TRIES {
            let Some(seen) = counts.read().await? else {
                // A tenant whose count is gone has one from now on, too low until the next pass.
                if let Reservation::Exceeded(_) =
                    counts.reserve(StorageUsage::default(), None, clock.now()).await?
                {
                    break;
                }
                continue;
            };
            tokio::time::sleep(settled).await;
            if counts.read().await? != Some(seen) {
                continue;
            }
            let truth = self.count().await?;
            let counted_at = clock.now().plus(CLOCK_TOLERANCE);
            tokio::time::sleep(settled).await;
            if counts.correct(seen, truth, counted_at).await? {
                return Ok((seen.amount, truth));
            }
        }
        Err(Error::Unavailable(
            "the tenant is being written to: suspend it for a minute, or try again".into(),
        ))
    }

    async fn count(&self) -> Result<StorageUsage> {
        let mut truth = StorageUsage::default();
        let mut walk = Walk::new(self, Sort::CreatedAt, Order::Ascending, None, Budget::items(u64::MAX))?;
        while let Some(batch) = walk.next().await? {
            let memories = batch.iter().filter_map(|(_, memory)| memory.as_ref());
            truth = truth + memories.map(|memory| StorageUsage { memories: 1, bytes: memory.size() }).sum();
        }
        Ok(truth)
    }
}
