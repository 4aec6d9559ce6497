//! The table `usage`: the usage of each key by month. The other kind of item, a tenant's storage, is that of
//! [`crate::storage_ledger`].
//!
//! | `tenant` | `sk` | holds |
//! |---|---|---|
//! | tenant | key id `#` `2026-11` | `r24`, `e24`, `l24`: requests, errors and rate-limited requests of the 24th; `lastUsed` |
//!
//! An item is smaller than 1 KB, so that counting a request consumes one write unit.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::time::{Day, Month};
use hb_domain::usage::{DailyUsage, DayCounts};
use hb_domain::{KeyId, Result, Timestamp};

use crate::backoff::Backoff;
use crate::item::{Attributes, Row, millis, number, text};
use crate::sdk_error::{map_sdk_error, retry_when_throttled};
use crate::tables::Table;
use crate::{Context, Store};

const TABLE: Table = Table::Usage;

/// The usage of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Usage<'a> {
    store: &'a Store,
    context: &'a Context,
}

impl<'a> Usage<'a> {
    pub(crate) const fn new(store: &'a Store, context: &'a Context) -> Self {
        Self { store, context }
    }

    /// Adds `counts` to the usage of `key` on the day of `now`. The SDK makes one attempt: a retry after a lost response
    /// would count twice.
    ///
    /// # Errors
    /// The database's.
    pub async fn add(&self, key: &KeyId, counts: &DayCounts) -> Result<()> {
        let now = self.context.received_at();
        let day = now.day();
        let mut update = self
            .store
            .once
            .update_item()
            .table_name(self.store.table(Table::Usage))
            .key("tenant", text(self.context.tenant()))
            .key("sk", text(month_row(key, day.month())))
            .expression_attribute_values(":now", millis(now))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let mut additions = Vec::new();
        for (kind, count) in [("r", counts.requests), ("e", counts.errors), ("l", counts.limited)] {
            if count > 0 {
                additions.push(format!("{kind}{:02} :{kind}", day.of_month()));
                update = update.expression_attribute_values(format!(":{kind}"), number(count));
            }
        }
        let expression = format!("SET lastUsed = :now ADD {}", additions.join(", "));
        let update = update.update_expression(expression);
        let response = retry_when_throttled(Backoff::counter(), || update.clone().send()).await;
        response.map(|_| ()).map_err(|error| map_sdk_error("UpdateItem usage", error))
    }

    /// The usage of `key` on each of the last `days` days, the oldest first. The last day is that of `now`.
    ///
    /// # Errors
    /// The database's.
    pub async fn daily(&self, key: &KeyId, days: u16) -> Result<Vec<DailyUsage>> {
        let now = self.context.effective_at();
        let first = now.day().minus(days.saturating_sub(1));
        let query = self
            .query()
            .key_condition_expression("tenant = :tenant AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":first", text(month_row(key, first.month())))
            .expression_attribute_values(":last", text(month_row(key, now.month())))
            .consistent_read(true);
        let response = query.send().await.map_err(|error| map_sdk_error("Query usage", error))?;
        let mut window = Vec::with_capacity(usize::from(days));
        for back in (0..days).rev() {
            let day = now.day().minus(back);
            let sk = month_row(key, day.month());
            let month = response.items().iter().find(|item| item.get("sk") == Some(&text(&sk)));
            let counts = month.map_or(Ok(DayCounts::default()), |item| day_counts(item, day))?;
            window.push(DailyUsage { day, counts });
        }
        Ok(window)
    }

    /// When `key` was last used; `None` if it never was.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_used(&self, key: &KeyId) -> Result<Option<Timestamp>> {
        let query = self
            .query()
            .key_condition_expression("tenant = :tenant AND begins_with(sk, :key)")
            .expression_attribute_values(":key", text(format_args!("{key}#")))
            .scan_index_forward(false)
            .limit(1);
        let response = query.send().await.map_err(|error| map_sdk_error("Query usage", error))?;
        response.items().first().map(|item| Row::new(TABLE, item).moment("lastUsed")).transpose()
    }

    fn query(&self) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.store
            .db
            .query()
            .table_name(self.store.table(Table::Usage))
            .expression_attribute_values(":tenant", text(self.context.tenant()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }
}

fn month_row(key: &KeyId, month: Month) -> String {
    format!("{key}#{month}")
}

fn day_counts(item: &Attributes, day: Day) -> Result<DayCounts> {
    let row = Row::new(TABLE, item);
    let count = |kind: &str| row.count(&format!("{kind}{:02}", day.of_month()));
    Ok(DayCounts { requests: count("r")?, errors: count("e")?, limited: count("l")? })
}
