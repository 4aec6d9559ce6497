//! The head of a feed: one small item of the table `webhooks`, so that erasing a tenant ends its feed before its events.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::webhook::MAX_WEBHOOKS;
use hb_domain::{Error, Result, TenantId, Timestamp};

use crate::Store;
use crate::item::{Attributes, Row, millis, number, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;
use crate::write::Write;

/// The sort key of the item.
pub(super) const SORT: &str = "feed";

/// The attribute of the version of the endpoints; absent before the first change.
pub(crate) const ENDPOINTS_VERSION: &str = "endpointsVersion";

/// How far the clock of the instance that created an endpoint, and that of an instance that answered a search, may differ
/// from the database's, together.
const CLOCKS: Duration = Duration::from_secs(60);

/// How long records may wait in a stream, and the difference of clocks.
const BACKLOG: Duration = Duration::from_secs(86_400 + CLOCKS.as_secs());

/// A time in which the tenant had endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// When the first one was created.
    pub since: Timestamp,
    /// When the last one was deleted.
    pub until: Timestamp,
}

impl Period {
    /// Whether a change of this time is recorded. The times of changes are rounded down, so that one that was made before the
    /// deletion is never after it.
    fn records(&self, at: Timestamp) -> bool {
        at.plus(CLOCKS) >= self.since && at <= self.until
    }
}

/// What is found in the place of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundHead {
    /// No item: the tenant never had an endpoint, or was erased.
    Absent,
    /// The head.
    Head(Head),
    /// An item that cannot be read, for this reason. Only a repair by hand changes that.
    Corrupt(Error),
}

impl FoundHead {
    /// What the item says.
    pub(crate) fn decode(item: Option<&Attributes>) -> Self {
        match item.map(Head::decode) {
            None => Self::Absent,
            Some(Ok(head)) => Self::Head(head),
            Some(Err(error)) => Self::Corrupt(error),
        }
    }
}

/// Where a tenant's feed ends, and whether events are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The position of the last event; 0 before the first.
    pub position: u64,
    /// The number of the tenant's endpoints. Events are recorded while it is not 0.
    pub endpoints: u64,
    /// Changes whenever recording is about to end, so that an endpoint that is being created at that time is not missed.
    pub generation: i64,
    /// Changes with each creation and change of an endpoint: an append is made on the condition that it delivers to the endpoints that
    /// there are.
    pub endpoints_version: u64,
    /// When the first of the present endpoints was created, or of the last ones if there are none: earlier changes are not
    /// recorded.
    pub since: Timestamp,
    /// When an endpoint was deleted last. While there are none, later changes are not recorded.
    pub until: Option<Timestamp>,
    /// An earlier time with endpoints. Its changes are recorded, as long as their records may still be in a stream.
    pub former: Option<Period>,
}

impl Head {
    /// Whether a change of this time is recorded.
    pub(crate) fn records(&self, at: Timestamp) -> bool {
        let is_open = self.endpoints > 0 && at.plus(CLOCKS) >= self.since;
        is_open || [self.ended(), self.former].iter().flatten().any(|period| period.records(at))
    }

    /// The time with endpoints that has ended last; `None` while there is one.
    fn ended(&self) -> Option<Period> {
        let until = self.until.filter(|_| self.endpoints == 0)?;
        Some(Period { since: self.since, until })
    }

    /// What is the former time with endpoints when another one begins at `since`. One is kept: as long as records of the one
    /// before may still be in a stream, they count as one.
    fn former_at(&self, since: Timestamp) -> Option<Period> {
        let ended = self.ended()?;
        let joined = self.former.filter(|former| former.until.plus(BACKLOG) >= since);
        Some(Period { since: joined.map_or(ended.since, |former| former.since), ..ended })
    }

    /// Reads the head of the tenant's feed, consistently; `None` for a tenant that never had an endpoint.
    ///
    /// # Errors
    /// [`Error::Internal`] for a corrupt one; the database's.
    pub(crate) async fn read(store: &Store, tenant: &TenantId) -> Result<Option<Self>> {
        match Self::find(store, tenant).await? {
            FoundHead::Absent => Ok(None),
            FoundHead::Head(head) => Ok(Some(head)),
            FoundHead::Corrupt(error) => Err(error),
        }
    }

    /// Reads what there is of the head of the tenant's feed, consistently.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn find(store: &Store, tenant: &TenantId) -> Result<FoundHead> {
        let get = store.db.get_item().table_name(store.table(Table::Webhooks)).set_key(Some(key(tenant)));
        let get = get.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = get.send().await.map_err(|error| map_sdk_error("GetItem webhooks", error))?;
        Ok(FoundHead::decode(response.item.as_ref()))
    }

    /// The head of an item.
    pub(crate) fn decode(item: &Attributes) -> Result<Self> {
        let row = Row::new(Table::Webhooks, item);
        let former = (row.optional_moment("formerSince")?, row.optional_moment("formerUntil")?);
        Ok(Self {
            position: row.count("position")?,
            endpoints: row.count("endpoints")?,
            generation: row.optional_integer("generation")?.unwrap_or_default(),
            endpoints_version: row.count(ENDPOINTS_VERSION)?,
            since: row.moment("since")?,
            until: row.optional_moment("until")?,
            former: former.0.zip(former.1).map(|(since, until)| Period { since, until }),
        })
    }
}

/// The key of the item.
pub(crate) fn key(tenant: &TenantId) -> Attributes {
    Attributes::from([("tenant".into(), text(tenant)), ("sk".into(), text(SORT))])
}

/// Counts one endpoint more, on the condition that the generation is that of `head`, which was read before the tenant's flag was
/// raised, that no endpoint was created or changed since, and that the tenant may have another endpoint. The first one begins the recording
/// at `since`, and what was recorded before it stays so. The version of the endpoints becomes [`next_endpoints_version`].
pub(crate) fn add_endpoint(tenant: &TenantId, head: Option<&Head>, since: Timestamp) -> Write {
    let update = |expression: &str| {
        Write::update(
            Table::Webhooks,
            key(tenant),
            format!("{expression} ADD endpoints :one, {ENDPOINTS_VERSION} :one"),
        )
        .value(":one", number(1))
    };
    let Some(head) = head else {
        return update("SET #position = :zero, generation = :zero, #since = :since")
            .condition("attribute_not_exists(sk)")
            .name("#position", "position")
            .name("#since", "since")
            .value(":zero", number(0))
            .value(":since", millis(since));
    };
    let (write, condition) = match (head.endpoints, head.former_at(since)) {
        (0, Some(former)) => (
            update("SET #since = :since, formerSince = :formerSince, formerUntil = :until")
                .name("#since", "since")
                .name("#until", "until")
                .value(":none", number(0))
                .value(":since", millis(since))
                .value(":formerSince", millis(former.since))
                .value(":until", millis(former.until)),
            // Whoever has created and deleted an endpoint meanwhile has set another time.
            "endpoints = :none AND #until = :until",
        ),
        (0, None) => (
            update("SET #since = :since")
                .name("#since", "since")
                .value(":none", number(0))
                .value(":since", millis(since)),
            "endpoints = :none",
        ),
        _ => (update("").value(":most", number(MAX_WEBHOOKS)), "endpoints >= :one AND endpoints < :most"),
    };
    let write = write.value(":generation", number(head.generation));
    on_endpoints_version(write, head, &format!("generation = :generation AND {condition}"))
}

/// The version of the endpoints after an endpoint was added to `head`.
pub(crate) fn next_endpoints_version(head: Option<&Head>) -> u64 {
    head.map_or(0, |head| head.endpoints_version) + 1
}

/// Notes that an endpoint is changed: appends that have read it before are not made.
pub(crate) fn change_endpoint(tenant: &TenantId) -> Write {
    Write::update(Table::Webhooks, key(tenant), format!("ADD {ENDPOINTS_VERSION} :one"))
        .condition("attribute_exists(sk)")
        .value(":one", number(1))
}

/// The write on this condition, and that the version of the endpoints is that of `head`.
fn on_endpoints_version(write: Write, head: &Head, condition: &str) -> Write {
    if head.endpoints_version == 0 {
        return write.condition(format!("{condition} AND attribute_not_exists({ENDPOINTS_VERSION})"));
    }
    write
        .condition(format!("{condition} AND {ENDPOINTS_VERSION} = :endpointsVersion"))
        .value(":endpointsVersion", number(head.endpoints_version))
}

/// Counts one endpoint less from `until` on.
pub(crate) fn remove_endpoint(tenant: &TenantId, until: Timestamp) -> Write {
    Write::update(Table::Webhooks, key(tenant), "SET #until = :until ADD endpoints :less")
        .condition("endpoints > :none")
        .name("#until", "until")
        .value(":until", millis(until))
        .value(":less", number(-1))
        .value(":none", number(0))
}

/// Begins another generation of `head`, on the condition that there is no endpoint. Without a head it creates one, so that an endpoint
/// that is being created as the tenant's first one is not missed either.
pub(crate) fn end_generation(tenant: &TenantId, head: Option<&Head>, now: Timestamp) -> Write {
    let update = |expression: &str| {
        Write::update(Table::Webhooks, key(tenant), expression)
            .value(":one", number(1))
            .value(":none", number(0))
    };
    if head.is_some() {
        return update("ADD generation :one").condition("endpoints = :none");
    }
    // It may be sent again: then it finds the head that it created.
    update("SET #position = :none, endpoints = :none, #since = :now ADD generation :one")
        .condition("attribute_not_exists(sk) OR (endpoints = :none AND #position = :none)")
        .name("#position", "position")
        .name("#since", "since")
        .value(":now", millis(now))
}

/// Deletes the head, on the condition that there is no endpoint.
pub(crate) fn delete_unused(tenant: &TenantId) -> Write {
    Write::delete(Table::Webhooks, key(tenant)).condition("endpoints = :none").value(":none", number(0))
}

/// Deletes the head, on the condition that there is no endpoint and never was an event.
pub(crate) fn delete_empty(tenant: &TenantId) -> Write {
    Write::delete(Table::Webhooks, key(tenant))
        .condition("endpoints = :none AND #position = :none")
        .name("#position", "position")
        .value(":none", number(0))
}

/// Moves `head` to position `to`, on the condition that nobody has moved it, that the endpoints are those that were read with it, and that
/// events with times up to `latest` are recorded.
pub(crate) fn advance(tenant: &TenantId, head: &Head, to: u64, latest: Timestamp) -> Write {
    let write = Write::update(Table::Webhooks, key(tenant), "SET #position = :to")
        .name("#position", "position")
        .name("#until", "until")
        .value(":from", number(head.position))
        .value(":to", number(to))
        .value(":none", number(0))
        .value(":latest", millis(latest));
    on_endpoints_version(write, head, "#position = :from AND (endpoints > :none OR #until >= :latest)")
}

/// Moves the head to the last event, on the condition that it has the position and the number of endpoints of `found`.
pub(crate) fn repair(tenant: &TenantId, found: &Head, last: u64) -> Write {
    Write::update(Table::Webhooks, key(tenant), "SET #position = :last")
        .condition("#position = :position AND endpoints = :endpoints")
        .name("#position", "position")
        .value(":last", number(last))
        .value(":position", number(found.position))
        .value(":endpoints", number(found.endpoints))
}
