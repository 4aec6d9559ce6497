//! No receiver holds up the events of others.

use std::sync::Arc;

use hb_domain::delivery::{EndpointHealth, EndpointId};
use hb_tests::Receiver;
use hb_tests::deliveries::{Endpoint, of};
use hb_tests::receiver::Reply;
use hb_tests::world::plenty;

use super::{Stage, seconds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_events_for_a_dead_endpoint_do_not_hold_up_those_of_another_tenant() {
    for is_stream in [false, true] {
        let stage = Stage::new().await;
        let (dead, alive) = (Receiver::start(|_| Reply::Held).await, Receiver::acknowledging().await);
        let slow = stage.endpoint(&dead.url).await;
        let other = stage.world.account_with("other", plenty()).await;
        let client = stage._instance.client.with(&other.key);
        let quick = stage.world.endpoint(&client, &other.tenant, &alive.url).await;
        stage.world.queue_many(&slow, 500).await;
        stage.world.queue(&quick, 1).await;
        let mut records = stage.world.records(hb_store::Table::Deliveries);
        // The batch in which the other tenant's event comes last.
        let batch = records.split_off(records.len() - 100);
        let courier = Arc::new(stage.world.courier());
        if !is_stream {
            courier.clock.set(stage.world.clock.now().plus(seconds(61)));
        }
        let invoked = tokio::spawn({
            let courier = Arc::clone(&courier);
            async move {
                if is_stream {
                    courier.consume(&batch).await;
                } else {
                    courier.pass().await;
                }
            }
        });
        alive.until(1).await;
        dead.until(1).await;
        assert!(dead.received().len() <= 8 && dead.most() <= 8, "at most eight at a time");
        assert!(!invoked.is_finished(), "the dead endpoint still hangs");
        dead.answer(|_| Reply::Status(200));
        dead.release();
        invoked.await.expect("an invocation");
        stage.world.clock.set(stage.world.clock.now().plus(seconds(61)));
        stage.settle().await;
        assert_eq!(dead.counts().len(), 500);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slow_endpoints_of_a_tenant_do_not_take_all_places_of_a_pass() {
    let stage = Stage::new().await;
    let (slow, quick) = (Receiver::start(|_| Reply::Held).await, Receiver::acknowledging().await);
    let other = stage.world.account_with("other", plenty()).await;
    for number in 0..20 {
        let endpoint = stage.endpoint(&format!("{}/{number}", slow.url)).await;
        stage.world.queue_many(&endpoint, 8).await;
    }
    stage.world.clock.set(stage.world.clock.now().plus(seconds(10)));
    let client = stage._instance.client.with(&other.key);
    let endpoint = stage.world.endpoint(&client, &other.tenant, &quick.url).await;
    stage.world.queue(&endpoint, 1).await;
    let courier = Arc::new(stage.world.courier());
    courier.clock.set(stage.world.clock.now().plus(seconds(80)));
    let passing = tokio::spawn({
        let courier = Arc::clone(&courier);
        async move { courier.pass().await }
    });
    quick.until(1).await;
    slow.until(16 * 8).await;
    assert_eq!(slow.most(), 16 * 8, "sixteen endpoints with eight attempts each");
    slow.answer(|_| Reply::Status(200));
    slow.release();
    assert!(!passing.await.expect("a pass").has_failed);
    stage.world.clock.set(courier.clock.now());
    stage.settle().await;
    assert_eq!(slow.received().len(), 20 * 8);
}

/// A pass that ends while an endpoint has more leaves it behind the others that are due.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_more_at_the_end_of_a_pass_comes_behind_the_others_in_the_next_one() {
    let stage = Stage::new().await;
    let receiver = Receiver::start(|_| Reply::Held).await;
    let endpoint = stage.endpoint(&receiver.url).await;
    stage.world.queue_many(&endpoint, 120).await;
    let courier = Arc::new(stage.world.courier());
    courier.clock.set(stage.world.clock.now().plus(seconds(80)));
    let passing = tokio::spawn({
        let courier = Arc::clone(&courier);
        async move { courier.pass().await }
    });
    receiver.until(8).await;
    let end = courier.clock.now().plus(seconds(41));
    courier.clock.set(end);
    receiver.release();
    assert_eq!(passing.await.expect("a pass").events, 8);
    let due = stage.world.all_due_endpoints().await;
    assert!(due.iter().all(|sk| sk.as_str() >= format!("{:013}", end.millis()).as_str()), "{due:?}");
    stage.world.clock.set(end);
    stage.settle().await;
    assert_eq!(receiver.counts().len(), 120);
}

/// Slow for five minutes, whatever follows: the stream leaves it to the schedule.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stream_leaves_an_endpoint_that_was_slow_to_the_schedule_for_its_time() {
    let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
    let endpoint = stage.endpoint(&receiver.url).await;
    let version = stage.status_of(&endpoint).await.1.trim_matches('"').to_owned();
    let slow = EndpointHealth::working(&version, Some(stage.world.clock.now().plus(seconds(300))));
    let context = hb_store::StreamContext::new(stage.world.clock.now());
    let id = hb_domain::WebhookId::parse(&endpoint.id).expect("an id");
    let id = EndpointId { tenant: endpoint.tenant.clone(), id };
    let written = stage.world.store.delivery_queue(&context).put_health(&id, &slow, None).await;
    assert_eq!(written.expect("the database"), hb_store::HealthWrite::Written);
    stage.world.queue(&endpoint, 1).await;
    stage.stream().await;
    assert!(receiver.received().is_empty());
    stage.world.pass_after(seconds(70)).await;
    assert_eq!(receiver.received().len(), 1);
    let quick = stage.world.queue(&endpoint, 2).await;
    stage.stream_of(&[(0, quick.clone())]).await;
    assert_eq!(receiver.received().len(), 1, "a quick attempt does not end the time");
    stage.world.pass_after(seconds(230)).await;
    let last = stage.world.queue(&endpoint, 3).await;
    stage.stream_of(&[(0, last)]).await;
    assert_eq!(receiver.received().len(), 3);
    assert!(stage.world.webhook_items("health#").await.is_empty());
}

/// A pass reads 250 items of a partition at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pass_reads_on_behind_many_items_of_one_endpoint() {
    let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
    let endpoint = stage.endpoint(&receiver.url).await;
    stage.settle().await;
    stage.world.queue(&endpoint, 1).await;
    let now = stage.world.clock.now();
    let mut number = 0;
    // A deleted endpoint of the same partition.
    let gone = loop {
        let gone = Endpoint { tenant: endpoint.tenant.clone(), id: format!("whk_{number:016x}") };
        stage.world.put_due(&gone, now).await;
        let items = stage.world.items(hb_store::Table::DueEndpoints).await;
        let shard_of = |endpoint: &Endpoint| {
            let item = items.iter().find(|item| of(item, "sk").ends_with(&endpoint.id));
            of(item.expect("a due endpoint"), "shard")
        };
        if shard_of(&gone) == shard_of(&endpoint) {
            break gone;
        }
        number += 1;
    };
    for step in 0..300 {
        stage.world.put_due(&gone, now.minus(seconds(10 * step))).await;
    }
    stage.world.pass_after(seconds(70)).await;
    assert_eq!(receiver.received().len(), 1);
    assert!(stage.world.all_due_endpoints().await.is_empty());
}
