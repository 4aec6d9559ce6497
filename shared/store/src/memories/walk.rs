//! Reading a tenant's memories batch by batch, in one of the three sort orders.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};
use hb_domain::cursor::Position;
use hb_domain::listing::{Order, Sort};
use hb_domain::{Error, MemoryId, Result};

use super::Memories;
use super::fetch::BATCH;
use super::narrowed::Chosen;
use super::stored_memory::{self, StoredMemory};
use crate::item::{Attributes, Row, number, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

const TABLE: Table = Table::Memories;
/// The most bytes one page of a query reads.
pub(super) const PAGE: f64 = 1_048_576.0;
/// The most bytes of capacity that reading one memory through an index consumes: every field at its maximum length, in
/// whole units of 4 KB, and its share of the index.
pub(super) const MAX_READ: f64 = 85_000.0;

/// How many bytes may be skipped to reach a page: 10,000 memories of 2 KB.
const MAX_SKIPPED: f64 = 20.0 * PAGE;

/// The limits of what one call may read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// The most items; `None` for no limit.
    pub(super) items: Option<u64>,
    /// The most bytes of capacity consumed: the walk ends before the batch that could exceed it.
    pub(super) bytes: f64,
}

impl Budget {
    /// A filtered list or a search: 5 MB, as DynamoDB counts them.
    pub(super) const FILTERED: Self = Self { items: None, bytes: 5.0 * PAGE };

    /// At most this many items. The caller limits the bytes of the response.
    pub(super) const fn items(items: u64) -> Self {
        Self { items: Some(items), bytes: f64::INFINITY }
    }

    /// How many memories of any size may be read at once.
    pub(super) fn memories(&self) -> u64 {
        (BATCH as u64).min((self.bytes / MAX_READ) as u64)
    }
}

/// A walk in progress.
pub(super) struct Walk<'a> {
    pub(super) memories: &'a Memories<'a>,
    pub(super) sort: Sort,
    pub(super) order: Order,
    pub(super) from: Option<Attributes>,
    /// The only memories to read, if they are known.
    pub(super) chosen: Option<Chosen>,
    pub(super) budget: Budget,
    /// Whether the walk has reached the end of the list.
    pub(super) at_end: bool,
}

/// The position of an item in the list, and its memory unless that was deleted meanwhile.
pub(super) type Step = (Position, Option<StoredMemory>);

impl<'a> Walk<'a> {
    /// A walk in this order, from the item that follows `after` or from the start.
    pub(super) fn new(
        memories: &'a Memories<'a>,
        sort: Sort,
        order: Order,
        after: Option<&Position>,
        budget: Budget,
    ) -> Result<Self> {
        let from = after.map(|position| start_key(memories, sort, position)).transpose()?;
        Ok(Self { memories, sort, order, from, chosen: None, budget, at_end: false })
    }

    /// Skips `count` items without reading their content.
    pub(super) async fn skip(&mut self, mut count: u64) -> Result<()> {
        let mut bytes = 0.0;
        while count > 0 && !self.at_end {
            if bytes > MAX_SKIPPED {
                return Err(super::too_far());
            }
            let query = self.query().select(Select::Count).limit(i32::try_from(count).unwrap_or(i32::MAX));
            let response = query.send().await.map_err(|error| map_sdk_error("Query memories", error))?;
            count = count.saturating_sub(u64::try_from(response.scanned_count).unwrap_or(0));
            bytes += response.consumed_capacity.and_then(|used| used.capacity_units).unwrap_or(0.0) * 4_096.0;
            self.advance(response.last_evaluated_key);
        }
        Ok(())
    }

    /// The next batch; `None` at the end of the list or of the budget.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Step>>> {
        if self.at_end || self.budget.items == Some(0) || self.budget.bytes < PAGE {
            return Ok(None);
        }
        if self.chosen.is_some() {
            return self.next_chosen().await.map(Some);
        }
        let most = self.budget.memories();
        let by_index = self.sort != Sort::CreatedAt;
        let batch = by_index.then_some(most);
        let limit = [self.budget.items, batch].into_iter().flatten().min();
        let limit = limit.map(|items| i32::try_from(items).unwrap_or(i32::MAX));
        let response = self
            .query()
            .set_limit(limit)
            .send()
            .await
            .map_err(|error| map_sdk_error("Query memories", error))?;
        // One capacity unit is 4 KB of a consistent read, or 8 KB of an eventually consistent one.
        let units = response.consumed_capacity.and_then(|capacity| capacity.capacity_units).unwrap_or(0.0);
        self.budget.bytes -= units * if self.sort == Sort::Importance { 8_192.0 } else { 4_096.0 };
        let items = response.items.unwrap_or_default();
        if let Some(left) = &mut self.budget.items {
            *left = left.saturating_sub(items.len() as u64);
        }
        self.advance(response.last_evaluated_key);
        if by_index {
            let positions = items.iter().map(|item| self.position(item)).collect::<Result<_>>()?;
            self.fetch(positions).await.map(Some)
        } else {
            items.iter().map(whole).collect::<Result<_>>().map(Some)
        }
    }

    /// Reads the memories at these positions, in their order.
    pub(super) async fn fetch(&mut self, positions: Vec<Position>) -> Result<Vec<Step>> {
        // An index may list a memory twice while it catches up with a change; a batch must not.
        let distinct: BTreeSet<&MemoryId> = positions.iter().map(|position| &position.id).collect();
        let (mut found, units) = self.memories.fetch_with_capacity(distinct).await?;
        self.budget.bytes -= units * 4_096.0;
        Ok(positions
            .into_iter()
            .map(|position| {
                let memory = found.remove(&position.id);
                (position, memory)
            })
            .collect())
    }

    fn position(&self, item: &Attributes) -> Result<Position> {
        let row = Row::new(TABLE, item);
        let sort_value = attribute(self.sort).map(|name| row.digits(name)).transpose()?;
        Ok(Position { id: row.parsed("id", MemoryId::parse)?, sort_value })
    }

    fn advance(&mut self, last: Option<Attributes>) {
        self.at_end = last.is_none();
        self.from = last;
    }

    fn query(&self) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        let store = self.memories.store;
        let query = store
            .db
            .query()
            .table_name(store.table(Table::Memories))
            .key_condition_expression("tenant = :tenant")
            .expression_attribute_values(":tenant", text(self.memories.tenant))
            .scan_index_forward(self.order == Order::Ascending)
            .set_exclusive_start_key(self.from.clone())
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match self.sort {
            Sort::CreatedAt => query.consistent_read(true),
            // A local index, which offers consistent reads.
            Sort::UpdatedAt => query.index_name("byUpdatedAt").consistent_read(true),
            Sort::Importance => query.index_name("byImportance"),
        }
    }
}

fn whole(item: &Attributes) -> Result<Step> {
    let stored = stored_memory::decode(item)?;
    Ok((Position { id: stored.memory.id.clone(), sort_value: None }, Some(stored)))
}

const fn attribute(sort: Sort) -> Option<&'static str> {
    match sort {
        Sort::CreatedAt => None,
        Sort::UpdatedAt => Some("updatedAt"),
        Sort::Importance => Some("importance"),
    }
}

fn start_key(memories: &Memories<'_>, sort: Sort, position: &Position) -> Result<Attributes> {
    let mut key = stored_memory::key(memories.tenant, &position.id);
    match (attribute(sort), &position.sort_value) {
        (None, None) => {}
        (Some(name), Some(value)) => {
            key.insert(name.into(), number(value));
        }
        (None, Some(_)) | (Some(_), None) => {
            return Err(Error::field("cursor", "is not a cursor of this list"));
        }
    }
    Ok(key)
}
