//! Recoveries: which events of the past are still to be queued for an endpoint. The item `recovery#` + endpoint in the table `webhooks`
//! is there until the schedule has walked through them.

use std::time::Duration;

use hb_domain::delivery::EndpointId;
use hb_domain::{Error, Result, Timestamp, WebhookId};

use super::{Deliveries, DueEndpoint};
use crate::Store;
use crate::backoff::Backoff;
use crate::feed::Head;
use crate::feed::page::SETTLED;
use crate::feed::row::Appended;
use crate::item::{Attributes, Row, millis, number, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::webhooks::item;
use crate::write::Write;

/// The start of the sort keys.
pub(crate) const RECOVERY: &str = "recovery#";
/// How long after a creation its walk begins: events that were appended before it can be read by then.
const AFTER_CREATION: Duration = Duration::from_secs(10);

/// A recovery that is not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recovery {
    /// Changes from this time on are queued.
    pub(super) since: Timestamp,
    /// When it began. All of its deliveries are due then, so that a step that is repeated writes the same items.
    pub(super) started_at: Timestamp,
    /// The position that was walked to; `None` before the first step.
    pub(super) position: Option<u64>,
    /// The version of the endpoints from which on events were queued for the endpoint when they were appended; `None` if the recovery is to
    /// send them again.
    pub(super) endpoints_version: Option<u64>,
    /// The end of the feed when the recovery was asked for: events behind it were queued when they were appended. `None` for that of a
    /// creation.
    pub(super) last: Option<u64>,
}

/// The parts of the start of a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Recovery,
    Endpoint,
    DueEndpoint,
}

impl Recovery {
    /// Whether the walk ends before this event, which was queued when it was appended.
    pub(super) fn ends_before(&self, row: &Appended) -> bool {
        // The clocks of those who append differ, so the time alone decides nothing. It prevents that events are left out after the head
        // was restored to an earlier state.
        self.endpoints_version.is_none_or(|version| row.endpoints_version >= version)
            && self.last.is_none_or(|last| row.position > last && row.appended_at >= self.started_at)
    }

    /// Whether the feed may have events behind `position` that are still to be queued, although they cannot be read yet.
    pub(super) fn awaits_more(&self, position: u64, now: Timestamp) -> bool {
        self.last.is_some_and(|last| position < last) && now < self.started_at.plus(SETTLED)
    }

    /// Reads the recovery of an endpoint, consistently; `None` if there is none.
    pub(super) async fn read(store: &Store, endpoint: &EndpointId) -> Result<Option<Self>> {
        let get = store.db.get_item().table_name(store.table(Table::Webhooks));
        let get = get.set_key(Some(key(endpoint))).consistent_read(true);
        let get = get.return_consumed_capacity(aws_sdk_dynamodb::types::ReturnConsumedCapacity::Total);
        let response = get.send().await.map_err(|error| map_sdk_error("GetItem webhooks", error))?;
        response.item.as_ref().map(Self::decode).transpose()
    }

    /// Moves the recovery to `position`, if it is still the same and no other pass has moved it.
    pub(super) fn advance(&self, endpoint: &EndpointId, position: u64) -> Write {
        let advance = Write::update(Table::Webhooks, key(endpoint), "SET #position = :position")
            .name("#position", "position")
            .value(":position", number(position))
            .value(":startedAt", millis(self.started_at));
        match self.position {
            None => advance.condition("startedAt = :startedAt AND attribute_not_exists(#position)"),
            Some(former) => advance
                .condition("startedAt = :startedAt AND #position = :former")
                .value(":former", number(former)),
        }
    }

    /// Ends the recovery, if it is still the same.
    pub(super) fn end(&self, endpoint: &EndpointId) -> Write {
        Write::delete(Table::Webhooks, key(endpoint))
            .condition("startedAt = :startedAt")
            .value(":startedAt", millis(self.started_at))
    }

    fn encode(&self, endpoint: &EndpointId) -> Attributes {
        let mut item = key(endpoint);
        item.insert("since".into(), millis(self.since));
        item.insert("startedAt".into(), millis(self.started_at));
        for (name, value) in
            [("position", self.position), ("endpointsVersion", self.endpoints_version), ("last", self.last)]
        {
            if let Some(value) = value {
                item.insert(name.into(), number(value));
            }
        }
        item
    }

    fn decode(item: &Attributes) -> Result<Self> {
        let row = Row::new(Table::Webhooks, item);
        let count = |name| item.contains_key(name).then(|| row.count(name)).transpose();
        Ok(Self {
            since: row.moment("since")?,
            started_at: row.moment("startedAt")?,
            position: count("position")?,
            endpoints_version: count("endpointsVersion")?,
            last: count("last")?,
        })
    }
}

/// The key of the item.
pub(crate) fn key(endpoint: &EndpointId) -> Attributes {
    Attributes::from([
        ("tenant".into(), text(&endpoint.tenant)),
        ("sk".into(), text(format_args!("{RECOVERY}{}", endpoint.id))),
    ])
}

/// Ends the recovery of an endpoint that is deleted, if it has one.
pub(crate) fn deletion(endpoint: &EndpointId) -> Write {
    Write::delete(Table::Webhooks, key(endpoint))
}

/// The parts of the creation of an endpoint that queue the changes from `since` on that were appended before it: those that were queued for
/// an earlier version of the endpoints than `endpoints_version`, which the creation makes.
pub(crate) fn of_creation(
    endpoint: &EndpointId,
    since: Timestamp,
    endpoints_version: u64,
    now: Timestamp,
) -> [Write; 2] {
    let recovery = Recovery {
        since,
        started_at: now.to_millis(),
        position: None,
        endpoints_version: Some(endpoints_version),
        last: None,
    };
    let due = DueEndpoint::new(endpoint.clone(), now.plus(AFTER_CREATION));
    [Write::put(Table::Webhooks, recovery.encode(endpoint)), due.put()]
}

impl Deliveries<'_> {
    /// Begins to queue the events since `since` for an endpoint again. A recovery that is under way is replaced, and its time counts if it
    /// is earlier. The schedule walks through the feed.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such endpoint; the database's.
    pub async fn recover(&self, id: &WebhookId, since: Timestamp) -> Result<()> {
        let endpoint = EndpointId { tenant: self.context.tenant().clone(), id: id.clone() };
        let now = self.context.received_at();
        let mut backoff = Backoff::transaction();
        loop {
            let found = Recovery::read(self.store, &endpoint).await?;
            // The endpoint is there, so that whatever is appended behind this is queued for it.
            let head = Head::read(self.store, &endpoint.tenant).await?;
            let recovery = Recovery {
                since: found.as_ref().map_or(since, |found| found.since.min(since)).to_millis(),
                started_at: now.to_millis(),
                position: None,
                // The walk of the creation would have gone on until there.
                endpoints_version: found.as_ref().and_then(|found| found.endpoints_version),
                last: Some(head.map_or(0, |head| head.position)),
            };
            let put = Write::put(Table::Webhooks, recovery.encode(&endpoint));
            let put = match &found {
                None => put.condition("attribute_not_exists(sk)"),
                Some(found) => {
                    put.condition("startedAt = :startedAt").value(":startedAt", millis(found.started_at))
                }
            };
            let exists = Write::check(Table::Webhooks, item::key(&endpoint.tenant, id))
                .condition("attribute_exists(sk)");
            let start = Transaction::new(Part::Endpoint, exists)
                .and(Part::Recovery, put)
                .and(Part::DueEndpoint, DueEndpoint::new(endpoint.clone(), now).put());
            match start.run(self.store, &mut backoff).await? {
                Ok(_) => return Ok(()),
                Err(failed) if failed.part == Part::Endpoint => return Err(Error::NotFound),
                // Another recovery was started, or this one has ended.
                Err(_) if backoff.wait().await => {}
                Err(_) => return Err(Error::Unavailable("a recovery met too many others".into())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hb_domain::TenantId;

    use super::*;

    #[test]
    fn a_recovery_is_decoded_as_it_was_encoded() {
        let endpoint = EndpointId {
            tenant: TenantId::parse("acme").expect("a tenant"),
            id: WebhookId::parse("whk_0123456789abcdef").expect("an id"),
        };
        let at = Timestamp::from_millis(1_795_521_600_000);
        for (position, endpoints_version, last) in
            [(None, None, Some(0)), (Some(0), Some(3), None), (Some(7), None, Some(9))]
        {
            let recovery = Recovery { since: at, started_at: at, position, endpoints_version, last };
            assert_eq!(Recovery::decode(&recovery.encode(&endpoint)).expect("a recovery"), recovery);
        }
    }
}
