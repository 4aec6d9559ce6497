//! A pass of the schedule: the endpoints that are due, many at the same time, in rounds.

use std::pin::Pin;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use hb_domain::{Result, Timestamp};
use hb_http::stream::{Consumption, PassSummary};
use hb_store::{DeliveryQueue, DueShard, FoundDueEndpoint, StreamContext};

use crate::round::{self, Round};
use crate::waiting::{Due, Waiting};

/// How long a pass begins attempts. The function ends after 60 s, and the last attempt takes 15 s.
const BUDGET: Duration = Duration::from_secs(40);
/// How long a round begins attempts, so that slow receivers do not keep the places of others.
const ROUND: Duration = Duration::from_secs(10);
/// The most endpoints that are processed at the same time.
const CONCURRENCY: usize = 64;
/// The most due endpoints that are read of a partition at once.
const PER_SHARD: usize = 250;

/// A page of a partition, and where to read on.
type Page = Result<(Vec<FoundDueEndpoint>, Option<DueShard>)>;

/// What a part of a pass has come to.
enum Done {
    Round(Due<FoundDueEndpoint>, Round),
    Read(Vec<Page>),
}

/// Processes the endpoints that are due. Those for which no time is left stay due.
pub(crate) async fn run(consumption: &Consumption) -> PassSummary {
    let began = consumption.clock.now();
    let deadline = began.plus(BUDGET);
    let context = StreamContext::new(began);
    let queue = consumption.store.delivery_queue(&context);
    let (mut waiting, mut summary) = (Waiting::new(), PassSummary::default());
    // The earliest of each partition are read first.
    let mut unread =
        add(&mut waiting, &mut summary, began, read(queue, DeliveryQueue::shards(), began).await);
    type Running<'r> = Pin<Box<dyn Future<Output = Done> + Send + 'r>>;
    let mut running: FuturesUnordered<Running<'_>> = FuturesUnordered::new();
    loop {
        let has_time = || consumption.clock.now() < deadline;
        while running.len() < CONCURRENCY && has_time() {
            let Some(due) = waiting.take() else { break };
            running.push(Box::pin(async move {
                let until = consumption.clock.now().plus(ROUND).min(deadline);
                let round = round::run(consumption, &due.endpoint, &due.found, until).await;
                Done::Round(due, round)
            }));
        }
        if waiting.len() < CONCURRENCY && !unread.is_empty() && has_time() {
            let shards = std::mem::take(&mut unread);
            running.push(Box::pin(async move { Done::Read(read(queue, shards, began).await) }));
        }
        match running.next().await {
            Some(Done::Round(due, round)) => {
                summary.events += round.sent;
                waiting.finish(due, round.has_more);
            }
            Some(Done::Read(found)) => unread = add(&mut waiting, &mut summary, began, found),
            None => break,
        }
    }
    // In the next pass they come behind those that had no round in this one.
    let unfinished = waiting.into_unfinished();
    join_all(unfinished.iter().map(|due| round::postpone(consumption, &due.endpoint, &due.found))).await;
    summary
}

/// Reads the next endpoints of these partitions that are due.
async fn read(
    queue: DeliveryQueue<'_>,
    shards: impl IntoIterator<Item = DueShard>,
    now: Timestamp,
) -> Vec<Page> {
    type Reading<'r> = Pin<Box<dyn Future<Output = Page> + Send + 'r>>;
    let readings = shards.into_iter().map(|shard| -> Reading<'_> {
        Box::pin(async move { queue.due_endpoints(shard, now, PER_SHARD).await })
    });
    join_all(readings.collect::<Vec<_>>()).await
}

/// Adds the endpoints that were read, the earliest first, and returns the partitions that have more.
fn add(
    waiting: &mut Waiting<FoundDueEndpoint>,
    summary: &mut PassSummary,
    began: Timestamp,
    pages: Vec<Page>,
) -> Vec<DueShard> {
    let (mut all, mut unread) = (Vec::new(), Vec::new());
    for page in pages {
        match page {
            Ok((found, next)) => {
                all.extend(found);
                unread.extend(next);
            }
            Err(error) => {
                tracing::error!(%error, "due endpoints could not be read: the next pass reads them");
                summary.has_failed = true;
            }
        }
    }
    all.sort_by_key(|found| found.due.at);
    if let Some(first) = all.first() {
        let millis = u64::try_from(began.millis().saturating_sub(first.due.at.millis())).unwrap_or(0);
        summary.late = summary.late.max(Duration::from_millis(millis));
    }
    for found in all {
        summary.due += usize::from(waiting.add(found.due.endpoint.clone(), found));
    }
    unread
}
