//! One page of the memories that match a filter with operators.
//!
//! The list is walked, and every memory is read and compared. When the budget of the walk is used up, the page has fewer
//! memories than asked for, possibly none, and the next page continues behind the last memory that was examined.

use hb_domain::query::MemoryQuery;
use hb_domain::{Memory, Result};

use super::list::Page;
use super::walk::{Budget, Walk};
use super::{Memories, MemoryPage};

impl Memories<'_> {
    /// Reads one page.
    ///
    /// # Errors
    /// The database's.
    pub async fn query(&self, query: &MemoryQuery) -> Result<MemoryPage> {
        let now = self.context.effective_at();
        let wanted = |memory: &Memory| {
            memory.is_visible(now) && query.filter.as_ref().is_none_or(|filter| filter.matches(memory))
        };
        // Without conditions almost every memory matches. The one more shows whether there is a next page.
        let budget = if query.filter.is_some() { Budget::FILTERED } else { Budget::items(query.limit + 1) };
        let mut walk = Walk::new(self, query.sort, query.order, query.after.as_ref(), budget)?;
        if let Some(filter) = &query.filter {
            walk = walk.narrowed_to(&filter.implied().filter).await?;
        }
        let (mut page, mut examined) = (Page::new(query.limit), None);
        while !page.is_full()
            && let Some(batch) = walk.next().await?
        {
            for (position, stored) in batch {
                examined = Some(position.clone());
                if let Some(memory) = stored.map(|stored| stored.memory).filter(wanted) {
                    page.add(position, Some(memory));
                }
            }
        }
        Ok(page.finish(if walk.at_end { None } else { examined }))
    }
}
