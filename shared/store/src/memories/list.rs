//! One page of a list.
//!
//! Without a filter, the query reads the page and one more item, which shows whether there is a next page, and the total is
//! the number of memories in the tenant's storage ledger. With a filter, the list is walked within a budget of 5 MB, and the
//! total is known when the walk reaches the end. A memory that has expired and is not removed yet makes its page shorter.

use hb_domain::cursor::Position;
use hb_domain::listing::{Listing, Start};
use hb_domain::{Memory, Result, Timestamp};

use super::stored_memory::StoredMemory;
use super::walk::{Budget, Walk};
use super::{Memories, MemoryPage};
use crate::storage_ledger::StorageLedger;

/// The most bytes of memories in a response: 3 MiB less its envelope.
pub(super) const MAX_RESPONSE: usize = 3 * 1024 * 1024 - 4 * 1024;

impl Memories<'_> {
    /// Reads one page.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, listing: &Listing) -> Result<MemoryPage> {
        let now = self.context.effective_at();
        if listing.filter.is_empty() {
            let ledger = StorageLedger::new(self.store, self.tenant);
            let (page, kept) = tokio::try_join!(self.unfiltered(listing, now), ledger.get())?;
            Ok(MemoryPage { total: Some(kept.memories), ..page })
        } else {
            self.filtered(listing, now).await
        }
    }

    async fn unfiltered(&self, listing: &Listing, now: Timestamp) -> Result<MemoryPage> {
        let mut walk = self.walk(listing, Budget::items(listing.limit + 1))?;
        if let Start::Page(page) = listing.start {
            walk.skip((page - 1) * listing.limit).await?;
        }
        let mut page = Page::new(listing.limit);
        while let Some(batch) = walk.next().await? {
            for (position, memory) in batch {
                page.add(position, visible(memory, now));
            }
            if page.cut {
                break;
            }
        }
        Ok(page.finish(None))
    }

    async fn filtered(&self, listing: &Listing, now: Timestamp) -> Result<MemoryPage> {
        let mut walk = self.walk(listing, Budget::FILTERED)?.narrowed_to(&listing.filter).await?;
        let mut skip = match listing.start {
            Start::Page(page) => (page - 1) * listing.limit,
            Start::After(_) => 0,
        };
        let from_start = matches!(listing.start, Start::Page(_));
        let mut matches = 0;
        let mut page = Page::new(listing.limit);
        let mut examined = None;
        while let Some(batch) = walk.next().await? {
            for (position, memory) in batch {
                examined = Some(position.clone());
                let wanted = |memory: &Memory| listing.filter.matches(memory);
                let Some(memory) = visible(memory, now).filter(wanted) else { continue };
                matches += 1;
                if skip > 0 {
                    skip -= 1;
                } else {
                    page.add(position, Some(memory));
                }
            }
            // After a cursor the total is unknown, so no further items are needed.
            if page.cut && !from_start {
                break;
            }
        }
        if skip > 0 && !walk.at_end {
            return Err(super::too_far());
        }
        let total = (walk.at_end && from_start).then_some(matches);
        let page = page.finish(if walk.at_end { None } else { examined });
        Ok(MemoryPage { total, ..page })
    }

    fn walk(&self, listing: &Listing, budget: Budget) -> Result<Walk<'_>> {
        let after = match &listing.start {
            Start::After(position) => Some(position),
            Start::Page(_) => None,
        };
        Walk::new(self, listing.sort, listing.order, after, budget)
    }
}

/// A page being filled, up to a number of items and of bytes.
pub(super) struct Page {
    room: u64,
    bytes: usize,
    memories: Vec<Memory>,
    last: Option<Position>,
    /// Whether an item did not fit.
    pub(super) cut: bool,
}

impl Page {
    pub(super) const fn new(limit: u64) -> Self {
        Self { room: limit, bytes: 0, memories: Vec::new(), last: None, cut: false }
    }

    /// Adds an item. From the first one that does not fit, none is added. An item without a memory takes room as well.
    pub(super) fn add(&mut self, position: Position, memory: Option<Memory>) {
        let size = memory.as_ref().map_or(0, json_size);
        self.cut = self.cut || self.room == 0 || self.bytes + size > MAX_RESPONSE;
        if !self.cut {
            self.room -= 1;
            self.bytes += size;
            self.memories.extend(memory);
            self.last = Some(position);
        }
    }

    /// Whether no further item fits.
    pub(super) const fn is_full(&self) -> bool {
        self.cut || self.room == 0
    }

    /// The page. What was left out, or follows `examined`, is on the next one.
    pub(super) fn finish(self, examined: Option<Position>) -> MemoryPage {
        let next = if self.cut { self.last } else { examined };
        MemoryPage { memories: self.memories, next, total: None }
    }
}

/// The memory of a step, unless it has expired.
fn visible(stored: Option<StoredMemory>, now: Timestamp) -> Option<Memory> {
    stored.map(|stored| stored.memory).filter(|memory| memory.is_visible(now))
}

/// The bytes that a memory takes in a response.
pub(super) fn json_size(memory: &Memory) -> usize {
    hb_domain::json::length(memory) + 1
}
