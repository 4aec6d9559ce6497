//! Reading memories in the order of a list of ids.

use std::collections::BTreeSet;

use hb_domain::batch_get::BatchGet;
use hb_domain::{Memory, MemoryId, Result};

use super::{Memories, list};

/// The memories of a part of the ids.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchPage {
    /// For each id its memory, or `None` if there is none.
    pub memories: Vec<Option<Memory>>,
    /// The position of the first id that is not answered; `None` if all are.
    pub next: Option<usize>,
}

impl Memories<'_> {
    /// Reads the memories of the ids from the requested position on, as many as a response holds, consistently.
    ///
    /// # Errors
    /// The database's.
    pub async fn batch_get(&self, request: &BatchGet) -> Result<BatchPage> {
        let now = self.context.effective_at();
        let ids = &request.ids[request.from.min(request.ids.len())..];
        let distinct: BTreeSet<&MemoryId> = ids.iter().flatten().collect();
        let found = self.fetch(distinct).await?;
        let (mut memories, mut bytes) = (Vec::with_capacity(ids.len()), 0);
        for id in ids {
            let memory = id.as_ref().and_then(|id| found.get(id)).filter(|memory| memory.is_visible(now));
            bytes += memory.map_or("null,".len(), list::json_size);
            if bytes > list::MAX_RESPONSE {
                let next = Some(request.from + memories.len());
                return Ok(BatchPage { memories, next });
            }
            memories.push(memory.cloned());
        }
        Ok(BatchPage { memories, next: None })
    }
}
