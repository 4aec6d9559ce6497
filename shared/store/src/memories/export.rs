//! Exporting the memories of a tenant, oldest first, page by page.

use hb_domain::cursor::Position;
use hb_domain::listing::{Filter, Order, Sort};
use hb_domain::{Error, Memory, MemoryId, Result};

use super::Memories;
use super::walk::{Budget, Walk};

/// The most memories on one page.
const MAX_MEMORIES: u64 = 1_000;
/// The most bytes on one page: 3 MiB.
const MAX_BYTES: usize = 3 * 1024 * 1024;

/// A page of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportPage {
    /// One memory per line, each line with its line feed.
    pub lines: String,
    /// The last memory of the page; `None` when nothing follows.
    pub next: Option<MemoryId>,
}

impl Memories<'_> {
    /// Reads the memories that follow `after` and match the filter, as many as a page holds. With a filter a page may be
    /// short: it ends when 5 MB are read.
    ///
    /// # Errors
    /// The database's.
    pub async fn export(&self, after: Option<MemoryId>, filter: &Filter) -> Result<ExportPage> {
        let now = self.context.effective_at();
        let after = after.map(|id| Position { id, sort_value: None });
        let budget = if filter.is_empty() { Budget::items(MAX_MEMORIES) } else { Budget::FILTERED };
        let mut walk = Walk::new(self, Sort::CreatedAt, Order::Ascending, after.as_ref(), budget)?;
        let (mut lines, mut count) = (String::new(), 0);
        let mut last = None;
        while let Some(batch) = walk.next().await? {
            for (position, memory) in batch {
                let is_wanted = |memory: &Memory| memory.is_visible(now) && filter.matches(memory);
                if let Some(stored) = memory.filter(|stored| is_wanted(&stored.memory)) {
                    let line = line(&stored.memory)?;
                    if count == MAX_MEMORIES || lines.len() + line.len() > MAX_BYTES {
                        return Ok(ExportPage { lines, next: last });
                    }
                    lines.push_str(&line);
                    count += 1;
                }
                last = Some(position.id);
            }
        }
        Ok(ExportPage { lines, next: if walk.at_end { None } else { last } })
    }
}

fn line(memory: &Memory) -> Result<String> {
    let mut line =
        serde_json::to_string(memory).map_err(|error| Error::Internal(format!("export: {error}")))?;
    line.push('\n');
    Ok(line)
}
