//! Receivers that fail in every way get each event once they work.

use hb_tests::Receiver;
use hb_tests::receiver::Reply;

use super::{Stage, hours, seconds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_in_any_way_gets_each_event_once_it_works() {
    for reply in [
        Reply::Status(500),
        Reply::Status(404),
        Reply::Status(301),
        Reply::Status(199),
        Reply::Header(302, "location", "http://127.0.0.1:1/".into()),
        Reply::Close,
        Reply::CloseMidBody,
        Reply::Hang,
    ] {
        let (mut stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
        stage.world.sender = Stage::impatient();
        let (failing, name) = (reply.clone(), format!("{reply:?}"));
        receiver.answer(move |_| failing.clone());
        let endpoint = stage.endpoint(&receiver.url).await;
        let ids = stage.world.queue_many(&endpoint, 12).await;
        stage.stream().await;
        let first = receiver.received().len();
        assert!((1..=8).contains(&first), "{name}: {first} attempts until the first failure");
        // Three probes fail too.
        for _ in 0..3 {
            let before = receiver.received().len();
            stage.world.pass_after(hours(1)).await;
            assert_eq!(receiver.received().len(), before + 1, "{name}");
        }
        assert_eq!(stage.world.waiting().await.len(), 12, "{name}");
        receiver.answer(|_| Reply::Status(200));
        stage.settle().await;
        let counts = receiver.counts();
        assert!(ids.iter().all(|id| counts.contains_key(id)) && counts.len() == 12, "{name}: {counts:?}");
        let lines = stage.world.attempt_lines().await;
        let succeeded = lines.iter().filter(|line| line.ends_with("succeeded")).count();
        assert_eq!(succeeded, 12, "{name}");
        assert!(stage.world.webhook_items("health#").await.is_empty(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_without_end_is_cut_and_the_event_is_acknowledged_by_its_status() {
    let (stage, receiver) = (Stage::new().await, Receiver::start(|_| Reply::Endless).await);
    let endpoint = stage.endpoint(&receiver.url).await;
    stage.world.queue(&endpoint, 1).await;
    stage.stream().await;
    stage.settle().await;
    let attempts = stage.world.attempts().await;
    assert_eq!(hb_tests::deliveries::of(&attempts[0], "status"), "succeeded");
    assert_eq!(hb_tests::deliveries::of(&attempts[0], "response"), "x".repeat(1024));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_down_for_a_day_gets_everything_at_once_when_it_is_back() {
    let (stage, receiver) = (Stage::new().await, Receiver::start(|_| Reply::Close).await);
    let endpoint = stage.endpoint(&receiver.url).await;
    let mut ids = Vec::new();
    // An event each half hour, and a pass each ten minutes.
    for step in 0..144 {
        if step % 3 == 0 {
            ids.push(stage.world.queue(&endpoint, step).await);
            stage.stream().await;
        }
        stage.world.pass_after(seconds(600)).await;
    }
    let probes = receiver.received().len();
    assert!((6..=9).contains(&probes), "{probes} attempts in a day");
    receiver.answer(|_| Reply::Status(200));
    // The next probe is due within 14 hours, and releases everything in one pass.
    let mut passes = 0;
    while receiver.received().len() == probes {
        stage.world.pass_after(hours(1)).await;
        passes += 1;
        assert!(passes < 16, "no probe");
    }
    let counts = receiver.counts();
    assert!(ids.iter().all(|id| counts.contains_key(id)), "released at once");
    stage.settle().await;
}
