//! Requests about endpoints that stop at any call while their tenant is erased or suspended.

use hb_tests::Driven;
use http::Method;

use super::{Scene, WEBHOOKS, numbered, path_of};

/// What is left of the tenant, but the usage of its keys, by table.
async fn left(scene: &Scene) -> Vec<String> {
    let everything = scene.world.everything().await;
    let of_tenant = everything.lines().filter(|line| line.contains("acme"));
    // The schedule deletes due endpoints.
    let is_left = |line: &String| !["Usage ", "DueEndpoints "].iter().any(|table| line.starts_with(table));
    of_tenant.map(str::to_owned).filter(is_left).collect()
}

/// A request that a warm instance has begun, and that is held before the call of this index; `None` if it makes fewer calls.
async fn held(scene: &Scene, method: Method, path: &str, at: usize) -> Option<Driven> {
    let (client, path) = (scene.owner.clone(), path.to_owned());
    let body = (method == Method::POST).then(|| numbered(1));
    let mut request = Driven::start(&scene.instance, async move { client.send(method, &path, body).await });
    for _ in 0..at {
        request.step().await;
    }
    request.peek().await.is_some().then_some(request)
}

async fn warm() -> Scene {
    let scene = Scene::new().await;
    let other = scene.world.account_with("globex", hb_tests::world::plenty()).await;
    scene.instance.client.with(&other.key).post(WEBHOOKS, numbered(0)).await.expect(201, "");
    scene.owner.get(WEBHOOKS).await.expect(200, "");
    scene
}

#[tokio::test]
async fn nothing_of_an_erased_tenant_is_left_wherever_a_creation_or_a_deletion_stopped() {
    for (method, endpoints) in [(Method::POST, 0), (Method::POST, 1), (Method::DELETE, 1)] {
        for at in 0.. {
            let scene = warm().await;
            let mut path = WEBHOOKS.to_owned();
            for number in 0..endpoints {
                let created = scene.create(number + 2).await;
                if method == Method::DELETE {
                    path = path_of(&created);
                }
            }
            let Some(request) = held(&scene, method.clone(), &path, at).await else {
                assert!(at > 4, "{at} calls");
                break;
            };
            let erasure = scene.world.store.operator().erase(&scene.account.tenant, |_, _| {}).await;
            erasure.expect("an erasure");
            let status = request.finish().await.status.as_u16();
            assert!([200, 201, 401, 404].contains(&status), "{status}");
            let left = left(&scene).await;
            assert!(left.is_empty(), "{method} with {endpoints} endpoints, call {at}, {status}: {left:?}");
        }
    }
}

#[tokio::test]
async fn an_erasure_that_stops_at_any_call_during_a_creation_leaves_nothing() {
    for at in 0.. {
        let scene = warm().await;
        let (store, tap) = scene.world.tapped_store();
        let mut calls = tap.hold();
        let tenant = scene.account.tenant.clone();
        let mut creation = held(&scene, Method::POST, WEBHOOKS, 0).await.expect("a call");
        while creation.peek().await.is_some_and(|call| !call.contains("TransactWriteItems")) {
            creation.step().await;
        }
        let mut erasing =
            tokio::spawn(async move { store.operator().erase(&tenant, |_, _| {}).await.map(drop) });
        let (mut creation, mut passed) = (Some(creation), 0);
        loop {
            let call = tokio::select! {
                Some(call) = calls.recv() => call,
                erased = &mut erasing => break erased.expect("an end").expect("an erasure"),
            };
            if passed == at
                && let Some(creation) = creation.take()
            {
                creation.finish().await;
            }
            call.pass().await;
            passed += 1;
        }
        if creation.is_some() {
            assert!(at > 10, "{at} calls");
            return;
        }
        let left = left(&scene).await;
        assert!(left.is_empty(), "created before call {at}: {left:?}");
    }
}

#[tokio::test]
async fn an_endpoint_of_a_tenant_that_was_suspended_meanwhile_is_not_created() {
    for endpoints in 0..2 {
        let scene = warm().await;
        for number in 0..endpoints {
            scene.create(number + 2).await;
        }
        let before = scene.items().await;
        let mut creation = held(&scene, Method::POST, WEBHOOKS, 0).await.expect("a call");
        while creation.peek().await.is_some_and(|call| !call.contains("TransactWriteItems")) {
            creation.step().await;
        }
        let tenants = scene.world.store.tenants();
        tenants.set_suspended(&scene.account.tenant, true).await.expect("the database");
        creation.finish().await.expect(403, "TENANT_SUSPENDED");
        tenants.set_suspended(&scene.account.tenant, false).await.expect("the database");
        assert_eq!(scene.items().await.len(), before.len());
        assert_eq!(scene.counted().await > 0, scene.is_recording().await);
        scene.assert_consistent().await;
        scene.create(1).await;
    }
}

#[tokio::test]
async fn a_deletion_that_goes_on_after_its_tenant_was_created_again_leaves_the_new_flag() {
    let scene = warm().await;
    let path = path_of(&scene.create(1).await);
    let mut deletion = held(&scene, Method::DELETE, &path, 0).await.expect("a call");
    // Up to the last call, which lowers the flag.
    deletion.step_past("DynamoDB UpdateItem Webhooks").await;
    assert_eq!(deletion.peek().await.as_deref(), Some("DynamoDB UpdateItem Tenants"));
    scene.world.store.operator().erase(&scene.account.tenant, |_, _| {}).await.expect("an erasure");

    scene.world.clock.set(scene.world.clock.now().plus(std::time::Duration::from_secs(1)));
    let again = scene.world.account_with("acme", hb_tests::world::plenty()).await;
    let other = scene.world.instance().await;
    other.client.with(&again.key).post(WEBHOOKS, numbered(2)).await.expect(201, "");
    deletion.finish().await.expect(200, "");
    assert_eq!((scene.counted().await, scene.is_recording().await), (1, true));
}
