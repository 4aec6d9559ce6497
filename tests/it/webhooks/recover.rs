//! Starting a recovery: from which times, and what the schedule finds.

use std::time::Duration;

use hb_domain::Scope;
use hb_tests::world::plenty;
use http::Method;
use serde_json::json;

use super::{Scene, WEBHOOKS, id_of, path_of};

impl Scene {
    /// Since when events are queued again for the endpoint, in milliseconds; `None` without a recovery.
    async fn recovering_since(&self, id: &str) -> Option<i64> {
        let items = self.items().await;
        let since = items.get(&format!("recovery#{id}"))?["since"].as_n().expect("a number").clone();
        since.parse().ok()
    }

    /// Ends the recovery of the endpoint's creation, as the schedule does.
    async fn end_recovery(&self, id: &str) {
        use aws_sdk_dynamodb::types::AttributeValue;
        let client = aws_sdk_dynamodb::Client::from_conf(self.world.aws.dynamodb());
        let tenant = AttributeValue::S(self.account.tenant.to_string());
        let delete = client.delete_item().table_name("Webhooks").key("tenant", tenant);
        delete.key("sk", AttributeValue::S(format!("recovery#{id}"))).send().await.expect("the database");
    }
}

#[tokio::test]
async fn a_recovery_is_answered_at_once_and_the_schedule_looks_at_the_endpoint() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, id) = (format!("{}/recover", path_of(&created)), id_of(&created));
    scene.end_recovery(&id).await;
    scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_secs(100)));
    for (since, shown, millis) in [
        (json!("2026-11-24T11:00:00.5Z"), "2026-11-24T11:00:00.500Z", 1_795_518_000_500),
        (json!(1_795_518_000_123_i64), "2026-11-24T11:00:00.123Z", 1_795_518_000_123),
        (json!("2026-11-24T12:01:40Z"), "2026-11-24T12:01:40.000Z", 1_795_521_700_000),
        (json!("2026-10-25T12:01:40Z"), "2026-10-25T12:01:40.000Z", 1_792_929_700_000),
    ] {
        let answer = scene.owner.post(&path, json!({ "since": since })).await;
        answer.expect(200, "");
        assert_eq!(*answer.data(), json!({"id": id, "since": shown, "status": "pending"}));
        assert_eq!(scene.recovering_since(&id).await, Some(millis));
        scene.end_recovery(&id).await;
    }
    assert!(scene.world.everything().await.contains(&format!("1795521700000#acme#{id}")));
}

/// What is under way would otherwise be left out.
#[tokio::test]
async fn a_recovery_that_is_under_way_and_began_earlier_starts_anew() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, id) = (format!("{}/recover", path_of(&created)), id_of(&created));
    scene.end_recovery(&id).await;
    for (since, expected) in [("11:30:00", "11:30:00"), ("11:40:00", "11:30:00"), ("11:20:00", "11:20:00")] {
        scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_secs(1)));
        let body = json!({"since": format!("2026-11-24T{since}Z")});
        scene.owner.post(&path, body).await.expect(200, "");
        let expected = hb_tests::world::moment(&format!("2026-11-24T{expected}Z"));
        assert_eq!(scene.recovering_since(&id).await, Some(expected.millis()), "{since}");
    }
}

#[tokio::test]
async fn a_time_outside_of_the_last_thirty_days_is_refused() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, id) = (format!("{}/recover", path_of(&created)), id_of(&created));
    scene.end_recovery(&id).await;
    for (since, problem) in [
        (json!("2026-11-24T12:00:00.001Z"), "must not be in the future"),
        (json!("9999-12-31T23:59:59Z"), "must not be in the future"),
        (json!("2026-10-25T11:59:59.999Z"), "must not be more than 30 days ago"),
        (json!(0), "must not be more than 30 days ago"),
        (json!("2026-11-24"), "must be a time"),
        (json!("2026-11-24T11:00:00"), "must be a time"),
        (json!("yesterday"), "must be a time"),
        (json!(""), "must be a time"),
        (json!(-1), "must be a time"),
        (json!(1e300), "must be a time"),
        (json!(true), "must be a time"),
        (json!(["2026-11-24T11:00:00Z"]), "must be a time"),
        (json!(null), "must be a time"),
    ] {
        let refused = scene.owner.post(&path, json!({ "since": since })).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), ["since"], "{since}");
        assert!(refused.text.contains(problem), "{}", refused.text);
    }
    assert_eq!(scene.owner.post(&path, json!({})).await.fields(), ["since"]);
    let answer = scene.owner.post(&path, json!({"since": 1_795_518_000, "until": 1})).await;
    assert_eq!(answer.fields(), ["until"]);
    scene.owner.send(Method::POST, &path, None).await.expect(415, "UNSUPPORTED_MEDIA_TYPE");
    assert_eq!(scene.recovering_since(&id).await, None);
}

#[tokio::test]
async fn nothing_is_recovered_for_an_endpoint_of_another_tenant_or_one_that_does_not_exist() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, id) = (format!("{}/recover", path_of(&created)), id_of(&created));
    scene.end_recovery(&id).await;
    let body = json!({"since": "2026-11-24T11:00:00Z"});
    let other = scene.world.account_with("globex", plenty()).await;
    let foreign = scene.instance.client.with(&other.key).post(&path, body.clone()).await;
    foreign.expect(404, "RESOURCE_NOT_FOUND");
    for id in ["whk_0000000000000000", "x"] {
        let missing = scene.owner.post(&format!("{WEBHOOKS}/{id}/recover"), body.clone()).await;
        missing.expect(404, "RESOURCE_NOT_FOUND");
    }
    let scopes = [Scope::WriteWebhooks].into_iter().collect();
    let (_, key) = scene.world.key(&scene.account.tenant, scopes, None).await;
    scene.instance.client.with(&key).post(&path, body).await.expect(403, "INSUFFICIENT_SCOPE");
    assert!(!scene.world.everything().await.contains("recovery#"));
}

/// What happens until it is activated would be missing.
#[tokio::test]
async fn nothing_is_recovered_for_an_inactive_endpoint() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, id) = (path_of(&created), id_of(&created));
    scene.end_recovery(&id).await;
    let body = json!({"since": "2026-11-24T11:00:00Z"});
    scene.owner.send(Method::PATCH, &path, Some(json!({"status": "inactive"}))).await.expect(200, "");
    let refused = scene.owner.post(&format!("{path}/recover"), body.clone()).await;
    refused.expect(400, "VALIDATION_ERROR");
    assert_eq!(refused.fields(), ["id"]);
    assert!(refused.text.contains("set its status to active first"), "{}", refused.text);
    assert_eq!(scene.recovering_since(&id).await, None);
    scene.owner.send(Method::PATCH, &path, Some(json!({"status": "active"}))).await.expect(200, "");
    scene.owner.post(&format!("{path}/recover"), body).await.expect(200, "");
}

#[tokio::test]
async fn a_repetition_under_an_idempotency_key_starts_nothing() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, id) = (format!("{}/recover", path_of(&created)), id_of(&created));
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let body = json!({"since": "2026-11-24T11:00:00Z"}).to_string();
    let first = scene.owner.send_raw(Method::POST, &path, &headers, body.clone()).await;
    first.expect(200, "");
    scene.end_recovery(&id).await;
    let again = scene.owner.send_raw(Method::POST, &path, &headers, body).await;
    assert_eq!((again.header("idempotent-replayed"), again.data()), ("true", first.data()));
    assert_eq!(scene.recovering_since(&id).await, None);
}
