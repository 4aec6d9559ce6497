//! Listing the attempts of an endpoint's deliveries, and the deliveries that wait for their first one.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::delivery::{Attempt, DeliveryLogQuery, DeliveryStatus, EndpointId, LogPosition, RETENTION};
use hb_domain::event::EventId;
use hb_domain::{Result, Timestamp, WebhookId};

use super::Deliveries;
use crate::deliveries::{DeliveryKey, QueuedDelivery, attempt_item};
use crate::item::{Attributes, Row, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

/// The most items that one page examines for entries of its status.
const MAX_EXAMINED: usize = 1_000;
/// The fewest items that a query reads for entries of some status.
const MIN_FILTERED: usize = 100;

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryLogPage {
    /// The attempts; a delivery that waits for its first one has the number 0.
    pub attempts: Vec<Attempt>,
    /// The entry behind which the next page begins; `None` at the end.
    pub next: Option<LogPosition>,
}

/// A page being filled.
struct Page {
    limit: usize,
    attempts: Vec<Attempt>,
    examined: usize,
    last: Option<LogPosition>,
    /// Whether there is an entry for the next page, or there may be one.
    is_cut: bool,
}

impl Page {
    /// Examines an item; `attempt` if it is listed.
    fn examine(&mut self, position: Option<LogPosition>, attempt: Option<Attempt>) {
        let is_full = attempt.is_some() && self.attempts.len() == self.limit;
        self.is_cut = self.is_cut || is_full || self.examined == MAX_EXAMINED;
        if !self.is_cut {
            self.examined += 1;
            self.attempts.extend(attempt);
            self.last = position.or_else(|| self.last.take());
        }
    }

    /// How many items the next query reads: also one behind those that fit.
    fn read_limit(&self, is_filtered: bool) -> usize {
        let least = if is_filtered { MIN_FILTERED } else { 0 };
        (self.limit - self.attempts.len() + 1).max(least)
    }
}

impl Deliveries<'_> {
    /// Reads the page of `query` about an endpoint of the tenant, consistently. An item that cannot be read is logged and left
    /// out.
    ///
    /// # Errors
    /// The database's.
    pub async fn log(&self, id: &WebhookId, query: &DeliveryLogQuery) -> Result<DeliveryLogPage> {
        let endpoint = self.endpoint(id);
        let (limit, after) = (query.limit, query.after.as_ref());
        let mut page = Page { limit, attempts: Vec::new(), examined: 0, last: after.cloned(), is_cut: false };
        let is_behind_attempts = matches!(after, Some(LogPosition::Waiting { .. }));
        if query.has_attempts() && !is_behind_attempts {
            self.examine_attempts(&endpoint, query, &mut page).await?;
        }
        if query.has_waiting() && !page.is_cut {
            self.examine_waiting(&endpoint, after, &mut page).await?;
        }
        let Page { attempts, last, is_cut, .. } = page;
        Ok(DeliveryLogPage { attempts, next: if is_cut { last } else { None } })
    }

    async fn examine_attempts(
        &self,
        endpoint: &EndpointId,
        query: &DeliveryLogQuery,
        page: &mut Page,
    ) -> Result<()> {
        let oldest = self.context.received_at().minus(RETENTION).millis() + 1;
        let mut from = match &query.after {
            Some(LogPosition::Attempt { at, .. }) if at.millis() < oldest => return Ok(()),
            Some(LogPosition::Attempt { at, event_id, number }) => {
                Some(self.key(attempt_item::sort_key_of(endpoint, *at, event_id, *number)))
            }
            _ => None,
        };
        let first = format!("{}#{oldest:013}", endpoint.id);
        loop {
            let limit = page.read_limit(query.status.is_some());
            let (items, next) =
                self.query(Table::DeliveryAttempts, endpoint, (&first, false), from, limit).await?;
            for item in &items {
                let attempt = attempt_item::decode(item).inspect_err(|error| self.log_corrupt(item, error));
                let attempt =
                    attempt.ok().filter(|attempt| query.status.is_none_or(|status| attempt.status == status));
                page.examine(position_of(Row::new(Table::DeliveryAttempts, item)), attempt);
            }
            from = next;
            if page.is_cut || from.is_none() {
                return Ok(());
            }
        }
    }

    async fn examine_waiting(
        &self,
        endpoint: &EndpointId,
        after: Option<&LogPosition>,
        page: &mut Page,
    ) -> Result<()> {
        let now = self.context.received_at();
        let mut from = match after {
            Some(LogPosition::Waiting { due_at, event_id }) => {
                let (due_at, event_id) = (*due_at, event_id.clone());
                Some(DeliveryKey { endpoint: endpoint.clone(), due_at, event_id }.attributes())
            }
            _ => None,
        };
        let first = format!("{}#", endpoint.id);
        loop {
            // Those that were attempted are in the same table.
            let limit = page.read_limit(true);
            let (items, next) = self.query(Table::Deliveries, endpoint, (&first, true), from, limit).await?;
            for item in &items {
                let position = DeliveryKey::decode(item)
                    .ok()
                    .map(|key| LogPosition::Waiting { due_at: key.due_at, event_id: key.event_id });
                let queued =
                    QueuedDelivery::decode(item).inspect_err(|error| self.log_corrupt(item, error)).ok();
                let waits =
                    |queued: &QueuedDelivery| queued.attempts == 0 && now < queued.queued_at.plus(RETENTION);
                page.examine(position, queued.filter(waits).map(waiting));
            }
            from = next;
            if page.is_cut || from.is_none() {
                return Ok(());
            }
        }
    }

    /// Items of an endpoint from the sort key `first` on, in this direction, and the key behind which the next ones follow.
    async fn query(
        &self,
        table: Table,
        endpoint: &EndpointId,
        (first, is_forward): (&str, bool),
        from: Option<Attributes>,
        limit: usize,
    ) -> Result<(Vec<Attributes>, Option<Attributes>)> {
        let values = Attributes::from([
            (":tenant".into(), text(self.tenant())),
            (":first".into(), text(first)),
            // The character after the separator.
            (":last".into(), text(format_args!("{}$", endpoint.id))),
        ]);
        let query = self
            .store
            .db
            .query()
            .table_name(self.store.table(table))
            .key_condition_expression("tenant = :tenant AND sk BETWEEN :first AND :last")
            .set_expression_attribute_values(Some(values))
            .set_exclusive_start_key(from)
            .scan_index_forward(is_forward)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = query.send().await;
        let response = response.map_err(|error| map_sdk_error(format_args!("Query {table}"), error))?;
        Ok((response.items.unwrap_or_default(), response.last_evaluated_key))
    }

    fn key(&self, sort_key: String) -> Attributes {
        Attributes::from([("tenant".into(), text(self.tenant())), ("sk".into(), text(sort_key))])
    }

    fn log_corrupt(&self, item: &Attributes, error: &hb_domain::Error) {
        let sort_key = item.get("sk").and_then(|key| key.as_s().ok()).map_or("", String::as_str);
        tracing::error!(tenant = %self.tenant(), sort_key, %error, "an item of a delivery cannot be read");
    }
}

/// The entry of a delivery that waits for its first attempt.
fn waiting(queued: QueuedDelivery) -> Attempt {
    Attempt {
        event_type: queued.event.occurrence.event_type(),
        event_id: queued.event.id,
        number: 0,
        status: DeliveryStatus::Pending,
        status_code: None,
        latency: None,
        response: None,
        at: queued.queued_at,
        next_attempt_at: Some(queued.due_at),
    }
}

/// The position of an attempt's item; `None` if its key is corrupt.
fn position_of(row: Row<'_>) -> Option<LogPosition> {
    let mut parts = row.text("sk").ok()?.split('#').skip(1);
    let at = Timestamp::from_millis(parts.next()?.parse().ok()?);
    let (event_id, number) = (EventId::parse(parts.next()?)?, parts.next()?.parse().ok()?);
    Some(LogPosition::Attempt { at, event_id, number })
}
