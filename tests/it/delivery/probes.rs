//! While an endpoint fails, one delivery at a time is its probe; it is announced and disabled after days.

use std::sync::Arc;

use hb_domain::Timestamp;
use hb_tests::deliveries::of;
use hb_tests::receiver::Reply;
use hb_tests::{Receiver, World};

use super::{Stage, hours, seconds};

/// The attempts that waiting deliveries have used.
async fn used(world: &World) -> u64 {
    let waiting = world.waiting().await;
    waiting.iter().map(|item| of(item, "attempts").parse::<u64>().expect("a number")).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_probe_at_a_time_is_made_by_all_instances_and_the_others_use_no_attempts() {
    let stage = Stage::new().await;
    let receiver = Receiver::start(|_| Reply::Status(500)).await;
    let endpoint = stage.endpoint(&receiver.url).await;
    stage.world.queue(&endpoint, 1_000).await;
    stage.stream().await;
    stage.world.queue_many(&endpoint, 40).await;
    stage.stream().await;
    assert_eq!(receiver.received().len(), 1, "a failing endpoint is left to the schedule");
    receiver.answer(|_| Reply::Held);
    let at = stage.world.clock.now().plus(seconds(70));
    stage.world.clock.set(at);
    let first = Arc::new(stage.world.courier());
    let probing = tokio::spawn({
        let first = Arc::clone(&first);
        async move { first.pass().await }
    });
    receiver.until(2).await;
    for _ in 0..3 {
        stage.world.put_due(&endpoint, at).await;
        let second = stage.world.courier();
        second.clock.set(at.plus(seconds(10)));
        assert_eq!(second.pass().await.events, 0);
    }
    assert_eq!((receiver.received().len(), used(&stage.world).await), (2, 1));
    // Its success releases everything in the same invocation.
    receiver.release();
    assert_eq!(probing.await.expect("a pass").events, 41);
    assert_eq!(receiver.counts().len(), 41);
    stage.settle().await;
    assert_eq!(receiver.received().len(), 42, "one was attempted twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_that_begin_at_the_same_time_make_one_probe() {
    for _ in 0..10 {
        let stage = Stage::new().await;
        let receiver = Receiver::start(|_| Reply::Status(500)).await;
        let endpoint = stage.endpoint(&receiver.url).await;
        stage.world.queue(&endpoint, 1_000).await;
        stage.stream().await;
        stage.world.queue_many(&endpoint, 10).await;
        stage.world.clock.set(stage.world.clock.now().plus(seconds(80)));
        let (one, other) = (stage.world.courier(), stage.world.courier());
        let passes = tokio::join!(one.pass(), other.pass());
        assert_eq!((passes.0.events + passes.1.events, receiver.received().len()), (1, 2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_always_refused_does_not_hold_back_the_others() {
    let (stage, receiver) = (Stage::new().await, Receiver::acknowledging().await);
    let endpoint = stage.endpoint(&receiver.url).await;
    let poison = stage.world.queue(&endpoint, 666).await;
    let refused = poison.clone();
    receiver.answer(move |received| Reply::Status(if received.id() == refused { 500 } else { 200 }));
    stage.stream().await;
    let mut latest: Vec<(u64, String)> = Vec::new();
    for step in 0..400 {
        latest.push((step, stage.world.queue(&endpoint, 1_000 + step).await));
        stage.stream_of(&latest).await;
        stage.world.pass_after(seconds(if step < 60 { 30 } else { 900 })).await;
        let counts = receiver.counts();
        latest.retain(|(queued, id)| {
            assert!(queued + 4 > step || counts.contains_key(id), "{step}: {id} of {queued} is held back");
            !counts.contains_key(id)
        });
        if counts[&poison] == 10 {
            break;
        }
    }
    assert_eq!(receiver.counts()[&poison], 10);
    stage.settle().await;
    let lines = stage.world.attempt_lines().await;
    let of_poison: Vec<&String> = lines.iter().filter(|line| line.starts_with(&poison)).collect();
    assert_eq!(of_poison.len(), 10);
    assert_eq!(*of_poison[9], format!("{poison} 10 exhausted"));
    let last = stage.world.attempts().await.into_iter().find(|item| of(item, "status") == "exhausted");
    assert!(!last.expect("a row").contains_key("nextAttemptAt"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_lengthens_the_time_to_the_next_attempt_and_never_shortens_it() {
    for (asked, least, most) in [
        ("1", 60, 66),
        ("59", 60, 66),
        ("600", 600, 600),
        ("86400", 86_400, 86_400),
        ("9999999", 86_400, 86_400),
    ] {
        let stage = Stage::new().await;
        let receiver = Receiver::start(move |_| Reply::Header(503, "retry-after", asked.to_owned())).await;
        let endpoint = stage.endpoint(&receiver.url).await;
        stage.world.queue(&endpoint, 1).await;
        stage.stream().await;
        let next: i64 = of(&stage.world.attempts().await[0], "nextAttemptAt").parse().expect("a time");
        let delay = (next - stage.world.clock.now().millis()) / 1_000;
        assert!((least..=most).contains(&delay), "{asked}: {delay}");
        let due = stage.world.all_due_endpoints().await;
        assert!(due.iter().any(|sk| sk.as_str() >= format!("{next:013}").as_str()), "{due:?}");
        stage.world.pass_after(seconds(u64::try_from(least).expect("seconds") - 1)).await;
        assert_eq!(receiver.received().len(), 1, "{asked}");
        stage.world.pass_after(seconds(18)).await;
        assert_eq!(receiver.received().len(), 2, "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_is_disabled_at_once_and_its_queue_waits_for_the_activation() {
    let stage = Stage::new().await;
    let receiver = Receiver::start(|_| Reply::Status(410)).await;
    let endpoint = stage.endpoint(&receiver.url).await;
    let before = stage.status_of(&endpoint).await;
    let ids = stage.world.queue_many(&endpoint, 20).await;
    stage.stream().await;
    let after = stage.status_of(&endpoint).await;
    assert_eq!((before.0.as_str(), after.0.as_str()), ("active", "inactive"));
    assert_ne!(before.1, after.1, "another version");
    assert!(receiver.received().len() <= 8);
    for _ in 0..5 {
        stage.world.pass_after(hours(24)).await;
    }
    assert!(receiver.received().len() <= 8);
    assert_eq!(stage.events("webhook.").await, [format!("webhook.disabled {} gone", endpoint.id)]);
    receiver.answer(|_| Reply::Status(200));
    stage.activate(&endpoint).await;
    stage.settle().await;
    assert!(ids.iter().all(|id| receiver.counts().contains_key(id)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_fails_for_five_days_is_disabled_and_its_owner_told_a_day_before() {
    let stage = Stage::new().await;
    let receiver = Receiver::start(|_| Reply::Status(500)).await;
    let endpoint = stage.endpoint(&receiver.url).await;
    let start = stage.world.clock.now();
    let id = endpoint.id.clone();
    stage.world.queue_many(&endpoint, 30).await;
    stage.stream().await;
    let mut told = Vec::new();
    while stage.status_of(&endpoint).await.0 == "active" {
        stage.world.pass_after(seconds(1_800)).await;
        for event in stage.events("webhook.").await {
            if !told.iter().any(|(_, known)| *known == event) {
                told.push((stage.world.clock.now(), event));
            }
        }
        assert!(stage.world.clock.now() < start.plus(hours(125)), "it is not disabled");
    }
    let day = |days: u64| start.plus(hours(24 * days));
    let near = |at: Timestamp, expected: Timestamp| at >= expected && at <= expected.plus(hours(1));
    let texts: Vec<&str> = told.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, [format!("webhook.disabling {id} "), format!("webhook.disabled {id} failing")]);
    assert!(near(told[0].0, day(4)) && near(told[1].0, day(5)), "{told:?}");
    assert!(near(stage.world.clock.now(), day(5)));
    let before = receiver.received().len();
    stage.world.pass_after(hours(48)).await;
    assert_eq!(receiver.received().len(), before);
    receiver.answer(|_| Reply::Status(200));
    stage.activate(&endpoint).await;
    // The announcement and the disabling are events of this endpoint too.
    let waiting = stage.world.waiting().await.len();
    assert!((31..=32).contains(&waiting), "{waiting}");
    stage.settle().await;
    assert_eq!(receiver.received().len(), before + waiting);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_in_between_begins_the_days_anew() {
    let stage = Stage::new().await;
    let receiver = Receiver::start(|_| Reply::Status(500)).await;
    let endpoint = stage.endpoint(&receiver.url).await;
    for day in 0..12 {
        stage.world.queue(&endpoint, day).await;
        stage.stream().await;
        // One probe of the fifth day succeeds.
        if day % 4 == 3 {
            receiver.answer(|_| Reply::Status(200));
            stage.settle().await;
            receiver.answer(|_| Reply::Status(500));
        }
        for _ in 0..24 {
            stage.world.pass_after(hours(1)).await;
        }
    }
    assert_eq!(stage.status_of(&endpoint).await.0, "active");
    assert_eq!(stage.events("webhook.disabled").await, Vec::<String>::new());
}

/// Two instances: what one of them has noted counts for the attempts that the other one begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_of_another_instance_that_failed_stops_those_that_have_not_begun() {
    let (stage, receiver) = (Stage::new().await, Receiver::start(|_| Reply::Held).await);
    let endpoint = stage.endpoint(&receiver.url).await;
    stage.world.queue_many(&endpoint, 20).await;
    let records = stage.world.records(hb_store::Table::Deliveries);
    let (one, other) = (Arc::new(stage.world.courier()), stage.world.courier());
    let sending = tokio::spawn({
        let (one, records) = (Arc::clone(&one), records[..10].to_vec());
        async move { one.consume(&records).await }
    });
    receiver.until(8).await;
    receiver.answer(|_| Reply::Status(500));
    assert!(!other.consume(&records[10..11]).await.has_failed());
    assert_eq!(receiver.received().len(), 9);
    // One first: a success after the others have seen the failure says that the endpoint works again.
    receiver.release_one();
    while stage.world.waiting().await.len() == 20 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    receiver.release();
    assert!(!sending.await.expect("a batch").has_failed());
    assert_eq!(receiver.received().len(), 9, "the ninth and the tenth of the batch wait");
    assert!(stage.world.waiting().await.iter().all(|item| !item.contains_key("claim")), "given back");
}

/// All deliveries are held by attempts of another instance: the probe is not used up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_that_finds_nothing_to_send_is_given_back() {
    let (stage, receiver) = (Stage::new().await, Receiver::start(|_| Reply::Status(500)).await);
    let endpoint = stage.endpoint(&receiver.url).await;
    stage.world.queue(&endpoint, 1).await;
    stage.stream().await;
    stage.world.clock.set(stage.world.clock.now().plus(seconds(80)));
    // An instance claims the delivery and stops.
    let now = stage.world.clock.now();
    let context = hb_store::StreamContext::new(now);
    let id = hb_domain::WebhookId::parse(&endpoint.id).expect("an id");
    let id = hb_domain::delivery::EndpointId { tenant: endpoint.tenant.clone(), id };
    let queue = stage.world.store.delivery_queue(&context);
    let due = queue.due(&id, now, 1).await.expect("the database");
    let claim = queue.claim(&due[0], now).await.expect("the database");
    assert!(matches!(claim, hb_store::Claim::Claimed(_)));
    stage.world.pass_after(seconds(0)).await;
    let health = &stage.world.webhook_items("health#").await[0];
    assert_eq!((receiver.received().len(), of(health, "probeUntil")), (1, String::new()));
}
