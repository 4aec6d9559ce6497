//! Creating a key: the response, defaults and refusals.

use hb_domain::plan::Plan;
use hb_domain::{Scope, Scopes};
use hb_tests::world::moment;
use serde_json::json;

use super::{KEYS, MEMORIES, Scene, names_of};

#[tokio::test]
async fn the_response_has_exactly_the_published_fields() {
    let scene = Scene::at("2026-11-24T12:00:00.123456Z", Plan::Pro.allowance()).await;
    let answer = scene.owner.post(KEYS, json!({"name": "Production API Key"})).await;

    answer.expect(201, "");
    let data = answer.data();
    let id = data["id"].as_str().expect("an id");
    let plain = data["plainKey"].as_str().expect("a plain key");
    assert_eq!(
        *data,
        json!({
            "id": id,
            "name": "Production API Key",
            "keyPrefix": plain[..14],
            "plainKey": plain,
            "environment": "production",
            "scopes": ["read:memories", "write:memories", "read:intelligence", "write:webhooks"],
            "rateLimit": {"requestsPerMinute": 100, "requestsPerMonth": 100_000, "burst": 200},
            "expiresAt": null,
            "createdAt": "2026-11-24T12:00:00.123Z",
        })
    );
    assert_eq!((plain.len(), &plain[..8], &plain[8..20]), (44, "hb_prod_", &id[4..]));
    assert!(plain[8..].bytes().all(|byte| byte.is_ascii_alphanumeric()), "the alphabet of a key");
    assert_eq!(answer.header("location"), format!("/api/v1/api-keys/{id}"));
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_new_key_works_at_once_on_every_instance() {
    let scene = Scene::new().await;
    let other = scene.world.instance().await;
    for environment in ["production", "development"] {
        let key = scene.create(json!({"name": "worker", "environment": environment})).await;
        assert_eq!(key.plain.starts_with("hb_dev_"), environment == "development");
        for instance in [&scene.instance, &other] {
            assert_eq!(instance.client.with(&key.plain).get(MEMORIES).await.status, 200);
        }
    }
}

#[tokio::test]
async fn both_environments_see_the_same_data() {
    let scene = Scene::new().await;
    let path = scene
        .owner
        .post("/api/v1/memories", json!({"content": "tea", "type": "semantic"}))
        .await
        .header("location")
        .to_owned();
    let key = scene.create(json!({"name": "dev", "environment": "development"})).await;
    assert_eq!(scene.instance.client.with(&key.plain).get(&path).await.data()["content"], "tea");
}

#[tokio::test]
async fn omitted_scopes_and_expiry_are_the_callers() {
    let scene = Scene::new().await;
    let scopes: Scopes = [Scope::ReadMemories, Scope::WriteWebhooks].into_iter().collect();
    let end = moment("2026-11-25T00:00:00.5Z");
    let (_, plain) = scene.world.key(&scene.account.tenant, scopes, Some(end)).await;
    let answer = scene.instance.client.with(&plain).post(KEYS, json!({"name": "child"})).await;
    assert_eq!(answer.data()["scopes"], json!(["read:memories", "write:webhooks"]));
    assert_eq!(answer.data()["expiresAt"], "2026-11-25T00:00:00.500Z");
}

#[tokio::test]
async fn the_scopes_asked_for_are_the_scopes_it_has() {
    let scene = Scene::new().await;
    let body = json!({"name": "reader", "scopes": ["write:memories", "read:memories", "read:memories"]});
    let answer = scene.owner.post(KEYS, body).await;
    assert_eq!(answer.data()["scopes"], json!(["read:memories", "write:memories"]));

    let nothing = scene.create(json!({"name": "nothing", "scopes": []})).await;
    let nothing = scene.instance.client.with(&nothing.plain);
    nothing.get(MEMORIES).await.expect(403, "INSUFFICIENT_SCOPE");
    assert_eq!(nothing.get(KEYS).await.status, 200, "reading keys is for any credential of the tenant");
}

#[tokio::test]
async fn a_scope_that_the_caller_lacks_is_named() {
    let scene = Scene::new().await;
    let plain = scene.world.key_with(&scene.account.tenant, Scope::ReadMemories).await;
    let body = json!({"name": "more", "scopes": ["read:memories", "write:webhooks"]});
    let answer = scene.instance.client.with(&plain).post(KEYS, body).await;
    answer.expect(403, "INSUFFICIENT_SCOPE");
    assert!(answer.message().contains("write:webhooks"), "{}", answer.text);
    assert_eq!(
        answer.header("www-authenticate"),
        r#"Bearer error="insufficient_scope", scope="write:webhooks""#
    );
}

#[tokio::test]
async fn every_bad_field_is_reported_and_nothing_is_created() {
    let scene = Scene::new().await;
    let body = json!({
        "name": "", "environment": "staging", "scopes": ["read:everything"], "expiresAt": "tomorrow", "plainKey": "mine",
    });
    let answer = scene.owner.post(KEYS, body).await;
    answer.expect(400, "VALIDATION_ERROR");
    assert_eq!(answer.fields(), ["environment", "expiresAt", "name", "plainKey", "scopes"]);
    assert_eq!(scene.owner.post(KEYS, json!({})).await.fields(), ["name"]);
    for name in [json!("x".repeat(256)), json!(null), json!(7), json!("a\0b")] {
        assert_eq!(scene.owner.post(KEYS, json!({ "name": name })).await.fields(), ["name"], "{name}");
    }
    assert_eq!(scene.owner.get(KEYS).await.data()["keys"].as_array().map(Vec::len), Some(1));
    scene.named(&"ä".repeat(255)).await;
}

#[tokio::test]
async fn only_responses_that_create_a_key_contain_it() {
    let scene = Scene::new().await;
    let key = scene.named("worker").await;
    for path in [KEYS.to_owned(), format!("{KEYS}/{}", key.id)] {
        let answer = scene.owner.get(&path).await;
        assert!(!answer.text.contains(&key.plain[20..38]), "{path}");
        let shown = &answer.data()["keys"][0];
        let shown = if shown.is_null() { answer.data() } else { shown };
        assert!(!names_of(shown).contains(&"plainKey"), "{path}");
        assert_eq!(answer.header("cache-control"), "private, no-store", "{path}");
    }
}
