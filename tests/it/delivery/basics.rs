//! What an attempt sends, logs and leaves.

use hb_tests::Receiver;
use hb_tests::deliveries::readable;
use hb_tests::receiver::Reply;

use super::{Stage, seconds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_delivery_is_sent_by_the_stream_logged_and_gone() {
    let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
    let endpoint = stage.endpoint(&format!("{}/hook?a=b", receiver.url)).await;
    let event = stage.world.queue(&endpoint, 3).await;
    stage.stream().await;
    let received = receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!((received[0].id(), received[0].path.as_str()), (event.as_str(), "/hook?a=b"));
    assert_eq!(received[0].json()["data"]["results"], 3);
    assert_eq!(received[0].json()["id"], event);
    assert!(stage.world.waiting().await.is_empty());
    let attempts = stage.world.attempts().await;
    let log = readable(&attempts[0]);
    for (name, value) in [
        ("eventId", event.as_str()),
        ("attempt", "1"),
        ("status", "succeeded"),
        ("statusCode", "204"),
        ("response", ""),
        ("type", "search.performed"),
    ] {
        assert_eq!(log[name], value, "{name}");
    }
    assert_eq!((attempts.len(), log.get("nextAttemptAt")), (1, None));
    // The due endpoint of the recorder leads to nothing, and is deleted.
    let before = stage.world.all_due_endpoints().await;
    assert!(!before.is_empty(), "{before:?}");
    stage.world.pass_after(seconds(70)).await;
    assert_eq!(stage.world.all_due_endpoints().await, Vec::<String>::new());
    assert_eq!(receiver.received().len(), 1);
    assert!(stage.world.webhook_items("health#").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_attempt_is_logged_with_the_time_of_the_next_one_which_the_schedule_makes() {
    let stage = Stage::new().await;
    let receiver = Receiver::start(|_| Reply::Body(503, "busy".into())).await;
    let endpoint = stage.endpoint(&receiver.url).await;
    let event = stage.world.queue(&endpoint, 1).await;
    stage.stream().await;
    let log = readable(&stage.world.attempts().await[0]);
    let now = stage.world.clock.now().millis();
    let next: i64 = log["nextAttemptAt"].parse().expect("a time");
    assert!((now + 60_000..=now + 66_000).contains(&next), "{log:?}");
    assert_eq!((log["status"].as_str(), log["statusCode"].as_str()), ("failed", "503"));
    assert_eq!((log["response"].as_str(), log["at"].as_str()), ("busy", now.to_string().as_str()));
    let waiting = readable(&stage.world.waiting().await[0]);
    assert_eq!((waiting["attempts"].as_str(), waiting.get("claim")), ("1", None));
    assert_eq!(waiting["sk"], format!("{}#{next:013}#{event}", endpoint.id));
    receiver.answer(|_| Reply::Status(200));
    stage.stream().await;
    stage.world.pass_after(seconds(59)).await;
    assert_eq!(receiver.received().len(), 1, "not before its time");
    stage.world.pass_after(seconds(21)).await;
    assert_eq!(receiver.counts()[&event], 2);
    assert_eq!(
        stage.world.attempt_lines().await,
        [format!("{event} 1 failed"), format!("{event} 2 succeeded")]
    );
    assert!(stage.world.waiting().await.is_empty());
    assert_eq!(stage.world.all_due_endpoints().await, Vec::<String>::new());
    assert!(stage.world.webhook_items("health#").await.is_empty());
}
