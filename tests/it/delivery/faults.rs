//! Every call of a batch and of a pass fails in every way, once and lasting: nothing is lost.

use std::pin::Pin;

use futures_util::stream::{self, StreamExt};
use hb_tests::receiver::Reply;
use hb_tests::{Courier, Fault, Receiver};
use serde_json::Value;

use super::{Stage, seconds};

/// What an instance does while its calls fail.
#[derive(Clone, Copy, Debug)]
enum Work {
    Batch,
    Pass,
    /// A pass with the probe of a failing endpoint.
    Probe,
}

/// The worlds that are tested at the same time.
const CONCURRENCY: usize = 8;

/// A world in which `work` is done again and again, for one endpoint after the other.
struct Scene {
    stage: Stage,
    receiver: Receiver,
    count: u64,
}

impl Scene {
    async fn new() -> Self {
        Self { stage: Stage::new().await, receiver: Receiver::acknowledging().await, count: 0 }
    }

    /// Queues an event so that `work` attempts it. Returns its id, with that of the event that failed before, and the records of
    /// their stream.
    async fn queue(&mut self, work: Work, status: u16) -> (Vec<String>, Vec<Value>) {
        self.count += 1;
        let (stage, receiver) = (&self.stage, &self.receiver);
        let endpoint = stage.endpoint(&format!("{}/{}", receiver.url, self.count)).await;
        let (before, after) = (self.count * 10, self.count * 10 + 1);
        let mut ids = vec![(before, stage.world.queue(&endpoint, before).await)];
        if matches!(work, Work::Probe) {
            receiver.answer(|_| Reply::Status(500));
            stage.stream_of(&ids).await;
            ids.push((after, stage.world.queue(&endpoint, after).await));
        }
        receiver.answer(move |_| Reply::Status(status));
        let records = stage.records_of(&ids);
        if !matches!(work, Work::Batch) {
            stage.world.clock.set(stage.world.clock.now().plus(seconds(80)));
        }
        (ids.into_iter().map(|(_, id)| id).collect(), records)
    }
}

async fn does(courier: &Courier, work: Work, records: &[Value]) {
    match work {
        Work::Batch => assert!(!courier.consume(records).await.has_failed(), "a batch never fails"),
        Work::Pass | Work::Probe => drop(courier.pass().await),
    }
}

/// The names of the calls, and how many calls of the same name come before each.
async fn calls(work: Work, status: u16) -> Vec<(String, usize)> {
    let mut scene = Scene::new().await;
    let (_, records) = scene.queue(work, status).await;
    let courier = scene.stage.world.courier();
    does(&courier, work, &records).await;
    let mut calls: Vec<(String, usize)> = Vec::new();
    for call in courier.tap.take() {
        let before = calls.iter().filter(|(name, _)| *name == call.name).count();
        calls.push((call.name, before));
    }
    // All partitions of due endpoints are read alike.
    calls.retain(|(name, before)| !name.ends_with("Query DueEndpoints") || *before == 0);
    calls
}

/// The call fails in every way.
async fn fails(work: Work, status: u16, call: (String, usize)) {
    let (mut scene, mut struck) = (Scene::new().await, 0);
    for fault in Fault::ALL {
        for lasting in [false, true] {
            let context = format!("{work:?} {status} {call:?} {fault:?} {lasting}");
            let (ids, records) = scene.queue(work, status).await;
            let courier = scene.stage.world.courier();
            courier.tap.fail_after(&call.0, call.1, fault, lasting);
            does(&courier, work, &records).await;
            // How many due endpoints there are depends on chance: times that differ by jitter are rounded to the same.
            struck += usize::from(courier.tap.mend());
            scene.receiver.answer(|_| Reply::Status(200));
            scene.stage.settle().await;
            let counts = scene.receiver.counts();
            assert!(ids.iter().all(|id| counts.contains_key(id)), "{context}: {counts:?}");
            assert_eq!(scene.receiver.most_of_one_id(), 1, "{context}");
        }
    }
    assert!(struck > 0, "{work:?} {status} {call:?}: the call was not made");
}

/// Every call fails in every way.
async fn all_fail(work: Work) {
    type Failing = Pin<Box<dyn Future<Output = ()> + Send>>;
    let mut all: Vec<Failing> = Vec::new();
    for status in [200, 500] {
        let calls = calls(work, status).await;
        assert!(calls.len() >= 6, "{calls:?}");
        all.extend(calls.into_iter().map(|call| -> Failing { Box::pin(fails(work, status, call)) }));
    }
    stream::iter(all).buffer_unordered(CONCURRENCY).collect::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_of_a_batch_that_fails_loses_an_event() {
    all_fail(Work::Batch).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_of_a_pass_that_fails_loses_an_event() {
    all_fail(Work::Pass).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_of_a_probe_that_fails_loses_an_event() {
    all_fail(Work::Probe).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_secrets_nothing_is_sent_and_nothing_is_lost() {
    for work in [Work::Batch, Work::Pass] {
        let mut scene = Scene::new().await;
        let (ids, records) = scene.queue(work, 200).await;
        let courier = scene.stage.world.courier();
        courier.tap.fail("secretsmanager GetSecretValue", Fault::Reset, true);
        for _ in 0..3 {
            does(&courier, work, &records).await;
        }
        assert!(courier.tap.mend() && scene.receiver.received().is_empty());
        assert!(scene.stage.world.attempts().await.is_empty(), "an attempt that was not made is not logged");
        scene.stage.settle().await;
        assert_eq!(scene.receiver.counts().len(), ids.len());
    }
}
