//! Exporting all memories of a tenant, oldest first, page by page.

use hb_domain::cursor::Position;
use hb_domain::listing::{Order, Sort};
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
    /// Reads the memories that follow `after`, as many as a page holds.
    ///
    /// # Errors
    /// The database's.
    pub async fn export(&self, after: Option<MemoryId>) -> Result<ExportPage> {
        let now = self.context.effective_at();
        let after = after.map(|id| Position { id, sort_value: None });
        let budget = Budget::items(MAX_MEMORIES);
        let mut walk = Walk::new(self, Sort::CreatedAt, Order::Ascending, after.as_ref(), budget)?;
        let mut lines = String::new();
        let mut last = None;
        while let Some(batch) = walk.next().await? {
            for (position, memory) in batch {
                if let Some(stored) = memory.filter(|stored| stored.memory.is_visible(now)) {
                    let line = line(&stored.memory)?;
                    if lines.len() + line.len() > MAX_BYTES {
                        return Ok(ExportPage { lines, next: last });
                    }
                    lines.push_str(&line);
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
