//! A poller that runs: the sweeps, each subscription and each schedule have a task of their own, so that none waits for another.

use std::time::Duration;

use hb_http::stream::{Consumption, Pass};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::lanes::Lanes;
use super::subscription::{Position, Source, Subscription};
use super::{INTERVAL, SCHEDULE, SWEEP_EVERY, StreamPoller};

/// A poller that runs in the background; it ends when dropped, also while a function waits for somebody's answer.
#[derive(Debug)]
pub struct Background(#[expect(dead_code, reason = "dropping the set ends its tasks")] JoinSet<()>);

impl StreamPoller {
    /// Sweeps, delivers and invokes the functions that have a schedule, in intervals until the result is dropped.
    pub fn start(self) -> Background {
        let Self { source, subscriptions, consumers } = self;
        let mut tasks = JoinSet::new();
        let (ticks, _) = watch::channel(0);
        let positions: Vec<_> = subscriptions
            .iter()
            .map(|subscription| (subscription.table, subscription.position.clone()))
            .collect();
        for subscription in subscriptions {
            let table_positions = positions.iter().filter(|(table, _)| *table == subscription.table);
            let table_positions = table_positions.map(|(_, position)| position.clone()).collect();
            tasks.spawn(run_subscription(subscription, table_positions, source.clone(), ticks.subscribe()));
        }
        for (function, consumer) in consumers {
            if let Some(schedule) = consumer.schedule {
                tasks.spawn(run_schedule(function, schedule, SCHEDULE, source.consumption.clone()));
            }
        }
        tasks.spawn(run_ticks(source, ticks));
        Background(tasks)
    }
}

/// Sweeps, and tells the subscriptions that there may be new records, and how many sweeps there were.
async fn run_ticks(source: Source, ticks: watch::Sender<u64>) {
    let mut seen = None;
    for round in 1_u32.. {
        tokio::time::sleep(INTERVAL).await;
        let sweeps = round.is_multiple_of(SWEEP_EVERY);
        if sweeps && let Err(error) = source.sweep().await {
            tracing::error!(%error, "expired items were not removed; the next sweep retries");
        }
        let version = source.version().await;
        if sweeps || version.is_none() || version != seen {
            ticks.send_modify(|count| *count += u64::from(sweeps));
        }
        seen = version;
    }
}

/// Delivers the records of a stream when there are new ones. After a failure it waits for the next sweep. A function with a
/// schedule gets the batches of different lanes beside each other, so that one receiver does not hold up another.
async fn run_subscription(
    mut subscription: Subscription,
    table_positions: Vec<Position>,
    source: Source,
    mut ticks: watch::Receiver<u64>,
) {
    let has_lanes = subscription.consumer.schedule.is_some();
    let lanes = has_lanes.then(|| Lanes::new(subscription.consumer, &source.consumption, &source.clock));
    let mut sweeps = 0;
    while ticks.changed().await.is_ok() {
        let before = std::mem::replace(&mut sweeps, *ticks.borrow_and_update());
        if subscription.has_failed && sweeps == before {
            continue;
        }
        let delivered = match &lanes {
            Some(lanes) => subscription.hand_over(&source, lanes).await,
            None => subscription.deliver(&source).await,
        };
        let deleted = source.delete_processed(subscription.table, &table_positions).await;
        if let Err(error) = delivered.and(deleted) {
            tracing::error!(%error, "stream records were not processed; they are delivered again");
        }
    }
}

/// Invokes a function in intervals, the first time at once. A pass that takes longer delays the next one: they do not overlap.
pub(super) async fn run_schedule(
    function: &'static str,
    schedule: for<'b> fn(&'b Consumption) -> Pass<'b>,
    every: Duration,
    consumption: Consumption,
) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if schedule(&consumption).await.has_failed {
            tracing::warn!(function, "a part of a scheduled pass has failed; the next pass repeats it");
        }
    }
}
