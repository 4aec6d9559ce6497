//! A walk that reads only the memories of a namespace, in place of all.

use std::collections::{BTreeSet, VecDeque};

use hb_domain::cursor::Position;
use hb_domain::listing::{Filter, Order, Sort};
use hb_domain::{MemoryId, Result};

use super::stored_memory::StoredMemory;
use super::walk::{MAX_READ, PAGE, Step, Walk};
use crate::item::{Attributes, Row};
use crate::tables::Table;

const TABLE: Table = Table::Memories;
/// How many memories are read first; each further batch is twice as large.
const FIRST: u64 = 16;
/// How many memories are read at a time to sort them.
const PART: usize = 25;

/// The memories that a walk reads, in its order.
pub(super) enum Chosen {
    /// Their ids, which are in the order of creation, and how many to read next.
    Ids(VecDeque<MemoryId>, u64),
    /// The memories themselves.
    Read(Vec<Step>),
}

impl Walk<'_> {
    /// The same walk, which reads only the memories that `filter` may match if an index tells which, and they are few.
    pub(super) async fn narrowed_to(mut self, filter: &Filter) -> Result<Self> {
        // By importance, many memories are equal, and only the index knows their order.
        if self.sort == Sort::Importance {
            return Ok(self);
        }
        let Some(ids) = self.memories.ids_by_namespace(filter).await? else { return Ok(self) };
        let chosen = match self.sort {
            Sort::CreatedAt => Some(Chosen::Ids(self.in_order(ids)?, FIRST)),
            Sort::UpdatedAt | Sort::Importance => self.read_by_change(&ids).await?.map(Chosen::Read),
        };
        self.chosen = chosen;
        Ok(self)
    }

    /// The next batch of a walk that was narrowed.
    pub(super) async fn next_chosen(&mut self) -> Result<Vec<Step>> {
        let most = self.budget.memories();
        match &mut self.chosen {
            None => Ok(Vec::new()),
            Some(Chosen::Read(steps)) => {
                self.at_end = true;
                Ok(std::mem::take(steps))
            }
            Some(Chosen::Ids(ids, size)) => {
                let count = usize::try_from(most.min(*size)).unwrap_or(usize::MAX).min(ids.len());
                *size *= 2;
                let batch: Vec<MemoryId> = ids.drain(..count).collect();
                self.at_end = ids.is_empty();
                let positions = batch.into_iter().map(|id| Position { id, sort_value: None });
                self.fetch(positions.collect()).await
            }
        }
    }

    /// Those of the ids that follow the start of the walk.
    fn in_order(&self, ids: BTreeSet<MemoryId>) -> Result<VecDeque<MemoryId>> {
        let after = self.from.as_ref().map(id_of).transpose()?;
        let ascending = self.order == Order::Ascending;
        let follows = |id: &MemoryId| {
            after.as_ref().is_none_or(|after| if ascending { id > after } else { id < after })
        };
        let ids: VecDeque<MemoryId> = ids.into_iter().filter(follows).collect();
        Ok(if ascending { ids } else { ids.into_iter().rev().collect() })
    }

    /// Reads these memories and returns those that follow the start of the walk, by time of change; `None` when they are too
    /// large to be read at once. The budget then allows for a page of the walk at least.
    async fn read_by_change(&mut self, ids: &BTreeSet<MemoryId>) -> Result<Option<Vec<Step>>> {
        let (before, mut read) = (self.budget.bytes, Vec::new());
        let ids: Vec<&MemoryId> = ids.iter().collect();
        for (number, part) in ids.chunks(PART).enumerate() {
            let average = (before - self.budget.bytes) / (number * PART).max(1) as f64;
            let expected = average * (ids.len() - number * PART) as f64;
            if self.budget.bytes - expected.max(part.len() as f64 * MAX_READ) < PAGE {
                return Ok(None);
            }
            let (found, units) = self.memories.fetch_with_capacity(part.iter().copied().collect()).await?;
            self.budget.bytes -= units * 4_096.0;
            read.extend(found.into_values());
        }
        let position = |key| -> Result<(i64, MemoryId)> {
            Ok((Row::new(TABLE, key).integer("updatedAt")?, id_of(key)?))
        };
        let from = self.from.as_ref().map(position).transpose()?;
        let key = |stored: &StoredMemory| (stored.memory.updated_at.millis(), stored.memory.id.clone());
        let ascending = self.order == Order::Ascending;
        read.retain(|stored| {
            from.as_ref().is_none_or(|from| if ascending { key(stored) > *from } else { key(stored) < *from })
        });
        read.sort_by_cached_key(key);
        if !ascending {
            read.reverse();
        }
        let step = |stored: StoredMemory| {
            let sort_value = Some(stored.memory.updated_at.millis().to_string());
            (Position { id: stored.memory.id.clone(), sort_value }, Some(stored))
        };
        Ok(Some(read.into_iter().map(step).collect()))
    }
}

fn id_of(key: &Attributes) -> Result<MemoryId> {
    Row::new(TABLE, key).parsed("id", MemoryId::parse)
}
