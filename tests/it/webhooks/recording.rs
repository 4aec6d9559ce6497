//! Events are recorded while the tenant has an endpoint: the flag on the tenant's item and the head of the feed.

use std::time::Duration;

use hb_tests::{Client, Driven, Fault, Instance};
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::{Scene, WEBHOOKS, id_of, numbered, path_of};

#[tokio::test]
async fn recording_begins_with_the_first_endpoint_active_or_not_and_ends_with_the_last() {
    let scene = Scene::new().await;
    assert!(!scene.is_recording().await);
    scene.owner.get(WEBHOOKS).await.expect(200, "");
    scene.owner.post(WEBHOOKS, json!({})).await.expect(400, "VALIDATION_ERROR");
    assert!(
        !scene.is_recording().await && scene.items().await.is_empty(),
        "a refused request begins nothing"
    );
    let mut inactive = numbered(1);
    inactive["status"] = json!("inactive");
    let first = scene.owner.post(WEBHOOKS, inactive).await;
    assert!(scene.is_recording().await);
    let head = scene.world.feed_head(&scene.account.tenant).await.expect("a head");
    assert_eq!((head.position, head.endpoints, head.since), (0, 1, scene.instance.clock.now()));

    scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_secs(10)));
    let second = scene.create(2).await;
    let later = scene.world.feed_head(&scene.account.tenant).await.expect("a head");
    assert_eq!((later.endpoints, later.since), (2, head.since), "the first one began it");
    scene.owner.send(Method::DELETE, &path_of(&first), None).await.expect(200, "");
    assert!(scene.is_recording().await);
    scene.owner.send(Method::DELETE, &path_of(&second), None).await.expect(200, "");
    assert!(!scene.is_recording().await);
    let ended = scene.world.feed_head(&scene.account.tenant).await.expect("a head");
    assert_eq!((ended.endpoints, ended.generation), (0, head.generation + 1));

    scene.create(3).await;
    let again = scene.world.feed_head(&scene.account.tenant).await.expect("a head");
    assert_eq!(again.since, scene.instance.clock.now(), "recording began anew");
    assert!(scene.is_recording().await);
}

#[tokio::test]
async fn the_repetition_of_a_deletion_that_ended_halfway_ends_the_recording() {
    let scene = Scene::new().await;
    for (number, call) in ["DynamoDB GetItem Tenants", "DynamoDB UpdateItem Webhooks"].into_iter().enumerate()
    {
        let path = path_of(&scene.create(number).await);
        scene.instance.tap.fail(call, Fault::Reset, true);
        scene.owner.send(Method::DELETE, &path, None).await.expect(503, "SERVICE_UNAVAILABLE");
        scene.instance.tap.mend();
        assert_eq!((scene.counted().await, scene.is_recording().await), (0, true), "{call}");
        scene.owner.send(Method::DELETE, &path, None).await.expect(404, "RESOURCE_NOT_FOUND");
        assert!(!scene.is_recording().await, "{call}");
    }
}

/// A request about endpoints that an instance carries out call by call.
fn driven(instance: &Instance, client: &Client, method: Method, path: &str, number: usize) -> Driven {
    let (client, path) = (client.clone(), path.to_owned());
    let body = (method == Method::POST).then(|| numbered(number));
    Driven::start(instance, async move { client.send(method, &path, body).await })
}

/// The flag is raised while an endpoint exists, at every point, and lowered when the last one was deleted.
#[tokio::test]
async fn a_creation_beside_the_deletion_of_the_last_endpoint_is_recorded_wherever_either_stops() {
    let mut orders = 0;
    for deleted_first in 0.. {
        let mut is_over = false;
        for created_next in 0.. {
            let scene = Scene::new().await;
            let last = scene.create(1).await;
            let other = scene.world.instance().await;
            other.client.with(&scene.account.key).get(WEBHOOKS).await.expect(200, "");
            let client = other.client.with(&scene.account.key);
            // The deletion makes some calls, then the creation makes some, then the deletion ends, then the creation does.
            let mut deletion = driven(&scene.instance, &scene.owner, Method::DELETE, &path_of(&last), 0);
            let mut has_ended = false;
            for _ in 0..deleted_first {
                has_ended |= deletion.step().await.is_none();
            }
            let mut creation = driven(&other, &client, Method::POST, WEBHOOKS, 2);
            let mut is_created = false;
            for _ in 0..created_next {
                is_created |= creation.step().await.is_none();
            }
            let context =
                format!("{deleted_first} calls of the deletion, then {created_next} of the creation");
            while deletion.step().await.is_some() {
                assert!(scene.counted().await == 0 || scene.is_recording().await, "{context}");
            }
            deletion.finish().await.expect(200, "");
            assert!(scene.counted().await == 0 || scene.is_recording().await, "{context}");
            while creation.step().await.is_some() {
                assert!(scene.counted().await == 0 || scene.is_recording().await, "{context}");
            }
            creation.finish().await.expect(201, "");
            assert_eq!((scene.counted().await, scene.is_recording().await), (1, true), "{context}");
            scene.assert_consistent().await;
            orders += 1;
            is_over = has_ended;
            if is_created {
                break;
            }
        }
        if is_over {
            break;
        }
    }
    assert!(orders > 30, "{orders} orders");
}

/// Random requests of several instances, each stopped before any of its calls.
#[tokio::test]
async fn whatever_the_order_of_calls_the_flag_is_raised_exactly_while_there_is_an_endpoint() {
    let seed = hb_tests::seed::next();
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..25 {
        let scene = Scene::new().await;
        let mut known = vec![id_of(&scene.create(0).await)];
        let mut running = Vec::new();
        for number in 1..6 {
            let instance = scene.world.instance().await;
            let client = instance.client.with(&scene.account.key);
            client.get(WEBHOOKS).await.expect(200, "");
            let request = if random.random_bool(0.5) {
                driven(&instance, &client, Method::POST, WEBHOOKS, number)
            } else {
                let id = &known[random.random_range(0..known.len())];
                driven(&instance, &client, Method::DELETE, &format!("{WEBHOOKS}/{id}"), 0)
            };
            running.push((instance, request));
            // Some are over before others begin.
            if random.random_bool(0.3) {
                let (_instance, request) = running.swap_remove(random.random_range(0..running.len()));
                let answer = request.finish().await;
                if answer.status == 201 {
                    known.push(id_of(&answer));
                }
            }
        }
        while !running.is_empty() {
            let chosen = random.random_range(0..running.len());
            if running[chosen].1.step().await.is_none() {
                let (_instance, request) = running.swap_remove(chosen);
                let status = request.finish().await.status.as_u16();
                assert!([200, 201, 404].contains(&status), "{status}");
            }
            assert!(scene.counted().await == 0 || scene.is_recording().await, "an endpoint is not recorded");
        }
        assert_eq!(scene.counted().await > 0, scene.is_recording().await);
        scene.assert_consistent().await;
    }
}
