//! What is due: endpoints, and the deliveries of an endpoint.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::delivery::EndpointId;
use hb_domain::{Error, Result, Timestamp};

use super::due_endpoint::{SHARDS, shard_name};
use super::{DeliveryKey, DeliveryQueue, DueEndpoint};
use crate::backoff::Backoff;
use crate::item::{Attributes, Row, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::write::Write;

/// A due endpoint that was read.
#[derive(Clone, Debug)]
pub struct FoundDueEndpoint {
    /// The due endpoint.
    pub due: DueEndpoint,
    token: Option<String>,
}

/// A partition of due endpoints, from one of its items on.
#[derive(Clone, Debug)]
pub struct DueShard {
    shard: u8,
    after: Option<Attributes>,
}

impl DeliveryQueue<'_> {
    /// The partitions of due endpoints.
    pub fn shards() -> impl Iterator<Item = DueShard> {
        (0..SHARDS).map(|shard| DueShard { shard, after: None })
    }

    /// Reads at most `limit` endpoints of a partition that are due at `now`, the earliest first, and where to read on. An item that
    /// cannot be read is logged and deleted, since it would take a place in each read.
    ///
    /// # Errors
    /// The database's.
    pub async fn due_endpoints(
        &self,
        DueShard { shard, after }: DueShard,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<FoundDueEndpoint>, Option<DueShard>)> {
        let values = Attributes::from([
            (":shard".into(), text(shard_name(shard))),
            (":end".into(), text(format_args!("{:013}$", now.millis()))),
        ]);
        let query = self
            .store
            .db
            .query()
            .table_name(self.store.table(Table::DueEndpoints))
            .key_condition_expression("#shard = :shard AND sk < :end")
            .expression_attribute_names("#shard", "shard")
            .set_expression_attribute_values(Some(values))
            .set_exclusive_start_key(after)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = query.send().await.map_err(|error| map_sdk_error("Query due-endpoints", error))?;
        let decode = |item: &Attributes| -> Result<FoundDueEndpoint> {
            let token = Row::new(Table::DueEndpoints, item).optional_text("token")?.map(str::to_owned);
            Ok(FoundDueEndpoint { due: DueEndpoint::decode(item)?, token })
        };
        let mut found = Vec::new();
        for item in response.items() {
            match logged(decode(item)) {
                Some(due) => found.push(due),
                None => self.delete_unreadable(Table::DueEndpoints, item).await?,
            }
        }
        let next = response.last_evaluated_key.map(|key| DueShard { shard, after: Some(key) });
        Ok((found, next))
    }

    /// Deletes an item whose key cannot be read.
    async fn delete_unreadable(&self, table: Table, item: &Attributes) -> Result<()> {
        let mut key = item.clone();
        key.retain(|name, _| ["shard", "tenant", "sk"].contains(&name.as_str()));
        let delete = Write::delete(table, key).condition("attribute_exists(sk)");
        let _ = Transaction::new((), delete).run(self.store, &mut Backoff::counter()).await?;
        Ok(())
    }

    /// Has the schedule look at an endpoint: 1 write unit.
    ///
    /// # Errors
    /// The database's.
    pub async fn put_due_endpoint(&self, due: &DueEndpoint) -> Result<()> {
        // The transaction of an append may be writing the same item.
        let put = Transaction::new((), due.put()).run(self.store, &mut Backoff::counter()).await?;
        put.map(drop).map_err(|_| Error::Internal("a due endpoint is put without a condition".into()))
    }

    /// Deletes a due endpoint as it was read, and not one that was put in its place since: 1 write unit.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete_due_endpoint(&self, found: &FoundDueEndpoint) -> Result<()> {
        let delete = Write::delete(Table::DueEndpoints, found.due.key());
        let delete = match &found.token {
            Some(token) => {
                delete.condition("#token = :token").name("#token", "token").value(":token", text(token))
            }
            None => delete.condition("attribute_not_exists(#token)").name("#token", "token"),
        };
        let _ = Transaction::new((), delete).run(self.store, &mut Backoff::counter()).await?;
        Ok(())
    }

    /// Reads the keys of at most `limit` deliveries to an endpoint that are due at `now`, the earliest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn due(&self, endpoint: &EndpointId, now: Timestamp, limit: usize) -> Result<Vec<DeliveryKey>> {
        let end = format!("{}#{:013}$", endpoint.id, now.millis());
        let items = self.keys(Table::Deliveries, endpoint, &end, limit).await?;
        Ok(items.iter().filter_map(|item| logged(DeliveryKey::decode(item))).collect())
    }

    /// Reads when the first delivery to an endpoint is due; `None` if none waits. One whose key cannot be read is logged and deleted,
    /// since nobody could ever attempt it.
    ///
    /// # Errors
    /// The database's.
    pub async fn first_due(&self, endpoint: &EndpointId) -> Result<Option<Timestamp>> {
        loop {
            let items = self.keys(Table::Deliveries, endpoint, &format!("{}$", endpoint.id), 1).await?;
            let Some(item) = items.first() else { return Ok(None) };
            match logged(DeliveryKey::decode(item)) {
                Some(key) => return Ok(Some(key.due_at)),
                None => self.delete_unreadable(Table::Deliveries, item).await?,
            }
        }
    }

    /// Reads the keys of at most `limit` items of an endpoint whose sort keys are below `end`, consistently and in their order.
    pub(super) async fn keys(
        &self,
        table: Table,
        endpoint: &EndpointId,
        end: &str,
        limit: usize,
    ) -> Result<Vec<Attributes>> {
        let values = Attributes::from([
            (":tenant".into(), text(&endpoint.tenant)),
            (":start".into(), text(format_args!("{}#", endpoint.id))),
            (":end".into(), text(end)),
        ]);
        let query = self
            .store
            .db
            .query()
            .table_name(self.store.table(table))
            .key_condition_expression("tenant = :tenant AND sk BETWEEN :start AND :end")
            .set_expression_attribute_values(Some(values))
            .projection_expression("tenant, sk")
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = query.send().await;
        let response = response.map_err(|error| map_sdk_error(format_args!("Query {table}"), error))?;
        Ok(response.items.unwrap_or_default())
    }
}

/// What was read; `None` with a log line if it cannot be read.
fn logged<T>(read: Result<T>) -> Option<T> {
    read.inspect_err(|error| tracing::error!(%error, "an item of a delivery cannot be read")).ok()
}
