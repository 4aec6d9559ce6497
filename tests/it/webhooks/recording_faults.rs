//! The creation of a tenant's first endpoint that fails or stops at any call: the flag is raised only while there is an endpoint.

use futures_util::{StreamExt, stream};
use hb_tests::{Driven, Fault};
use http::Method;

use super::{Scene, WEBHOOKS, numbered, path_of};

/// A valid id that no endpoint has.
const ABSENT: &str = "/api/v1/webhooks/whk_0000000000000000";
/// How many trials run at a time.
const AT_ONCE: usize = 8;

/// A scene whose instance has read key, tenant, pepper and the key of the secrets, of a tenant that never had an endpoint.
async fn warm() -> Scene {
    let scene = Scene::new().await;
    let other = scene.world.account_with("globex", hb_tests::world::plenty()).await;
    scene.instance.client.with(&other.key).post(WEBHOOKS, numbered(0)).await.expect(201, "");
    scene.owner.get(WEBHOOKS).await.expect(200, "");
    assert!(scene.items().await.is_empty());
    scene.instance.tap.take();
    scene
}

impl Scene {
    /// Checks that the flag is raised exactly while there is an endpoint.
    async fn assert_flag(&self, context: &str) {
        self.assert_consistent().await;
        assert_eq!(self.is_recording().await, self.counted().await > 0, "{context}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_creation_whose_calls_fail_leaves_no_flag_without_an_endpoint() {
    let scene = warm().await;
    scene.create(1).await;
    let calls: Vec<String> = scene.instance.tap.take().into_iter().map(|call| call.name).collect();
    assert!(calls.len() > 4, "{calls:?}");
    let kinds = (0..calls.len()).flat_map(|at| Fault::ALL.map(|fault| (at, fault)));
    let trials = kinds.flat_map(|(at, fault)| [false, true].map(|lasting| (at, fault, lasting)));
    stream::iter(trials)
        .for_each_concurrent(AT_ONCE, async |(at, fault, lasting)| {
            let scene = warm().await;
            scene.instance.tap.fail_at(at, fault, lasting);
            let status = scene.owner.post(WEBHOOKS, numbered(1)).await.status;
            scene.instance.tap.mend();
            let context = format!("call {at}: {fault:?}, lasting: {lasting}, {status}");
            if !lasting {
                scene.assert_flag(&context).await;
            }
            // What the faults prevented the request from doing is made up for.
            scene.owner.send(Method::DELETE, ABSENT, None).await.expect(404, "RESOURCE_NOT_FOUND");
            scene.assert_flag(&context).await;
            let second = scene.create(2).await;
            scene.owner.send(Method::DELETE, &path_of(&second), None).await.expect(200, "");
            scene.assert_flag(&context).await;
        })
        .await;
}

#[tokio::test]
async fn a_first_creation_that_is_refused_by_the_database_lowers_the_flag_at_once() {
    let scene = warm().await;
    scene.instance.tap.fail("DynamoDB TransactWriteItems", Fault::Reset, true);
    scene.owner.post(WEBHOOKS, numbered(1)).await.expect(503, "SERVICE_UNAVAILABLE");
    scene.instance.tap.mend();
    assert!(!scene.is_recording().await);
}

#[tokio::test]
async fn a_first_creation_that_stops_or_goes_on_later_leaves_no_flag_without_an_endpoint() {
    let mut stops = 0;
    for at in 0.. {
        for goes_on in [false, true] {
            let scene = warm().await;
            let other = scene.world.instance().await;
            let owner = other.client.with(&scene.account.key);
            owner.get(WEBHOOKS).await.expect(200, "");
            let client = scene.owner.clone();
            let request = async move { client.post(WEBHOOKS, numbered(1)).await };
            let mut creation = Driven::start(&scene.instance, request);
            for _ in 0..at {
                creation.step().await;
            }
            if creation.peek().await.is_none() {
                assert!(stops > 8, "{stops} stops");
                return;
            }
            stops += 1;
            let context = format!("stopped after {at} calls");
            owner.send(Method::DELETE, ABSENT, None).await.expect(404, "RESOURCE_NOT_FOUND");
            if scene.counted().await == 0 {
                assert!(!scene.is_recording().await, "{context}");
            }
            if goes_on {
                creation.finish().await.expect(201, "");
                assert_eq!((scene.counted().await, scene.is_recording().await), (1, true), "{context}");
            }
            let second = owner.post(WEBHOOKS, numbered(2)).await;
            owner.send(Method::DELETE, &path_of(&second), None).await.expect(200, "");
            scene.assert_flag(&context).await;
        }
    }
}
