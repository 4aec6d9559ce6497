//! Endpoints that are deleted, inactive or changed while deliveries wait.

use std::sync::Arc;

use hb_tests::Receiver;
use hb_tests::deliveries::{Endpoint, of};
use http::Method;
use serde_json::{Value, json};

use super::{Stage, hours, seconds};

impl Stage {
    async fn patch(&self, endpoint: &Endpoint, body: Value) {
        let path = format!("/api/v1/webhooks/{}", endpoint.id);
        self.client.send(Method::PATCH, &path, Some(body)).await.expect(200, "");
    }

    pub(super) async fn delete(&self, endpoint: &Endpoint) {
        let path = format!("/api/v1/webhooks/{}", endpoint.id);
        self.client.send(Method::DELETE, &path, None).await.expect(200, "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_discards_what_is_queued_and_leaves_nothing() {
    let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
    receiver.answer(|_| hb_tests::receiver::Reply::Status(500));
    let endpoint = stage.endpoint(&receiver.url).await;
    let other = stage.endpoint(&format!("{}/other", receiver.url)).await;
    stage.world.queue_many(&endpoint, 250).await;
    stage.stream().await;
    let kept = stage.world.queue(&other, 7).await;
    let before = receiver.received().len();
    stage.delete(&endpoint).await;
    stage.stream().await;
    stage.world.pass_after(seconds(10)).await;
    receiver.answer(|_| hb_tests::receiver::Reply::Status(200));
    let waiting = stage.world.waiting().await;
    assert!(waiting.iter().all(|item| of(item, "sk").starts_with(&other.id)), "{waiting:?}");
    stage.settle().await;
    assert!(receiver.received()[before..].iter().all(|received| received.id() == kept));
    let left = stage.world.everything().await;
    let lines: Vec<&str> = left.lines().filter(|line| line.contains(&endpoint.id)).collect();
    // What requests have left: their idempotency records, and nothing else.
    assert!(lines.iter().all(|line| line.starts_with("Idempotency")), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_between_claim_and_send_stops_all_but_what_is_under_way() {
    for is_read in [false, true] {
        let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
        let endpoint = stage.endpoint(&receiver.url).await;
        stage.world.queue_many(&endpoint, 20).await;
        stage.world.clock.set(stage.world.clock.now().plus(seconds(61)));
        let courier = Arc::new(stage.world.courier());
        let mut held = courier.tap.hold();
        let passing = tokio::spawn({
            let courier = Arc::clone(&courier);
            async move { courier.pass().await }
        });
        let mut claims = 0;
        loop {
            let call = held.recv().await.expect("a call");
            let name = call.name.clone();
            let is_contents = claims > 0 && name.contains("BatchGetItem");
            if is_contents && !is_read {
                stage.delete(&endpoint).await;
                drop(held);
                call.pass().await;
                break;
            }
            call.pass().await;
            if is_contents {
                stage.delete(&endpoint).await;
                drop(held);
                break;
            }
            claims += usize::from(name == "DynamoDB UpdateItem Deliveries");
        }
        passing.await.expect("a pass");
        stage.settle().await;
        let sent = receiver.received().len();
        // Only the one whose endpoint was read before the deletion may be sent.
        assert!(sent <= usize::from(is_read), "{sent}");
        assert!(stage.world.waiting().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_to_an_inactive_endpoint_wait_untouched_until_it_is_activated() {
    let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
    let endpoint = stage.endpoint(&receiver.url).await;
    let ids = stage.world.queue_many(&endpoint, 5).await;
    stage.patch(&endpoint, json!({"status": "inactive"})).await;
    stage.stream().await;
    let before = stage.world.waiting().await;
    for _ in 0..20 {
        stage.world.pass_after(hours(24)).await;
    }
    assert_eq!((stage.world.waiting().await, receiver.received().len()), (before, 0));
    assert_eq!(stage.world.all_due_endpoints().await, Vec::<String>::new(), "nobody looks for nothing");
    stage.patch(&endpoint, json!({"status": "active"})).await;
    stage.settle().await;
    assert_eq!(receiver.counts().len(), ids.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_go_to_the_new_url_at_once_and_without_the_failures_of_the_former_one() {
    let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
    receiver.answer(|received| match received.path.as_str() {
        "/new" => hb_tests::receiver::Reply::Status(200),
        _ => hb_tests::receiver::Reply::Status(500),
    });
    let endpoint = stage.endpoint(&format!("{}/old", receiver.url)).await;
    let ids = stage.world.queue_many(&endpoint, 20).await;
    stage.stream().await;
    stage.patch(&endpoint, json!({"url": format!("{}/new", receiver.url)})).await;
    stage.world.pass_after(seconds(10)).await;
    let new = || receiver.received().iter().filter(|received| received.path == "/new").count();
    assert!(new() >= 12, "{}: those that were not attempted are sent at once", new());
    stage.settle().await;
    assert_eq!(new(), ids.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_endpoint_does_not_subscribe_to_any_more_and_what_is_old_is_discarded() {
    for is_old in [false, true] {
        let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
        let endpoint = stage.endpoint(&receiver.url).await;
        let id = stage.world.queue(&endpoint, 1).await;
        if is_old {
            stage.patch(&endpoint, json!({"status": "inactive"})).await;
            stage.world.pass_after(hours(30 * 24)).await;
            stage.patch(&endpoint, json!({"status": "active"})).await;
        } else {
            stage.patch(&endpoint, json!({"events": ["memory.*"]})).await;
        }
        stage.settle().await;
        assert!(receiver.received().is_empty());
        assert_eq!(stage.world.attempt_lines().await, [format!("{id} 0 discarded")]);
        let log = &stage.world.attempts().await[0];
        assert!(!log.contains_key("statusCode") && !log.contains_key("latency"), "{log:?}");
    }
}
