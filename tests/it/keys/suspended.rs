//! A suspended tenant: refused on every route, and accepted again when the suspension ends.

use hb_tests::world::plenty;
use http::Method;
use serde_json::json;

use super::{KEYS, MEMORIES, Scene};

async fn suspend(scene: &Scene, suspended: bool) {
    let tenant = &scene.account.tenant;
    assert!(scene.world.store.tenants().set_suspended(tenant, suspended).await.expect("the tenant"));
}

#[tokio::test]
async fn a_suspended_tenant_is_refused_from_the_next_request_on() {
    let scene = Scene::new().await;
    let key = scene.named("worker").await;
    assert_eq!(scene.try_key(&key.plain).await.status, 200);
    suspend(&scene, true).await;
    let fresh = scene.world.instance().await;
    for client in [&scene.instance.client, &fresh.client] {
        let client = client.with(&key.plain);
        client.get(MEMORIES).await.expect(403, "TENANT_SUSPENDED");
        client.get(KEYS).await.expect(403, "TENANT_SUSPENDED");
        client.get("/api/v1/rate-limit").await.expect(403, "TENANT_SUSPENDED");
        for (call, body) in [
            ("", json!({"name": "another"})),
            ("/rotate", json!({"keyId": key.id})),
            ("/revoke", json!({"keyId": key.id})),
        ] {
            let answer = client.send(Method::POST, &format!("{KEYS}{call}"), Some(body)).await;
            answer.expect(403, "TENANT_SUSPENDED");
            assert_ne!(
                answer.header("x-ratelimit-limit"),
                "",
                "an authenticated caller gets its rate-limit status"
            );
        }
    }
}

#[tokio::test]
async fn a_suspension_costs_nothing_and_ends_within_five_seconds() {
    let scene = Scene::new().await;
    scene.try_key(&scene.account.key).await;
    suspend(&scene, true).await;
    for _ in 0..3 {
        scene.try_key(&scene.account.key).await.expect(403, "TENANT_SUSPENDED");
    }
    suspend(&scene, false).await;
    scene.set_clock("2026-11-24T12:00:05Z");
    let answer = scene.try_key(&scene.account.key).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-ratelimit-remaining"), (plenty().per_month - 2).to_string());
}

#[tokio::test]
async fn a_suspension_affects_one_tenant_and_is_visible_only_to_holders_of_its_keys() {
    let scene = Scene::new().await;
    let other = scene.world.account_with("globex", plenty()).await;
    suspend(&scene, true).await;
    assert_eq!(scene.try_key(&other.key).await.status, 200);
    scene.try_key(&format!("{}x", scene.account.key)).await.expect(401, "AUTH_INVALID");
}
