//! Revoking a key: immediate, permanent, and only visible to the holder of its secret.

use futures_util::future::join_all;
use hb_domain::key::Environment;
use hb_domain::{ApiKey, KeyId, Scope};
use hb_tests::world::{moment, plenty};
use rand::SeedableRng;
use serde_json::{Value, json};

use super::{KEYS, MEMORIES, Scene};

async fn status_in_list(scene: &Scene, id: &str) -> Option<Value> {
    let answer = scene.owner.get(KEYS).await;
    let keys = answer.data()["keys"].as_array().expect("keys");
    keys.iter().find(|key| key["id"] == id).map(|key| json!([key["status"], key["revokedAt"]]))
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once_on_every_instance() {
    let scene = Scene::new().await;
    let other = scene.world.instance().await;
    let key = scene.named("worker").await;
    let warm = other.client.with(&key.plain);
    assert_eq!(warm.get(MEMORIES).await.status, 200);
    scene.revoke(&key.id).await.expect(200, "");
    for client in [&scene.instance.client, &other.client, &scene.world.instance().await.client] {
        let refused = client.with(&key.plain).get(MEMORIES).await;
        refused.expect(401, "AUTH_INVALID");
        assert_eq!(refused.message(), "The API key has been revoked");
    }
}

#[tokio::test]
async fn revoking_again_returns_the_same() {
    let scene = Scene::new().await;
    let key = scene.named("worker").await;
    scene.set_clock("2026-11-24T12:00:01.500Z");
    let first = scene.revoke(&key.id).await;
    let expected = json!({"id": key.id, "status": "revoked", "revokedAt": "2026-11-24T12:00:01.500Z"});
    assert_eq!(*first.data(), expected);
    scene.set_clock("2026-11-25T00:00:00Z");
    for _ in 0..2 {
        assert_eq!(*scene.revoke(&key.id).await.data(), expected);
    }
    let shown = scene.owner.get(&format!("{KEYS}/{}", key.id)).await;
    assert_eq!(shown.data()["status"], "revoked");
    assert_eq!(shown.data()["revokedAt"], "2026-11-24T12:00:01.500Z");
}

#[tokio::test]
async fn concurrent_revocations_return_the_same() {
    let scene = Scene::new().await;
    let key = scene.named("worker").await;
    // Their clocks differ, so that only one of the times can be stored.
    let mut instances = Vec::new();
    for second in 1..5 {
        scene.world.clock.set(moment(&format!("2026-11-24T12:00:0{second}Z")));
        instances.push(scene.world.instance().await);
    }
    let body = json!({"keyId": key.id});
    let asked = instances.iter().cycle().take(16).map(|instance| {
        let client = instance.client.with(&scene.account.key);
        let body = body.clone();
        async move { client.post(&format!("{KEYS}/revoke"), body).await }
    });
    let answers = join_all(asked).await;
    for answer in &answers {
        assert_eq!(answer.data(), answers[0].data());
    }
}

#[tokio::test]
async fn a_revoked_key_is_listed_for_90_days() {
    let scene = Scene::new().await;
    let key = scene.named("worker").await;
    scene.revoke(&key.id).await.expect(200, "");
    let path = format!("{KEYS}/{}", key.id);
    scene.set_clock("2027-02-22T11:59:59.999Z");
    assert_eq!(status_in_list(&scene, &key.id).await, Some(json!(["revoked", "2026-11-24T12:00:00.000Z"])));
    assert_eq!(scene.owner.get(&path).await.data()["status"], "revoked");
    scene.set_clock("2027-02-22T12:00:00Z");
    assert_eq!(status_in_list(&scene, &key.id).await, None);
    scene.owner.get(&path).await.expect(404, "RESOURCE_NOT_FOUND");
    scene.try_key(&key.plain).await.expect(401, "AUTH_INVALID");
}

#[tokio::test]
async fn the_grace_period_of_an_old_secret_ends_with_its_key() {
    let scene = Scene::new().await;
    let old = scene.named("worker").await;
    let new = scene.rotate(&old.id, 3_600).await;
    assert_eq!(scene.try_key(&old.plain).await.status, 200);
    scene.revoke(&old.id).await.expect(200, "");
    for plain in [&old.plain, &new.plain] {
        assert_eq!(scene.try_key(plain).await.message(), "The API key has been revoked");
    }
}

#[tokio::test]
async fn only_the_holder_of_the_secret_learns_how_the_key_ended() {
    let scene = Scene::new().await;
    let revoked = scene.named("revoked").await;
    let expired = scene.create(json!({"name": "expired", "expiresAt": "2026-11-24T12:00:01Z"})).await;
    scene.revoke(&revoked.id).await.expect(200, "");
    scene.set_clock("2026-11-24T12:00:01Z");
    let unknown = scene.try_key(&guess("key_000000000000")).await;
    unknown.expect(401, "AUTH_INVALID");
    for id in [&revoked.id, &expired.id] {
        let answer = scene.try_key(&guess(id)).await;
        answer.expect(401, "AUTH_INVALID");
        assert_eq!(answer.message(), unknown.message());
        assert_eq!(answer.header("www-authenticate"), unknown.header("www-authenticate"));
    }
    assert!(!unknown.message().contains("revoked") && !unknown.message().contains("expired"));
}

#[tokio::test]
async fn a_key_can_revoke_itself_with_any_scopes() {
    let scene = Scene::new().await;
    let (id, plain) = scene
        .world
        .key(
            &scene.account.tenant,
            [Scope::ReadMemories].into_iter().collect(),
            Some(moment("2027-01-01T00:00:00Z")),
        )
        .await;
    let own = scene.instance.client.with(&plain);
    let path = format!("{KEYS}/revoke");
    own.post(&path, json!({"keyId": scene.account.id})).await.expect(403, "INSUFFICIENT_SCOPE");
    own.post(&path, json!({ "keyId": id })).await.expect(200, "");
    own.post(&path, json!({ "keyId": id })).await.expect(401, "AUTH_INVALID");
    assert_eq!(scene.try_key(&scene.account.key).await.status, 200);
}

#[tokio::test]
async fn a_key_that_does_not_exist_or_belongs_to_another_tenant_is_not_found() {
    let scene = Scene::new().await;
    let other = scene.world.account_with("globex", plenty()).await;
    for id in ["key_000000000000", "nonsense", other.id.as_str()] {
        scene.revoke(id).await.expect(404, "RESOURCE_NOT_FOUND");
    }
    let body = json!({"keyId": other.id, "tenantId": "globex"});
    scene.owner.post(&format!("{KEYS}/revoke"), body).await.expect(403, "TENANT_MISMATCH");
    assert_eq!(scene.try_key(&other.key).await.status, 200);
}

/// A well-formed key with this id and an unknown secret.
#[expect(clippy::disallowed_methods, reason = "a guessed key belongs to nobody")]
fn guess(id: &str) -> String {
    let id = KeyId::parse(id).expect("an id");
    let mut rng = rand::rngs::StdRng::seed_from_u64(1);
    ApiKey::mint(&id, Environment::Production, &mut rng).expose().to_owned()
}
