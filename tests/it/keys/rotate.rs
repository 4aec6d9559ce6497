//! Rotating a key: what stays, what changes, and how long the old secret works.

use futures_util::future::join_all;
use hb_tests::world::plenty;
use serde_json::json;

use super::{KEYS, MEMORIES, Scene};

#[tokio::test]
async fn everything_but_the_secret_stays() {
    let scene = Scene::new().await;
    let body = json!({"name": "worker", "environment": "development", "scopes": ["read:memories"],
        "expiresAt": "2026-12-01T00:00:00Z"});
    let created = scene.owner.post(KEYS, body).await;
    let path = created.header("location").to_owned();
    scene.set_clock("2026-11-24T12:30:00Z");
    let before = scene.owner.get(&path).await;
    let rotated = scene.owner.post(&format!("{KEYS}/rotate"), json!({"keyId": created.data()["id"]})).await;

    rotated.expect(200, "");
    assert_eq!(rotated.header("cache-control"), "no-store");
    let (mut old, mut new) = (created.data().clone(), rotated.data().clone());
    let (old, new) = (old["plainKey"].take(), (new["plainKey"].take(), new));
    assert_ne!(old, new.0);
    let mut expected = created.data().clone();
    expected["plainKey"].take();
    assert_eq!(new.1, expected, "as create, with the key's own name, scopes, dates and limits");
    assert_eq!(scene.owner.get(&path).await.data(), before.data());
    assert_eq!(scene.try_key(new.0.as_str().expect("a plain key")).await.status, 200);
}

#[tokio::test]
async fn without_grace_the_old_secret_is_refused_at_once_on_every_instance() {
    let scene = Scene::new().await;
    let other = scene.world.instance().await;
    for body in [json!({}), json!({"gracePeriodSeconds": 0})] {
        let key = scene.named(&format!("worker {body}")).await;
        let old = other.client.with(&key.plain);
        assert_eq!(old.get(MEMORIES).await.status, 200);
        let mut body = body;
        body["keyId"] = json!(key.id);
        let new = scene.owner.post(&format!("{KEYS}/rotate"), body).await;
        let refused = old.get(MEMORIES).await;
        refused.expect(401, "AUTH_INVALID");
        assert!(!refused.message().contains("expired"), "a replaced secret is a wrong one: {}", refused.text);
        let new = other.client.with(new.data()["plainKey"].as_str().expect("a plain key"));
        assert_eq!(new.get(MEMORIES).await.status, 200);
    }
}

#[tokio::test]
async fn the_old_secret_works_until_exactly_the_end_of_its_grace_and_says_so() {
    let scene = Scene::new().await;
    let old = scene.create(json!({"name": "worker", "expiresAt": "2026-11-25T12:00:00Z"})).await;
    scene.set_clock("2026-11-24T12:00:10.250Z");
    let new = scene.rotate(&old.id, 90).await;

    for moment in ["2026-11-24T12:00:10.250Z", "2026-11-24T12:01:40.249999Z"] {
        scene.set_clock(moment);
        let answer = scene.try_key(&old.plain).await;
        assert_eq!(answer.status, 200, "{moment}");
        assert_eq!(answer.header("deprecation"), "@1795521610");
        assert_eq!(answer.header("sunset"), "Tue, 24 Nov 2026 12:01:40 GMT");
        let failed = scene.instance.client.with(&old.plain).get("/api/v1/memories/mem_x").await;
        failed.expect(404, "RESOURCE_NOT_FOUND");
        assert_eq!(failed.header("deprecation"), "@1795521610", "errors announce it too");
    }
    scene.set_clock("2026-11-24T12:01:40.250Z");
    let ended = scene.try_key(&old.plain).await;
    ended.expect(401, "AUTH_INVALID");
    assert_eq!(ended.message(), "The API key has expired");

    let answer = scene.try_key(&new.plain).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("deprecation"), answer.header("sunset")),
        (200, "", "")
    );
}

#[tokio::test]
async fn the_announced_end_is_the_keys_own_when_that_comes_first() {
    let scene = Scene::new().await;
    let old = scene.create(json!({"name": "guest", "expiresAt": "2026-11-24T12:01:00Z"})).await;
    scene.rotate(&old.id, 3_600).await;
    assert_eq!(scene.try_key(&old.plain).await.header("sunset"), "Tue, 24 Nov 2026 12:01:00 GMT");
    scene.set_clock("2026-11-24T12:01:00Z");
    scene.try_key(&old.plain).await.expect(401, "AUTH_INVALID");
}

#[tokio::test]
async fn a_second_rotation_ends_the_earlier_grace() {
    let scene = Scene::new().await;
    let first = scene.named("worker").await;
    let second = scene.rotate(&first.id, 3_600).await;
    assert_eq!(scene.try_key(&first.plain).await.status, 200);

    let third = scene.rotate(&first.id, 60).await;
    scene.try_key(&first.plain).await.expect(401, "AUTH_INVALID");
    let replaced = scene.try_key(&second.plain).await;
    assert_eq!((replaced.status.as_u16(), replaced.header("sunset")), (200, "Tue, 24 Nov 2026 12:01:00 GMT"));

    let fourth = scene.rotate(&first.id, 0).await;
    for dead in [&first, &second, &third] {
        scene.try_key(&dead.plain).await.expect(401, "AUTH_INVALID");
    }
    let answer = scene.try_key(&fourth.plain).await;
    assert_eq!((answer.status.as_u16(), answer.header("deprecation")), (200, ""));
}

#[tokio::test]
async fn a_key_rotates_itself_but_its_replaced_secret_cannot() {
    let scene = Scene::new().await;
    let old = scene.named("worker").await;
    let body = json!({"keyId": old.id, "gracePeriodSeconds": 60});
    let path = format!("{KEYS}/rotate");
    let own = scene.instance.client.with(&old.plain);
    own.post(&path, body.clone()).await.expect(200, "");
    own.post(&path, body).await.expect(403, "INSUFFICIENT_SCOPE");

    // Not even if the new secret would not live longer: the key expires before the grace period ends.
    let old = scene.create(json!({"name": "short", "expiresAt": "2026-11-24T12:00:30Z"})).await;
    let body = json!({"keyId": old.id, "gracePeriodSeconds": 60});
    let own = scene.instance.client.with(&old.plain);
    own.post(&path, body.clone()).await.expect(200, "");
    own.post(&path, body).await.expect(403, "INSUFFICIENT_SCOPE");
}

#[tokio::test]
async fn of_concurrent_rotations_every_returned_secret_but_the_last_was_replaced_in_order() {
    let scene = Scene::new().await;
    let key = scene.named("contended").await;
    let path = format!("{KEYS}/rotate");
    let body = json!({"keyId": key.id, "gracePeriodSeconds": 3600});
    let answers = join_all((0..8).map(|_| scene.owner.post(&path, body.clone()))).await;
    let mut working = 0;
    for answer in &answers {
        match answer.status.as_u16() {
            200 => {
                let plain = answer.data()["plainKey"].as_str().expect("a key");
                working += usize::from(scene.try_key(plain).await.status == 200);
            }
            503 => assert_eq!(answer.header("retry-after"), "1"),
            other => panic!("{other}: {}", answer.text),
        }
    }
    assert!((1..=2).contains(&working), "{working}: the last one, and the one in its grace");
}

#[tokio::test]
async fn a_key_that_has_ended_or_does_not_exist_is_not_rotated() {
    let scene = Scene::new().await;
    let path = format!("{KEYS}/rotate");
    let revoked = scene.named("revoked").await;
    scene.revoke(&revoked.id).await.expect(200, "");
    let expired = scene.create(json!({"name": "expired", "expiresAt": "2026-11-24T12:00:01Z"})).await;
    scene.set_clock("2026-11-24T12:00:01Z");
    for (key, why) in [(&revoked, "revoked"), (&expired, "expired")] {
        let answer = scene.owner.post(&path, json!({"keyId": key.id, "gracePeriodSeconds": 60})).await;
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.fields(), ["keyId"]);
        assert!(answer.text.contains(why), "{}", answer.text);
        assert!(scene.try_key(&key.plain).await.message().contains(why));
    }
    let other = scene.world.account_with("globex", plenty()).await;
    for id in ["key_000000000000", "nonsense", other.id.as_str()] {
        scene.owner.post(&path, json!({ "keyId": id })).await.expect(404, "RESOURCE_NOT_FOUND");
    }
    assert_eq!(scene.try_key(&other.key).await.status, 200);
}

#[tokio::test]
async fn a_grace_is_a_whole_number_of_seconds_up_to_a_week() {
    let scene = Scene::new().await;
    let key = scene.named("worker").await;
    let path = format!("{KEYS}/rotate");
    for grace in [json!(-1), json!(604_801), json!(1.5), json!("60"), json!(null), json!(u64::MAX)] {
        let answer = scene.owner.post(&path, json!({"keyId": key.id, "gracePeriodSeconds": grace})).await;
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.fields(), ["gracePeriodSeconds"], "{grace}");
    }
    assert_eq!(scene.owner.post(&path, json!({"gracePeriodSeconds": 1})).await.fields(), ["keyId"]);
    let answer = scene.try_key(&key.plain).await;
    assert_eq!((answer.status.as_u16(), answer.header("deprecation")), (200, ""), "nothing was rotated");

    scene.rotate(&key.id, 604_800).await;
    scene.set_clock("2026-12-01T11:59:59.999Z");
    assert_eq!(scene.try_key(&key.plain).await.header("sunset"), "Tue, 01 Dec 2026 12:00:00 GMT");
    scene.set_clock("2026-12-01T12:00:00Z");
    scene.try_key(&key.plain).await.expect(401, "AUTH_INVALID");
}
