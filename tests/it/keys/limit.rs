//! The number of live keys: a tenant has at most a hundred.

use futures_util::future::join_all;
use hb_domain::Scopes;
use hb_tests::world::{moment, plenty};
use serde_json::json;

use super::{KEYS, Scene};

/// Creates keys until the tenant has `count`; the last one expires at 12:01.
async fn fill(scene: &Scene, count: usize) -> Vec<String> {
    let end = moment("2026-11-24T12:01:00Z");
    let mut ids = Vec::new();
    for number in 1..count {
        let end = (number == count - 1).then_some(end);
        ids.push(scene.world.key(&scene.account.tenant, Scopes::all(), end).await.0.to_string());
    }
    ids
}

async fn refused(scene: &Scene) {
    let answer = scene.owner.post(KEYS, json!({"name": "one too many"})).await;
    answer.expect(402, "INSUFFICIENT_QUOTA");
    assert!(answer.message().contains("100"), "{}", answer.text);
}

#[tokio::test]
async fn concurrent_creates_at_the_limit_create_exactly_as_many_keys_as_fit() {
    let scene = Scene::new().await;
    fill(&scene, 95).await;
    let other = scene.world.instance().await;
    let clients = [scene.owner.clone(), other.client.with(&scene.account.key)];
    let asked = (0..40).map(|n| clients[n % 2].post(KEYS, json!({"name": format!("worker {n}")})));
    let answers = join_all(asked).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 5);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.expect(402, "INSUFFICIENT_QUOTA");
    }
    let listed = scene.owner.get(KEYS).await;
    assert_eq!(listed.data()["keys"].as_array().map(Vec::len), Some(100));
}

#[tokio::test]
async fn a_revoked_and_an_expired_key_each_release_one_key_of_the_limit() {
    let scene = Scene::new().await;
    let ids = fill(&scene, 100).await;
    refused(&scene).await;

    scene.revoke(&ids[0]).await.expect(200, "");
    scene.revoke(&ids[0]).await.expect(200, "");
    scene.named("in the place of the revoked one").await;
    refused(&scene).await;

    scene.set_clock("2026-11-24T12:01:00Z");
    scene.named("in the place of the expired one").await;
    refused(&scene).await;
    // The expired key's name has been released already; revoking the key releases nothing.
    scene.revoke(&ids[98]).await.expect(200, "");
    refused(&scene).await;
}

#[tokio::test]
async fn a_rotation_does_not_count_and_each_tenant_has_its_own_limit() {
    let scene = Scene::new().await;
    let ids = fill(&scene, 100).await;
    scene.rotate(&ids[0], 60).await;
    let other = scene.world.account_with("globex", plenty()).await;
    scene.instance.client.with(&other.key).post(KEYS, json!({"name": "worker"})).await.expect(201, "");
}
