//! Reading the events of a feed by their positions.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::{Result, TenantId, Timestamp};

use super::row::{self, Appended};
use crate::Store;
use crate::item::{Attributes, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

/// Events, and whether the feed ends with them.
pub(crate) type Read = (Vec<Appended>, bool);

/// The rows of a tenant's feed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
}

impl<'a> Rows<'a> {
    pub(crate) const fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant }
    }

    /// The position and the time of the append of the first event from `position` on.
    pub(crate) async fn first_from(self, position: u64) -> Result<Option<(u64, Timestamp)>> {
        let (rows, _) = self.read(position, 1).await?;
        Ok(rows.first().map(|row| (row.position, row.appended_at)))
    }

    /// The last event that was appended before `time` and is still there, by its position, and the one behind it, which was
    /// appended at `time` or later, when the event at `old` was appended earlier. TTL removes events late and in any order, so
    /// there may be millions between `old` and the result, with gaps.
    pub(crate) async fn first_since(
        self,
        mut old: u64,
        time: Timestamp,
    ) -> Result<(u64, Option<(u64, Timestamp)>)> {
        let mut step = 1;
        // The event behind `old` is `first` or comes before `end`.
        let (mut end, mut first) = loop {
            match self.first_from(old + step).await? {
                Some((position, appended_at)) if appended_at < time => (old, step) = (position, step * 2),
                first => break (old + step, first),
            }
        };
        while end - old > 1 {
            let middle = old + (end - old) / 2;
            match self.first_from(middle).await? {
                Some((position, appended_at)) if appended_at < time && position < end => old = position,
                found => (end, first) = (middle, found),
            }
        }
        Ok((old, first))
    }

    /// Reads at most `limit` events from `position` on, consistently, and whether the feed ends with them.
    pub(crate) async fn read(self, position: u64, limit: usize) -> Result<Read> {
        let values = Attributes::from([
            (":tenant".into(), text(self.tenant)),
            (":first".into(), text(row::sort_key(position))),
            (":last".into(), text(row::LAST_SORT_KEY)),
        ]);
        let query = self
            .store
            .db
            .query()
            .table_name(self.store.table(Table::Events))
            .key_condition_expression("tenant = :tenant AND sk BETWEEN :first AND :last")
            .set_expression_attribute_values(Some(values))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = query.send().await.map_err(|error| map_sdk_error("Query events", error))?;
        let rows = response.items().iter().map(Appended::decode).collect::<Result<_>>()?;
        Ok((rows, response.last_evaluated_key.is_none()))
    }
}
