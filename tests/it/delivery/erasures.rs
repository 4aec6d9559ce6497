//! An attempt that is under way while its endpoint or its tenant is deleted leaves nothing.

use std::sync::Arc;

use hb_tests::Receiver;
use hb_tests::receiver::Reply;

use super::{Stage, seconds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_ends_after_a_deletion_or_an_erasure_leaves_nothing() {
    for (status, is_erasure) in [(200, false), (200, true), (500, false), (500, true), (410, false)] {
        let (stage, receiver) = (Stage::new().await, Receiver::start(move |_| Reply::Status(status)).await);
        let endpoint = stage.endpoint(&receiver.url).await;
        stage.world.queue(&endpoint, 1).await;
        let records = stage.world.records(hb_store::Table::Deliveries);
        let courier = Arc::new(stage.world.courier());
        let mut held = courier.tap.hold();
        let sending = tokio::spawn({
            let courier = Arc::clone(&courier);
            async move { courier.consume(&records).await }
        });
        // The first write after the event was sent.
        let write = loop {
            let call = held.recv().await.expect("a call");
            if !receiver.received().is_empty() {
                break call;
            }
            call.pass().await;
        };
        if is_erasure {
            let erased = stage.world.store.operator().erase(&endpoint.tenant, |_, _| {}).await;
            erased.expect("an erasure");
        } else {
            stage.delete(&endpoint).await;
            stage.world.pass_after(seconds(10)).await;
        }
        drop(held);
        write.pass().await;
        assert!(!sending.await.expect("a batch").has_failed());
        for _ in 0..3 {
            stage.world.pass_after(seconds(120)).await;
        }
        let left = stage.world.everything().await;
        let lines: Vec<&str> = left.lines().filter(|line| line.contains(&endpoint.id)).collect();
        let is_of_request = |line: &&str| line.starts_with("Idempotency") || line.starts_with("Events");
        assert!(lines.iter().all(is_of_request), "{status} {is_erasure}: {lines:?}");
    }
}
