//! Instances that stop anywhere lose nothing: what was sent is sent again with the same id.

use std::collections::BTreeSet;
use std::sync::Arc;

use hb_tests::{Courier, Receiver, World};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{Stage, seconds};

/// Makes a pass that is stopped for good after so many calls: before the next one, or after it and before its response. Returns
/// whether the pass had so many calls.
async fn stopped_pass(world: &World, calls: usize, is_performed: bool) -> bool {
    let courier: Arc<Courier> = Arc::new(world.courier());
    let mut held = courier.tap.hold();
    let passing = tokio::spawn({
        let courier = Arc::clone(&courier);
        async move { courier.pass().await }
    });
    let finished = async {
        for _ in 0..calls {
            held.recv().await.expect("a call").pass().await;
        }
        let call = held.recv().await.expect("a call");
        if is_performed {
            drop(call.perform().await);
        }
    };
    let mut passing = passing;
    let was_stopped = tokio::select! {
        biased;
        () = finished => true,
        _ = &mut passing => false,
    };
    if was_stopped {
        passing.abort();
        let _ = passing.await;
    }
    was_stopped
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_events_arrive_though_their_delivery_is_stopped_thirty_times() {
    let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
    let endpoint = stage.endpoint(&receiver.url).await;
    let ids: BTreeSet<String> = stage.world.queue_many(&endpoint, 1_000).await.into_iter().collect();
    stage.world.clock.set(stage.world.clock.now().plus(seconds(61)));
    let mut rng = StdRng::seed_from_u64(17);
    let mut stops = 0;
    while stops < 30 {
        let (calls, is_performed) = (rng.random_range(16..120), rng.random());
        assert!(stopped_pass(&stage.world, calls, is_performed).await, "{stops}: the pass came to its end");
        stops += 1;
        stage.world.clock.set(stage.world.clock.now().plus(seconds(rng.random_range(1..60))));
    }
    let waiting = stage.world.waiting().await.len();
    assert!((100..1_000).contains(&waiting), "{waiting} wait after the stops");
    stage.settle().await;
    let counts = receiver.counts();
    assert_eq!(counts.keys().cloned().collect::<BTreeSet<_>>(), ids);
    let again = receiver.received().len() - 1_000;
    assert!((1..=stops * 8).contains(&again), "{again} were sent again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_at_any_call_of_an_attempt_loses_nothing_whether_it_fails_or_not() {
    for status in [200, 500, 410] {
        let mut calls = 16;
        loop {
            let mut was_stopped = true;
            for is_performed in [false, true] {
                let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
                receiver.answer(move |_| hb_tests::receiver::Reply::Status(status));
                let endpoint = stage.endpoint(&receiver.url).await;
                let id = stage.world.queue(&endpoint, 1).await;
                stage.world.clock.set(stage.world.clock.now().plus(seconds(61)));
                was_stopped &= stopped_pass(&stage.world, calls, is_performed).await;
                receiver.answer(|_| hb_tests::receiver::Reply::Status(200));
                stage.activate(&endpoint).await;
                stage.settle().await;
                let count = receiver.counts().get(&id).copied().unwrap_or(0);
                assert!((1..=2).contains(&count), "{status} {calls} {is_performed}: {count}");
            }
            if !was_stopped {
                break;
            }
            calls += 1;
        }
        assert!(calls > 24, "{status}: {calls}");
    }
}
