//! Appending events to feeds, and queueing their deliveries. Only for the function that records events.

use std::collections::BTreeSet;
use std::time::Duration;

use hb_domain::event::{Event, EventId};
use hb_domain::{Error, Result, TenantId};

use super::plan::{Plan, Rules};
use super::{FoundFeed, FoundHead, Head, head, repair, row};
use crate::backoff::Backoff;
use crate::batch_read::read_batch;
use crate::deliveries::QueuedDelivery;
use crate::item::{Attributes, Row, ttl};
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::write::Write;
use crate::{Store, StreamContext};

/// How long an event and its id are kept after its append. Readers get it for 30 days, so none of the events that they get is missing
/// because TTL removed it early.
const RETENTION: Duration = Duration::from_secs(31 * 86_400);

/// What became of a list of events.
#[derive(Debug, Default)]
pub struct AppendOutcome {
    /// How many events were appended by this call.
    pub appended: usize,
    /// How many of the first events need nothing more: they are in the feed, or do not belong in it.
    pub settled: usize,
    /// Why the others were not appended, or why that is unknown.
    pub failure: Option<AppendFailure>,
}

/// Why events were not appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendFailure {
    /// The feed cannot be read. No other attempt will succeed before a repair by hand.
    Corrupt(Error),
    /// Another attempt may succeed.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for AppendFailure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// The parts of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Event,
    Id,
    Delivery,
    DueEndpoint,
}

/// Appends events of any tenant.
#[derive(Clone, Copy, Debug)]
pub struct EventAppender<'a> {
    store: &'a Store,
    context: &'a StreamContext,
}

impl<'a> EventAppender<'a> {
    pub(crate) const fn new(store: &'a Store, context: &'a StreamContext) -> Self {
        Self { store, context }
    }

    /// Reads the head of the tenant's feed and its endpoints, consistently: 1 read unit for each 4 KB of them.
    ///
    /// # Errors
    /// The database's. That the head is corrupt is none: it is the same in every attempt.
    pub async fn feed(&self, tenant: &TenantId) -> Result<FoundFeed> {
        FoundFeed::read(self.store, tenant).await
    }

    /// Appends events in their order behind what others have appended, and queues their deliveries. An event that was appended
    /// before is left out, and so is one that the tenant does not record. Each event consumes 4 write units and each of its deliveries 2,
    /// each append 2 more, and 2 for each endpoint whose due endpoint it writes.
    pub async fn append(&self, tenant: &TenantId, events: &[Event]) -> AppendOutcome {
        let mut done = AppendOutcome::default();
        let mut feed = match self.feed(tenant).await {
            Ok(feed) => feed,
            Err(error) => return AppendOutcome { failure: Some(error.into()), ..done },
        };
        while let Some(rest) = events.get(done.settled..).filter(|rest| !rest.is_empty()) {
            match self.append_first(tenant, &mut feed, rest).await {
                Ok(plan) => {
                    done.appended += plan.events.len();
                    done.settled += plan.settled;
                }
                Err(failure) => {
                    done.failure = Some(failure);
                    break;
                }
            }
        }
        done
    }

    /// Appends as many of the first events as fit into one transaction, and returns what that was.
    async fn append_first<'e>(
        &self,
        tenant: &TenantId,
        feed: &mut FoundFeed,
        events: &'e [Event],
    ) -> std::result::Result<Plan<'e>, AppendFailure> {
        let mut backoff = Backoff::transaction();
        let mut appended = BTreeSet::new();
        loop {
            let head = match &mut feed.head {
                FoundHead::Absent => return Ok(Plan { settled: events.len(), ..Plan::default() }),
                FoundHead::Head(head) => head,
                FoundHead::Corrupt(error) => return Err(AppendFailure::Corrupt(error.clone())),
            };
            let now = self.context.received_at();
            let (endpoints, promises) = (&feed.endpoints, &self.store.promises);
            let rules = Rules { tenant, head, endpoints, appended: &appended, promises, now };
            let plan = Plan::of(rules, events);
            if plan.events.is_empty() {
                return Ok(plan);
            }
            let append = self.transaction(tenant, head, &plan);
            let failed = match Box::pin(append.run(self.store, &mut backoff)).await? {
                Ok(_) => {
                    head.position += plan.events.len() as u64;
                    promises.remember(plan.due.clone(), now);
                    return Ok(plan);
                }
                Err(failed) => failed,
            };
            match failed.part {
                // Another append was faster, an endpoint was changed, or the tenant has no endpoint any more.
                Part::Head => *feed = self.feed(tenant).await?,
                Part::Id => {
                    let found = self.appended(tenant, &plan).await?;
                    let is_news = !found.is_empty();
                    appended.extend(found);
                    if is_news {
                        continue;
                    }
                }
                // The head was restored to an earlier time than the events, or the tenant was erased and exists again.
                Part::Event => feed.head = repair::move_behind_last(self.store, tenant, head).await?,
                // They have no condition.
                Part::Delivery | Part::DueEndpoint => {}
            }
            if !backoff.wait().await {
                return Err(Error::Unavailable("an append met too many others".into()).into());
            }
        }
    }

    /// The transaction that appends the events of `plan` behind `head`. The due endpoints are part of it: whenever it is carried out, the
    /// schedule will look at its deliveries.
    fn transaction(&self, tenant: &TenantId, head: &Head, plan: &Plan<'_>) -> Transaction<Part> {
        let now = self.context.received_at();
        let events = || plan.events.iter().map(|(event, _)| *event).zip(head.position + 1..);
        let latest = events().map(|(event, _)| event.at).max().unwrap_or(now);
        let end = head.position + plan.events.len() as u64;
        let put = |mut item: Attributes| {
            item.insert("ttl".into(), ttl(now.plus(RETENTION)));
            Write::put(Table::Events, item).condition("attribute_not_exists(tenant)")
        };
        let move_head = Transaction::new(Part::Head, head::advance(tenant, head, end, latest));
        let append = events().fold(move_head, |append, (event, position)| {
            let event_row = row::encode(tenant, position, event, now, head.endpoints_version);
            append
                .and(Part::Event, put(event_row))
                .and(Part::Id, put(row::encode_id(tenant, position, &event.id)))
        });
        let deliveries = plan.events.iter().flat_map(|(event, endpoints)| {
            endpoints.iter().map(|endpoint| QueuedDelivery::new(endpoint.clone(), (*event).clone(), now))
        });
        let append = deliveries.fold(append, |append, delivery| {
            append.and(Part::Delivery, Write::put(Table::Deliveries, delivery.encode()))
        });
        plan.due.iter().fold(append, |append, due| append.and(Part::DueEndpoint, due.put()))
    }

    /// Those of the events of `plan` that were appended before.
    async fn appended(&self, tenant: &TenantId, plan: &Plan<'_>) -> Result<BTreeSet<EventId>> {
        let keys = plan.events.iter().map(|(event, _)| row::id_key(tenant, &event.id)).collect();
        let found = read_batch(self.store, [(Table::Events, keys)], Some("sk")).await?;
        found.items.iter().map(|(table, item)| Row::new(*table, item).parsed("sk", row::id_of)).collect()
    }
}
