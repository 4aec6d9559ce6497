//! Key names: unique among the live keys of an environment.

use futures_util::future::join_all;
use hb_tests::conflicts::Conflicts;
use hb_tests::world::plenty;
use serde_json::json;

use super::{KEYS, Scene};

#[tokio::test]
async fn a_name_is_taken_in_its_own_environment_and_tenant_only() {
    let scene = Scene::new().await;
    let first = scene.named("worker").await;
    let again = scene.owner.post(KEYS, json!({"name": "worker", "scopes": ["read:memories"]})).await;
    again.expect(409, "DUPLICATE_RESOURCE");
    assert!(again.message().contains(&first.id), "{}", again.text);

    scene.create(json!({"name": "worker", "environment": "development"})).await;
    scene.named("Worker").await;
    let other = scene.world.account_with("globex", plenty()).await;
    scene.instance.client.with(&other.key).post(KEYS, json!({"name": "worker"})).await.expect(201, "");
}

/// Names are listed in terminals and on web pages, where such characters would let one key look like another.
#[tokio::test]
async fn a_name_is_a_line_that_shows_what_it_contains() {
    let scene = Scene::new().await;
    for name in [
        "",
        " ",
        "\u{3000}\u{200b}",
        "a\u{1b}[31m",
        "a\nb",
        "\u{9b}31m",
        "\u{202e}redaeR",
        "a\u{2066}b",
        "a\u{2028}b",
    ] {
        let answer = scene.owner.post(KEYS, json!({ "name": name })).await;
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.fields(), ["name"], "{name:?}");
    }
    for name in ["Reader of 🗂️ #2 👩‍👩‍👧", "שלום", "ключ", " x "] {
        let created = scene.owner.post(KEYS, json!({ "name": name })).await;
        assert_eq!(created.data()["name"], name);
    }
}

#[tokio::test]
async fn a_revoked_keys_name_is_free_again() {
    let scene = Scene::new().await;
    let first = scene.named("worker").await;
    scene.revoke(&first.id).await.expect(200, "");
    let second = scene.named("worker").await;
    assert_ne!(first.id, second.id);
    // Revoking the first one again must not release the name, which now belongs to the second one.
    scene.revoke(&first.id).await.expect(200, "");
    scene.owner.post(KEYS, json!({"name": "worker"})).await.expect(409, "DUPLICATE_RESOURCE");
}

#[tokio::test]
async fn an_expired_keys_name_is_free_again() {
    let scene = Scene::new().await;
    let body = json!({"name": "worker", "expiresAt": "2026-11-24T12:01:00Z"});
    let first = scene.create(body.clone()).await;
    scene.set_clock("2026-11-24T12:00:59.999999Z");
    scene.owner.post(KEYS, body).await.expect(409, "DUPLICATE_RESOURCE");
    scene.set_clock("2026-11-24T12:01:00Z");
    scene.named("worker").await;
    // Revoking the expired one must not release the name, which now belongs to the second one.
    scene.revoke(&first.id).await.expect(200, "");
    scene.owner.post(KEYS, json!({"name": "worker"})).await.expect(409, "DUPLICATE_RESOURCE");
}

#[tokio::test]
async fn a_rotated_key_keeps_its_name() {
    let scene = Scene::new().await;
    let key = scene.named("worker").await;
    scene.rotate(&key.id, 60).await;
    scene.owner.post(KEYS, json!({"name": "worker"})).await.expect(409, "DUPLICATE_RESOURCE");
}

#[tokio::test]
async fn of_64_concurrent_requests_for_a_name_one_succeeds() {
    let scene = Scene::new().await;
    let other = scene.world.instance().await;
    let clients = [scene.owner.clone(), other.client.with(&scene.account.key)];
    let asked = (0..64).map(|n| clients[n % 2].post(KEYS, json!({"name": "worker"})));
    assert_one_created(&join_all(asked).await);
}

/// DynamoDB cancels a transaction that conflicts with another one on the item of live names. The losing request is
/// either refused with the reason or retried.
#[tokio::test]
async fn conflicting_transactions_are_no_outage() {
    let scene = Scene::new().await;
    let other = scene.world.instance().await;
    let conflicts = Conflicts::default();
    scene.instance.tap.conflict(&conflicts);
    other.tap.conflict(&conflicts);
    let clients = [scene.owner.clone(), other.client.with(&scene.account.key)];
    let asked = (0..64).map(|n| clients[n % 2].post(KEYS, json!({"name": "worker"})));
    assert_one_created(&join_all(asked).await);

    let asked = (0..32).map(|n| clients[n % 2].post(KEYS, json!({"name": format!("worker {n}")})));
    let created = join_all(asked).await;
    created.iter().for_each(|answer| answer.expect(201, ""));
    let ids = created.iter().map(|answer| &answer.data()["id"]);
    let revoked =
        join_all(ids.map(|id| clients[0].post("/api/v1/api-keys/revoke", json!({ "keyId": id })))).await;
    revoked.iter().for_each(|answer| answer.expect(200, ""));
}

#[tokio::test]
async fn of_many_concurrent_requests_for_an_expired_keys_name_one_succeeds() {
    let scene = Scene::new().await;
    scene.create(json!({"name": "worker", "expiresAt": "2026-11-24T12:01:00Z"})).await;
    scene.set_clock("2026-11-24T12:01:00Z");
    let asked = (0..32).map(|_| scene.owner.post(KEYS, json!({"name": "worker"})));
    assert_one_created(&join_all(asked).await);
}

#[track_caller]
fn assert_one_created(answers: &[hb_tests::Answer]) {
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.expect(409, "DUPLICATE_RESOURCE");
    }
}
