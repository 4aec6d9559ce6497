//! The usage of a key: exact counts for each day of a window.

use futures_util::future::join_all;
use hb_domain::plan::Allowance;
use hb_tests::world::plenty;
use serde_json::{Value, json};

use super::{KEYS, MEMORIES, Scene};

const MISSING: &str = "/api/v1/memories/mem_0";

/// The usage of a key, requested with another key so that the request is not counted.
async fn usage(scene: &Scene, id: &str, days: u16) -> Value {
    scene.owner.get(&format!("{KEYS}/usage?keyId={id}&days={days}")).await.data().clone()
}

fn day(date: &str, requests: u64, errors: u64, limited: u64) -> Value {
    json!({"date": date, "requests": requests, "errors": errors, "limited": limited})
}

#[tokio::test]
async fn requests_and_errors_are_counted_on_their_own_day_across_months() {
    let scene = Scene::at("2026-11-29T08:00:00Z", plenty()).await;
    let key = scene.named("worker").await;
    let client = scene.instance.client.with(&key.plain);
    let days = [
        ("2026-11-29T08:00:00Z", 1, 0),
        ("2026-11-30T23:59:59.999999Z", 2, 1),
        ("2026-12-01T00:00:00Z", 0, 3),
        ("2026-12-03T12:00:00Z", 1, 1),
    ];
    for (now, good, bad) in days {
        scene.set_clock(now);
        for _ in 0..good {
            assert_eq!(client.get(MEMORIES).await.status, 200);
        }
        for _ in 0..bad {
            client.get(MISSING).await.expect(404, "RESOURCE_NOT_FOUND");
        }
    }
    let expected = json!({
        "keyId": key.id,
        "days": 5,
        "total": 9,
        "errors": 5,
        "limited": 0,
        "daily": [
            day("2026-11-29", 1, 0, 0),
            day("2026-11-30", 3, 1, 0),
            day("2026-12-01", 3, 3, 0),
            day("2026-12-02", 0, 0, 0),
            day("2026-12-03", 2, 1, 0),
        ],
        "scopes": [
            {"scope": "read:memories", "requests": 9},
            {"scope": "write:memories", "requests": 0},
            {"scope": "read:intelligence", "requests": 0},
            {"scope": "write:webhooks", "requests": 0},
        ],
    });
    assert_eq!(usage(&scene, &key.id, 5).await, expected);
    let two = usage(&scene, &key.id, 2).await;
    assert_eq!((&two["total"], &two["daily"][0]["date"]), (&json!(2), &json!("2026-12-02")));
}

#[tokio::test]
async fn every_day_of_the_window_is_present_up_to_90() {
    // The window of 90 days ends on the first of March: it covers four months and a new year.
    let scene = Scene::at("2026-12-02T00:00:00Z", plenty()).await;
    let key = scene.named("worker").await;
    scene.try_key(&key.plain).await;
    scene.set_clock("2027-03-01T23:59:59Z");
    scene.try_key(&key.plain).await;
    for days in [1, 2, 30, 59, 60, 90] {
        let answer = usage(&scene, &key.id, days).await;
        let dates: Vec<&str> = answer["daily"]
            .as_array()
            .expect("days")
            .iter()
            .map(|day| day["date"].as_str().expect("a date"))
            .collect();
        assert_eq!((dates.len(), *dates.last().expect("a day")), (usize::from(days), "2027-03-01"));
        assert!(dates.is_sorted_by(|a, b| a < b), "no day twice: {dates:?}");
        assert_eq!(answer["total"], if days == 90 { 2 } else { 1 });
    }
    assert_eq!(usage(&scene, &key.id, 90).await["daily"][0], day("2026-12-02", 1, 0, 0));
    assert_eq!(usage(&scene, &key.id, 60).await["daily"][0]["date"], "2027-01-01");
    let asked = scene.owner.get(&format!("{KEYS}/usage?keyId={}", key.id)).await;
    assert_eq!(asked.data()["days"], 30, "unless it says otherwise");
}

#[tokio::test]
async fn refusals_by_a_limit_are_counted_as_limited_and_as_nothing_else() {
    let allowance = Allowance { per_month: 10_000, per_minute: 60, burst: 3, memories: None };
    let scene = Scene::at("2026-11-30T23:59:00Z", allowance).await;
    let key = scene.named("worker").await;
    scene.set_clock("2026-11-30T23:59:30Z");
    for _ in 0..3 {
        assert_eq!(scene.try_key(&key.plain).await.status, 200);
    }
    for _ in 0..4 {
        scene.try_key(&key.plain).await.expect(429, "RATE_LIMIT_EXCEEDED");
    }
    // Refusals are recorded with the next admitted request.
    scene.set_clock("2026-12-01T00:00:00Z");
    assert_eq!(scene.try_key(&key.plain).await.status, 200);
    let answer = usage(&scene, &key.id, 2).await;
    assert_eq!(answer["daily"], json!([day("2026-11-30", 3, 0, 0), day("2026-12-01", 1, 0, 4)]));
    assert_eq!((&answer["total"], &answer["errors"], &answer["limited"]), (&json!(4), &json!(0), &json!(4)));
}

#[tokio::test]
async fn none_of_100_concurrent_requests_on_two_instances_is_lost_or_counted_twice() {
    let scene = Scene::new().await;
    let key = scene.named("worker").await;
    let other = scene.world.instance().await;
    let clients = [scene.instance.client.with(&key.plain), other.client.with(&key.plain)];
    let asked = (0..100).map(|n| clients[n % 2].get(if n % 10 == 0 { MISSING } else { MEMORIES }));
    let answers = join_all(asked).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 90);
    assert_eq!(usage(&scene, &key.id, 1).await["daily"], json!([day("2026-11-24", 100, 10, 0)]));
}

#[tokio::test]
async fn each_key_has_its_own_usage_which_a_rotation_keeps() {
    let scene = Scene::new().await;
    let (one, two) = (scene.named("one").await, scene.named("two").await);
    scene.try_key(&one.plain).await;
    scene.try_key(&two.plain).await;
    let rotated = scene.rotate(&one.id, 60).await;
    scene.try_key(&one.plain).await;
    scene.try_key(&rotated.plain).await;
    assert_eq!(usage(&scene, &one.id, 1).await["total"], 3);
    assert_eq!(usage(&scene, &two.id, 1).await["total"], 1);
    scene.revoke(&two.id).await.expect(200, "");
    scene.try_key(&two.plain).await.expect(401, "AUTH_INVALID");
    assert_eq!(usage(&scene, &two.id, 1).await["total"], 1, "a 401 is not counted");
}

#[tokio::test]
async fn invalid_parameters_are_refused_by_field_and_a_foreign_key_is_not_found() {
    let scene = Scene::new().await;
    let id = scene.account.id.as_str();
    for days in ["0", "91", "-1", "x", "1.0", ""] {
        let answer = scene.owner.get(&format!("{KEYS}/usage?keyId={id}&days={days}")).await;
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.fields(), ["days"], "{days}");
    }
    assert_eq!(scene.owner.get(&format!("{KEYS}/usage")).await.fields(), ["keyId"]);
    let other = scene.world.account_with("globex", plenty()).await;
    for id in ["key_000000000000", "nonsense", other.id.as_str()] {
        scene.owner.get(&format!("{KEYS}/usage?keyId={id}")).await.expect(404, "RESOURCE_NOT_FOUND");
    }
}
