//! An attempt has a delivery for itself: two instances never send the same one at the same time.

use std::sync::Arc;
use std::time::Duration;

use hb_tests::receiver::Reply;
use hb_tests::{Courier, Receiver};

use super::{Stage, seconds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_race_send_each_event_once() {
    let (stage, receiver) = (Stage::new().await, Receiver::start(|_| Reply::Held).await);
    let endpoint = stage.endpoint(&receiver.url).await;
    let ids = stage.world.queue_many(&endpoint, 60).await;
    let records = stage.world.records(hb_store::Table::Deliveries);
    stage.world.clock.set(stage.world.clock.now().plus(seconds(61)));
    let couriers: Vec<Courier> = (0..4).map(|_| stage.world.courier()).collect();
    let (a, b, c, d) = (&couriers[0], &couriers[1], &couriers[2], &couriers[3]);
    let released = async {
        // Each instance makes eight attempts at a time.
        receiver.until(16).await;
        receiver.release();
    };
    tokio::join!(a.pass(), b.pass(), c.consume(&records), d.consume(&records), released);
    stage.settle().await;
    let counts = receiver.counts();
    assert_eq!((counts.len(), receiver.most_of_one_id()), (ids.len(), 1));
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    assert!(receiver.most() > 8, "several instances sent at the same time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_lasts_forty_five_seconds() {
    for (millis, is_sent) in [(44_000, false), (44_999, false), (45_000, true), (46_000, true)] {
        let (stage, receiver) = (Stage::new().await, Receiver::start(|_| Reply::Held).await);
        let endpoint = stage.endpoint(&receiver.url).await;
        stage.world.queue(&endpoint, 1).await;
        let records = stage.world.records(hb_store::Table::Deliveries);
        let (first, second) = (Arc::new(stage.world.courier()), stage.world.courier());
        let sending = tokio::spawn(async move { first.consume(&records).await });
        receiver.until(1).await;
        stage.world.put_due(&endpoint, stage.world.clock.now()).await;
        receiver.answer(|_| Reply::Status(200));
        second.clock.set(stage.world.clock.now().plus(Duration::from_millis(millis)));
        assert_eq!(second.pass().await.events, usize::from(is_sent), "{millis}");
        assert_eq!(receiver.received().len(), 1 + usize::from(is_sent), "{millis}");
        receiver.release();
        assert!(!sending.await.expect("a batch").has_failed());
        stage.world.clock.set(second.clock.now());
        stage.settle().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_with_less_than_twenty_seconds_of_the_lease() {
    for (millis, is_sent) in [(24_999, true), (25_000, true), (25_001, false), (60_000, false)] {
        let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
        let endpoint = stage.endpoint(&receiver.url).await;
        stage.world.queue(&endpoint, 1).await;
        let records = stage.world.records(hb_store::Table::Deliveries);
        let courier = Arc::new(stage.world.courier());
        let mut held = courier.tap.hold();
        let sending = tokio::spawn({
            let courier = Arc::clone(&courier);
            async move { courier.consume(&records).await }
        });
        let mut is_claimed = false;
        while let Some(call) = held.recv().await {
            let name = call.name.clone();
            if is_claimed && name.contains("BatchGetItem") {
                courier.clock.set(stage.world.clock.now().plus(Duration::from_millis(millis)));
                drop(held);
                call.pass().await;
                break;
            }
            is_claimed |= name == "DynamoDB UpdateItem Deliveries";
            call.pass().await;
        }
        assert!(!sending.await.expect("a batch").has_failed());
        assert_eq!(receiver.received().len(), usize::from(is_sent), "{millis}");
        stage.settle().await;
        assert_eq!(receiver.received().len(), 1, "{millis}");
    }
}

/// The clock of the second instance is five seconds ahead: what the first one has claimed is still its own while it sends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_that_differ_by_five_seconds_do_not_make_two_attempts_at_the_same_time() {
    for (ahead, behind) in [(5, 0), (0, 5)] {
        let (stage, receiver) = (Stage::new().await, Receiver::start(|_| Reply::Held).await);
        let endpoint = stage.endpoint(&receiver.url).await;
        stage.world.queue(&endpoint, 1).await;
        stage.world.put_due(&endpoint, stage.world.clock.now()).await;
        let records = stage.world.records(hb_store::Table::Deliveries);
        let now = stage.world.clock.now();
        let (first, second) = (Arc::new(stage.world.courier()), stage.world.courier());
        first.clock.set(now.minus(seconds(behind)));
        let sending = tokio::spawn({
            let first = Arc::clone(&first);
            async move { first.consume(&records).await }
        });
        receiver.until(1).await;
        // The last moment of an attempt that began with 20 s of its lease: 25 s after the claim, and 15 s long.
        for elapsed in [1, 20, 39] {
            second.clock.set(now.plus(seconds(elapsed + ahead)));
            assert_eq!(second.pass().await.events, 0, "{ahead} {behind} {elapsed}");
        }
        receiver.release();
        assert!(!sending.await.expect("a batch").has_failed());
        assert_eq!((receiver.received().len(), receiver.most_of_one_id()), (1, 1));
    }
}
