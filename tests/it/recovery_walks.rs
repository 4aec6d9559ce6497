//! The walk of a recovery queues each event from its time on, whatever fails, and waits for events that cannot be read yet.

use std::time::Duration;

use hb_domain::delivery::EndpointId;
use hb_domain::event::EventId;
use hb_domain::{TenantId, Timestamp, WebhookId};
use hb_store::{Claim, DeliveryKey, RecoveryProgress, StreamContext};
use hb_tests::feed::{About, event_id};
use hb_tests::world::plenty;
use hb_tests::{Fault, World};

const DAY: Duration = Duration::from_secs(86_400);
const SECOND: Duration = Duration::from_secs(1);

/// A tenant with a feed and an endpoint that gets searches.
struct Scene {
    world: World,
    tenant: TenantId,
    id: WebhookId,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let tenant = world.account_with("acme", plenty()).await.tenant;
        world.listen(&tenant).await;
        let id = world.subscribe(&tenant, 1, &["search.*"], "active").await;
        Self { world, tenant, id }
    }

    /// Appends events at these positions, now.
    async fn append(&self, positions: impl IntoIterator<Item = u64>) {
        for position in positions {
            self.world.append(&self.tenant, position, About::Search(position)).await;
        }
    }

    /// Begins a recovery now, as a request does.
    async fn recover(&self, since: Timestamp) {
        let operator = self.world.operator(&self.tenant);
        let deliveries = self.world.store.with(&operator).deliveries();
        deliveries.recover(&self.id, since).await.expect("a recovery");
    }

    async fn step(&self) -> RecoveryProgress {
        self.world.step(&self.world.store, &self.tenant, &self.id).await.expect("the database")
    }

    async fn assert_queued(&self, positions: impl IntoIterator<Item = u64>, context: &str) {
        let ids: Vec<String> = positions.into_iter().map(event_id).collect();
        self.world.assert_queued(&self.tenant, &self.id, &ids, context).await;
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    fn pass(&self, time: Duration) {
        self.world.clock.set(self.now().plus(time));
    }
}

#[tokio::test]
async fn a_walk_queues_what_the_endpoint_subscribes_to_from_its_time_on_in_bounded_steps() {
    let scene = Scene::new().await;
    scene.append(1..=150).await;
    scene.pass(DAY);
    let since = scene.now();
    scene.append(151..=160).await;
    scene.world.append(&scene.tenant, 161, About::Deleted("mem_0ivw4q1c00000000000001", "deleted")).await;
    scene.pass(SECOND);
    scene.append(162..=400).await;
    scene.pass(SECOND);
    scene.recover(since.plus(SECOND)).await;
    scene.pass(SECOND);
    // Whatever comes later is queued by the recorder.
    scene.append(401..=420).await;
    // From 151 on events may have happened since then.
    assert_eq!(scene.world.walk(&scene.tenant, &scene.id).await, 3);
    scene.assert_queued(162..=400, "since a time").await;
    let due = since.plus(SECOND).plus(SECOND).millis();
    assert!(scene.world.queued(&scene.tenant).await.iter().all(|queued| queued.due == due));
    assert_eq!(scene.step().await, RecoveryProgress::Finished);
}

#[tokio::test]
async fn a_second_recovery_keeps_the_earlier_time_and_starts_over() {
    let scene = Scene::new().await;
    scene.append(1..=20).await;
    let first = scene.now();
    for (earlier, later) in [(true, false), (false, true)] {
        scene.pass(SECOND);
        scene.recover(if earlier { first } else { first.plus(DAY) }).await;
        scene.pass(SECOND);
        scene.recover(if later { first } else { first.plus(DAY) }).await;
        scene.world.walk(&scene.tenant, &scene.id).await;
        let events: Vec<String> =
            scene.world.queued(&scene.tenant).await.into_iter().map(|queued| queued.event).collect();
        let rounds = if earlier { 1 } else { 2 };
        assert_eq!(events.len(), 20 * rounds, "each recovery sends them again");
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_exist_is_not_recovered() {
    let scene = Scene::new().await;
    let operator = scene.world.operator(&scene.tenant);
    let deliveries = scene.world.store.with(&operator).deliveries();
    let absent = hb_tests::queue::endpoint_id(2);
    let refused = deliveries.recover(&absent, scene.now()).await;
    assert!(matches!(refused, Err(hb_domain::Error::NotFound)), "{refused:?}");
    assert_eq!(scene.world.due_endpoints(&scene.tenant).await, []);
}

#[tokio::test]
async fn a_walk_waits_for_events_that_cannot_be_read_yet_and_passes_those_that_are_gone() {
    let scene = Scene::new().await;
    scene.append([1, 2, 5, 6]).await;
    let since = scene.now();
    scene.pass(SECOND);
    scene.recover(since).await;
    let waiting = RecoveryProgress::Unfinished(scene.now().plus(Duration::from_secs(10)));
    assert_eq!(scene.step().await, waiting);
    scene.assert_queued([1, 2], "before the gap").await;
    scene.world.append_at(&scene.tenant, 3, About::Search(3), since).await;
    assert_eq!(scene.step().await, waiting);
    scene.assert_queued([1, 2, 3], "a part of it").await;
    // Position 4 is missing for good.
    scene.pass(Duration::from_secs(300));
    assert_eq!(scene.step().await, RecoveryProgress::Finished);
    scene.assert_queued([1, 2, 3, 5, 6], "behind the gap").await;
}

/// The recorder's clock is ahead of, or behind, that of the instance that is asked for the recovery.
#[tokio::test]
async fn what_was_appended_before_the_request_is_queued_whatever_the_clocks_say() {
    for (before, after) in [(3, 3), (0, 0), (3, 0)] {
        let scene = Scene::new().await;
        let since = scene.now();
        scene.pass(SECOND);
        let search = |position| (position, About::Search(position));
        for (position, about) in [1, 2].map(search) {
            scene.world.append_at(&scene.tenant, position, about, since.plus(SECOND * before)).await;
        }
        scene.world.set_head(&scene.tenant, 2).await;
        scene.recover(since).await;
        for (position, about) in [3, 4].map(search) {
            scene.world.append_at(&scene.tenant, position, about, since.plus(SECOND * after)).await;
        }
        scene.world.walk(&scene.tenant, &scene.id).await;
        // A clock that is behind has them sent once more.
        let last = if after == 0 { 4 } else { 2 };
        scene.assert_queued(1..=last, &format!("{before} s, {after} s")).await;
    }
}

/// A transaction has moved the head, and its events cannot be read yet.
#[tokio::test]
async fn a_walk_waits_for_the_last_events_before_the_request() {
    let scene = Scene::new().await;
    let since = scene.now();
    scene.append([1]).await;
    scene.world.set_head(&scene.tenant, 2).await;
    scene.recover(since).await;
    let waiting = RecoveryProgress::Unfinished(scene.now().plus(Duration::from_secs(10)));
    assert_eq!(scene.step().await, waiting);
    scene.world.append_at(&scene.tenant, 2, About::Search(2), since).await;
    assert_eq!(scene.step().await, RecoveryProgress::Finished);
    scene.assert_queued([1, 2], "the last").await;
    scene.world.set_head(&scene.tenant, 3).await;
    scene.recover(since).await;
    scene.pass(Duration::from_secs(300));
    assert_eq!(scene.step().await, RecoveryProgress::Finished, "it is missing for good");
}

#[tokio::test]
async fn a_walk_begins_behind_events_that_are_gone() {
    let scene = Scene::new().await;
    let since = scene.now();
    scene.append([700, 701]).await;
    scene.pass(SECOND);
    scene.recover(since).await;
    assert_eq!(scene.world.walk(&scene.tenant, &scene.id).await, 1);
    scene.assert_queued([700, 701], "the first that there is").await;
}

/// A second lease for it would have two instances send the same event at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_step_leaves_a_delivery_that_is_being_sent_as_it_is() {
    let scene = Scene::new().await;
    let since = scene.now();
    scene.append(1..=2).await;
    scene.pass(SECOND);
    scene.recover(since).await;
    let (store, tap) = scene.world.tapped_store();
    // The step stops before it ends the recovery.
    tap.fail("DynamoDB DeleteItem Webhooks", Fault::Reset, true);
    scene.world.step(&store, &scene.tenant, &scene.id).await.expect_err("a fault");
    let context = StreamContext::new(scene.now());
    let queue = scene.world.store.delivery_queue(&context);
    let endpoint = EndpointId { tenant: scene.tenant.clone(), id: scene.id.clone() };
    let key =
        DeliveryKey { endpoint, due_at: scene.now(), event_id: EventId::parse(&event_id(1)).expect("an id") };
    let claimed = queue.claim(&key, scene.now()).await.expect("the database");
    assert!(matches!(claimed, Claim::Claimed(_)), "{claimed:?}");
    assert_eq!(scene.step().await, RecoveryProgress::Finished);
    let again = queue.claim(&key, scene.now()).await.expect("the database");
    assert!(matches!(again, Claim::Held(_)), "{again:?}");
    assert_eq!(scene.world.queued(&scene.tenant).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pass_that_is_late_does_not_move_a_walk_back() {
    let scene = Scene::new().await;
    let since = scene.now();
    scene.append(1..=250).await;
    scene.pass(SECOND);
    scene.recover(since).await;
    let (store, tap) = scene.world.tapped_store();
    let mut held = tap.hold();
    let (world, tenant, id) = (&scene.world, &scene.tenant, &scene.id);
    let late = world.step(&store, tenant, id);
    let others = async {
        // The late one has read where the recovery is.
        held.recv().await.expect("a call").pass().await;
        scene.step().await;
        scene.step().await;
        drop(held);
    };
    let (late, ()) = tokio::join!(late, others);
    assert!(matches!(late, Ok(RecoveryProgress::Unfinished(_))), "{late:?}");
    assert_eq!(scene.world.walk(tenant, id).await, 1, "the last fifty");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_of_a_walk_may_fail_in_every_way() {
    let calls = {
        let scene = walked(None).await;
        let (store, tap) = scene.world.tapped_store();
        while scene.world.step(&store, &scene.tenant, &scene.id).await.expect("a step")
            != RecoveryProgress::Finished
        {}
        tap.take()
    };
    assert!(calls.len() > 130, "{}", calls.len());
    // Of the many that queue deliveries, the first and the last of each step.
    let name = |at: usize| calls.get(at).map(|call| &call.name);
    let differs = |at: &usize| *at == 0 || name(at - 1) != name(*at) || name(*at) != name(at + 1);
    for at in (0..calls.len()).filter(differs) {
        for fault in Fault::ALL {
            let scene = walked(Some((at, fault))).await;
            scene.assert_queued(1..=130, &format!("{fault:?} at {at}")).await;
        }
    }
}

/// A scene with 130 events and a recovery, which is walked to its end if a call is to fail.
async fn walked(fault: Option<(usize, Fault)>) -> Scene {
    let scene = Scene::new().await;
    let since = scene.now();
    scene.append(1..=130).await;
    scene.pass(SECOND);
    scene.recover(since).await;
    let Some((at, fault)) = fault else { return scene };
    let (store, tap) = scene.world.tapped_store();
    tap.fail_at(at, fault, true);
    loop {
        match scene.world.step(&store, &scene.tenant, &scene.id).await {
            Ok(RecoveryProgress::Finished) => return scene,
            Ok(RecoveryProgress::Unfinished(_)) => {}
            Err(_) => drop(tap.mend()),
        }
        scene.pass(SECOND);
    }
}
