//! Lanes of a stream: batches of different lanes are processed beside each other, those of one lane one after the other, as Lambda does
//! with the parallelization factor of an event source mapping. So a receiver that hangs holds up its own lane only, and gets no more
//! requests at a time than one batch makes.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use dynoxide::types::{AttributeValue, Item};
use hb_domain::Clock;
use hb_http::stream::{Batch, Consumer, Consumption};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// How many lanes a stream has.
const LANES: usize = 64;

/// The lanes of one subscription. They end when dropped.
pub(super) struct Lanes {
    queues: Vec<UnboundedSender<Batch>>,
    _workers: JoinSet<()>,
}

impl Lanes {
    /// Idle lanes to a consumer.
    pub(super) fn new(consumer: Consumer, consumption: &Consumption, clock: &Clock) -> Self {
        let (mut queues, mut workers) = (Vec::new(), JoinSet::new());
        for _ in 0..LANES {
            let (queue, mut batches) = unbounded_channel::<Batch>();
            let (consumption, clock) = (consumption.clone(), clock.clone());
            workers.spawn(async move {
                while let Some(batch) = batches.recv().await {
                    let _ = (consumer.handle)(&consumption, &batch, clock.now()).await;
                }
            });
            queues.push(queue);
        }
        Self { queues, _workers: workers }
    }

    /// Has a lane process a batch after those that it has already.
    pub(super) fn hand_over(&self, lane: usize, batch: Batch) {
        // The workers end with the lanes only.
        if let Some(queue) = self.queues.get(lane) {
            let _ = queue.send(batch);
        }
    }
}

/// The lane of the item with these keys. Items that agree in each key up to its first `#` are in the same one: those of one endpoint.
pub(super) fn lane_of(keys: &Item) -> usize {
    let mut parts: Vec<(&str, &str)> =
        keys.iter().map(|(name, value)| (name.as_str(), start(value))).collect();
    parts.sort_unstable();
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    usize::try_from(hasher.finish() % LANES as u64).unwrap_or(0)
}

fn start(value: &AttributeValue) -> &str {
    match value {
        AttributeValue::S(text) => text.split('#').next().unwrap_or_default(),
        AttributeValue::N(number) => number,
        _ => "",
    }
}
