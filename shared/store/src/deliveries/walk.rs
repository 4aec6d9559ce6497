//! The walk of a recovery through a feed, step by step.

use std::time::Duration;

use futures_util::future::try_join_all;
use hb_domain::delivery::{EndpointId, RETENTION};
use hb_domain::webhook::Webhook;
use hb_domain::{Result, TenantId, Timestamp};

use super::recovery::Recovery;
use super::{DeliveryQueue, QueuedDelivery};
use crate::backoff::Backoff;
use crate::feed::page::{SETTLED, SETTLING};
use crate::feed::rows::Rows;
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::write::Write;

/// The most events of one step.
const MAX_STEP: usize = 100;
/// The most events that are queued at the same time.
const CONCURRENCY: usize = 25;
/// The wait for events that cannot be read yet.
const WAIT: Duration = Duration::from_secs(10);

/// How far a recovery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryProgress {
    /// Nothing is left to queue.
    Finished,
    /// Another step is due at this time.
    Unfinished(Timestamp),
}

/// Where a step of a walk has ended.
enum End {
    /// Behind the last event that is to be queued.
    Last,
    /// Behind as many events as one step reads.
    Step,
    /// Before a gap that may still be filled.
    Gap,
}

impl DeliveryQueue<'_> {
    /// Makes one step of the endpoint's recovery, if it has one: reads at most 100 events and queues those that the endpoint subscribes to.
    /// A step that was stopped and is repeated leaves what it has queued as it is. Who calls it has a due endpoint that is not deleted
    /// before the step is over, and puts one for the next step.
    ///
    /// # Errors
    /// The database's.
    pub async fn continue_recovery(&self, tenant: &TenantId, webhook: &Webhook) -> Result<RecoveryProgress> {
        let now = self.context.received_at();
        let endpoint = EndpointId { tenant: tenant.clone(), id: webhook.id.clone() };
        let Some(recovery) = Recovery::read(self.store, &endpoint).await? else {
            return Ok(RecoveryProgress::Finished);
        };
        let rows = Rows::new(self.store, tenant);
        let mut position = match recovery.position {
            Some(position) => position,
            // An event may have been appended by a clock that is behind.
            None => before(rows, recovery.since.minus(SETTLING).max(now.minus(RETENTION))).await?,
        };
        let (read, is_end) = rows.read(position + 1, MAX_STEP).await?;
        let (mut end, mut queued) = (if is_end { End::Last } else { End::Step }, Vec::new());
        let newest = read.last().map_or(position, |row| row.position);
        if is_end && recovery.awaits_more(newest, now) {
            end = End::Gap;
        }
        for row in read {
            if row.position != position + 1 && row.appended_at >= now.minus(SETTLED) {
                end = End::Gap;
                break;
            }
            if recovery.ends_before(&row) {
                end = End::Last;
                break;
            }
            position = row.position;
            let event = row.event.filter(|event| event.at >= recovery.since && webhook.subscribes_to(event));
            queued
                .extend(event.map(|event| QueuedDelivery::new(endpoint.clone(), event, recovery.started_at)));
        }
        for some in queued.chunks(CONCURRENCY) {
            try_join_all(some.iter().map(|delivery| self.queue(delivery))).await?;
        }
        let (write, progress) = match end {
            End::Last => (recovery.end(&endpoint), RecoveryProgress::Finished),
            End::Step => (recovery.advance(&endpoint, position), RecoveryProgress::Unfinished(now)),
            End::Gap => (recovery.advance(&endpoint, position), RecoveryProgress::Unfinished(now.plus(WAIT))),
        };
        // Where the condition does not hold, another recovery has taken the place of this one, or another pass has ended it.
        let moved = Transaction::new((), write).run(self.store, &mut Backoff::transaction()).await?;
        Ok(moved.map_or(RecoveryProgress::Unfinished(now), |_| progress))
    }

    /// Queues a delivery, unless it is queued: another instance may be sending it.
    async fn queue(&self, delivery: &QueuedDelivery) -> Result<()> {
        let put = Write::put(Table::Deliveries, delivery.encode()).condition("attribute_not_exists(sk)");
        // That the condition does not hold is no error.
        let _ = Transaction::new((), put).run(self.store, &mut Backoff::memory()).await?;
        Ok(())
    }
}

/// The position behind which all events are that were appended at `time` or later.
async fn before(rows: Rows<'_>, time: Timestamp) -> Result<u64> {
    Ok(match rows.first_from(1).await? {
        Some((first, appended_at)) if appended_at < time => rows.first_since(first, time).await?.0,
        Some((first, _)) => first - 1,
        None => 0,
    })
}
