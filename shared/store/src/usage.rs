//! The table `usage`: the usage of each key by month. The other kind of item, a tenant's storage, is that of
//! [`crate::storage_ledger`].
//!
//! | `tenant` | `sk` | holds |
//! |---|---|---|
//! | tenant | key id `#` `2026-11` | `r24`, `e24`, `l24`: requests, errors and rate-limited requests of the 24th; `lastUsed` |
//! | | | requests of the month whose route needs `srm` `read:memories`, `swm` `write:memories`, `sri` `read:intelligence`, `sww` `write:webhooks`, `s0` no scope |
//!
//! An item is smaller than 1 KB, so that counting a request consumes one write unit. DynamoDB admits 1,000 writes a second
//! of an item: 8 digits a day and 10 a month. Then all 31 days have 93 × 8 bytes (name 3, number 1 and 1 for two digits),
//! the scopes 44, `lastUsed` 16, and the keys 26 and 134 for a tenant id of 128 characters: 964 of 1,024 bytes.
//! Counts by scope and day would not fit.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::time::{Day, Month};
use hb_domain::usage::{DailyUsage, DayCounts, KeyUsage, ScopeCounts, UsageIncrement};
use hb_domain::{KeyId, Result, Scope, Timestamp};

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

    /// Adds `increment` to the usage of `key` on the day and in the month of `now`. The SDK makes one attempt: a retry
    /// after a lost response would count twice.
    ///
    /// # Errors
    /// The database's.
    pub async fn add(&self, key: &KeyId, increment: UsageIncrement) -> Result<()> {
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
            .expression_attribute_values(":one", number(1))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let additions = match increment {
            UsageIncrement::Admitted { scope, limited } => {
                let mut additions = format!("{} :one, {} :one", day_counter("r", day), scope_counter(scope));
                if limited > 0 {
                    additions.push_str(&format!(", {} :limited", day_counter("l", day)));
                    update = update.expression_attribute_values(":limited", number(limited));
                }
                additions
            }
            UsageIncrement::Failed => format!("{} :one", day_counter("e", day)),
        };
        let update = update.update_expression(format!("SET lastUsed = :now ADD {additions}"));
        let response = retry_when_throttled(Backoff::counter(), || update.clone().send()).await;
        response.map(|_| ()).map_err(|error| map_sdk_error("UpdateItem usage", error))
    }

    /// The usage of `key` on the last `days` days. The last day is that of `now`.
    ///
    /// # Errors
    /// The database's.
    pub async fn report(&self, key: &KeyId, days: u16) -> Result<KeyUsage> {
        let now = self.context.effective_at();
        let first = now.day().minus(days.saturating_sub(1));
        let query = self
            .query()
            .key_condition_expression("tenant = :tenant AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":first", text(month_row(key, first.month())))
            .expression_attribute_values(":last", text(month_row(key, now.month())))
            .consistent_read(true);
        let response = query.send().await.map_err(|error| map_sdk_error("Query usage", error))?;
        let months = response.items();
        let mut daily = Vec::with_capacity(usize::from(days));
        for back in (0..days).rev() {
            let day = now.day().minus(back);
            let sk = month_row(key, day.month());
            let month = months.iter().find(|item| item.get("sk") == Some(&text(&sk)));
            let counts = month.map_or(Ok(DayCounts::default()), |item| day_counts(item, day))?;
            daily.push(DailyUsage { day, counts });
        }
        let mut scopes = Some(ScopeCounts::default());
        for month in months {
            scopes = scopes.zip(scope_counts(month)?).map(|(sum, counts)| sum + counts);
        }
        Ok(KeyUsage { daily, scopes })
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

/// The attribute that counts the requests of a kind on a day.
fn day_counter(kind: &str, day: Day) -> String {
    format!("{kind}{:02}", day.of_month())
}

/// The attribute that counts the requests of a month that need `scope`.
const fn scope_counter(scope: Option<Scope>) -> &'static str {
    match scope {
        Some(Scope::ReadMemories) => "srm",
        Some(Scope::WriteMemories) => "swm",
        Some(Scope::ReadIntelligence) => "sri",
        Some(Scope::WriteWebhooks) => "sww",
        None => "s0",
    }
}

fn day_counts(month: &Attributes, day: Day) -> Result<DayCounts> {
    let row = Row::new(TABLE, month);
    let count = |kind: &str| row.count(&day_counter(kind, day));
    Ok(DayCounts { requests: count("r")?, errors: count("e")?, limited: count("l")? })
}

/// The counts by scope of a month; `None` if an earlier version has counted some of its requests without their scope.
fn scope_counts(month: &Attributes) -> Result<Option<ScopeCounts>> {
    let row = Row::new(TABLE, month);
    let mut requests = 0;
    for name in row.names().filter(|name| is_request_counter(name)) {
        requests += row.count(name)?;
    }
    ScopeCounts::of_month(requests, |scope| row.count(scope_counter(scope)))
}

/// Whether the attribute is the [`day_counter`] of admitted requests of some day.
fn is_request_counter(name: &str) -> bool {
    name.strip_prefix('r').is_some_and(|day| day.bytes().all(|byte| byte.is_ascii_digit()))
}
