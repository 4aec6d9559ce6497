//! Moving a head behind the events that there are.
//!
//! The head and the events are in two tables. When only the head's is restored to a point in time, events follow the head, and
//! no append would succeed.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::{Result, TenantId};

use super::{FoundHead, Head, head, row};
use crate::Store;
use crate::backoff::Backoff;
use crate::item::{Attributes, Row, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;
use crate::transaction::Transaction;

/// Moves the head of a feed to the last event, if nobody has changed its position and the number of endpoints since `found`
/// was read, and returns the head that there is then. Without later events the head stays. Consumes 0.5 read units or more, and
/// 1 write unit.
///
/// # Errors
/// The database's.
pub(super) async fn move_behind_last(store: &Store, tenant: &TenantId, found: &Head) -> Result<FoundHead> {
    let Some(item) = last_event(store, tenant).await? else { return Ok(FoundHead::Head(*found)) };
    let last = match Row::new(Table::Events, &item).parsed("sk", row::position_of) {
        Ok(last) if last > found.position => last,
        Ok(_) => return Ok(FoundHead::Head(*found)),
        Err(error) => return Ok(FoundHead::Corrupt(error)),
    };
    tracing::error!(%tenant, position = found.position, last, "events follow the head of the feed, which is moved behind them");
    let update = Transaction::new((), head::repair(tenant, found, last));
    Ok(match update.run(store, &mut Backoff::transaction()).await? {
        Ok(_) => FoundHead::Head(Head { position: last, ..*found }),
        Err(failed) => FoundHead::decode(failed.found.as_ref()),
    })
}

/// The key of the last event, read consistently.
async fn last_event(store: &Store, tenant: &TenantId) -> Result<Option<Attributes>> {
    let values = Attributes::from([
        (":tenant".into(), text(tenant)),
        (":first".into(), text(row::sort_key(0))),
        (":last".into(), text(row::LAST_SORT_KEY)),
    ]);
    let query = store
        .db
        .query()
        .table_name(store.table(Table::Events))
        .key_condition_expression("tenant = :tenant AND sk BETWEEN :first AND :last")
        .set_expression_attribute_values(Some(values))
        .scan_index_forward(false)
        .limit(1)
        .projection_expression("sk")
        .consistent_read(true)
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    let response = query.send().await.map_err(|error| map_sdk_error("Query events", error))?;
    Ok(response.items.unwrap_or_default().pop())
}
