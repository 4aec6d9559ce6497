//! The expiry of a key: how it is set, and that it is exact to the millisecond.

use hb_domain::Scopes;
use hb_tests::world::moment;
use serde_json::json;

use super::{KEYS, MEMORIES, Scene};

#[tokio::test]
async fn an_expiry_is_iso_seconds_milliseconds_or_null() {
    let scene = Scene::new().await;
    let cases = [
        (json!("2026-11-25T12:00:00Z"), json!("2026-11-25T12:00:00.000Z")),
        (json!("2026-11-25T14:30:00.1239+02:30"), json!("2026-11-25T12:00:00.123Z")),
        (json!("2026-11-24T12:00:00.001Z"), json!("2026-11-24T12:00:00.001Z")),
        (json!(1_795_608_000), json!("2026-11-25T12:00:00.000Z")),
        (json!(1_795_608_000.5), json!("2026-11-25T12:00:00.500Z")),
        (json!(1_795_608_000_123_i64), json!("2026-11-25T12:00:00.123Z")),
        // The largest number of seconds; a larger number is in milliseconds.
        (json!(99_999_999_999_i64), json!("5138-11-16T09:46:39.000Z")),
        (json!(null), json!(null)),
    ];
    for (number, (given, shown)) in cases.into_iter().enumerate() {
        let answer =
            scene.owner.post(KEYS, json!({"name": format!("key {number}"), "expiresAt": given})).await;
        assert_eq!(answer.data()["expiresAt"], shown, "{given}");
        let read = scene.owner.get(answer.header("location")).await;
        assert_eq!(read.data()["expiresAt"], shown, "{given}");
    }
}

#[tokio::test]
async fn past_and_invalid_times_are_refused() {
    let scene = Scene::new().await;
    for given in [
        json!("2026-11-24T12:00:00Z"),
        json!("2026-11-24T12:00:00.0009Z"),
        json!("2026-11-24T14:00:00+02:00"),
        json!(1_795_521_600),
        json!(1_795_521_600_000_i64),
        json!(100_000_000_000_i64),
        json!(0),
        json!(-1),
        json!("1795608000"),
        json!("2027-01-31"),
        json!(""),
        json!(true),
        json!(["2027-01-31T00:00:00Z"]),
    ] {
        let answer = scene.owner.post(KEYS, json!({"name": "key", "expiresAt": given})).await;
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.fields(), ["expiresAt"], "{given}");
    }
}

#[tokio::test]
async fn a_key_works_until_exactly_its_expiry_and_is_then_refused_as_expired() {
    let scene = Scene::new().await;
    let key = scene.create(json!({"name": "guest", "expiresAt": "2026-11-24T12:00:01.500Z"})).await;
    scene.set_clock("2026-11-24T12:00:01.499999Z");
    assert_eq!(scene.try_key(&key.plain).await.status, 200);
    scene.set_clock("2026-11-24T12:00:01.500Z");
    let warm = scene.try_key(&key.plain).await;
    warm.expect(401, "AUTH_INVALID");
    assert_eq!(warm.message(), "The API key has expired");
    assert_eq!(warm.header("www-authenticate"), r#"Bearer error="invalid_token""#);

    scene.world.clock.set(moment("2026-11-24T12:00:01.500Z"));
    let fresh = scene.world.instance().await;
    assert_eq!(fresh.client.with(&key.plain).get(MEMORIES).await.message(), "The API key has expired");
    let shown = scene.owner.get(&format!("{KEYS}/{}", key.id)).await;
    assert_eq!(shown.data()["status"], "expired");
}

#[tokio::test]
async fn a_key_with_an_expiry_cannot_create_a_key_that_expires_later_or_never() {
    let scene = Scene::new().await;
    let end = moment("2026-11-25T00:00:00Z");
    let (_, plain) = scene.world.key(&scene.account.tenant, Scopes::all(), Some(end)).await;
    let guest = scene.instance.client.with(&plain);
    for given in [json!(null), json!("2026-11-25T00:00:00.001Z")] {
        let answer = guest.post(KEYS, json!({"name": "child", "expiresAt": given})).await;
        answer.expect(403, "INSUFFICIENT_SCOPE");
        assert_eq!(answer.header("www-authenticate"), r#"Bearer error="insufficient_scope""#);
    }
    let same = guest.post(KEYS, json!({"name": "child", "expiresAt": "2026-11-25T00:00:00Z"})).await;
    same.expect(201, "");
}
