//! Who may create and change an endpoint: whoever may read the events that it gets. Anyone with `write:webhooks` may delete it.

use hb_domain::{Scope, Scopes};
use hb_tests::issuer::TestIssuer;
use hb_tests::world::plenty;
use hb_tests::{Client, World};
use http::Method;
use serde_json::{Value, json};

use super::{Scene, WEBHOOKS, numbered, path_of};

/// Patterns, and whether they get events of memories or searches, and of keys.
const PATTERNS: [(&str, bool, bool); 13] = [
    ("*", true, true),
    ("memory.*", true, false),
    ("memory.created", true, false),
    ("memory.updated", true, false),
    ("memory.deleted", true, false),
    ("search.*", true, false),
    ("search.performed", true, false),
    ("api_key.*", false, true),
    ("api_key.created", false, true),
    ("api_key.revoked", false, true),
    // Whoever may create an endpoint may read these.
    ("webhook.*", false, false),
    ("webhook.disabling", false, false),
    ("webhook.disabled", false, false),
];

async fn without_reading(scene: &Scene) -> Client {
    let scopes = [Scope::WriteWebhooks].into_iter().collect::<Scopes>();
    let (_, key) = scene.world.key(&scene.account.tenant, scopes, None).await;
    scene.instance.client.with(&key)
}

fn body(number: usize, events: &Value) -> Value {
    let mut body = numbered(number);
    body["events"] = events.clone();
    body
}

#[tokio::test]
async fn an_endpoint_of_memories_or_searches_needs_the_scope_to_read_memories() {
    let scene = Scene::new().await;
    let caller = without_reading(&scene).await;
    for (pattern, reads, _) in PATTERNS {
        let events = json!(["api_key.created", pattern]);
        let (status, code) = if reads { (403, "INSUFFICIENT_SCOPE") } else { (201, "") };
        for state in ["active", "inactive"] {
            let mut body = body(1, &events);
            body["status"] = json!(state);
            let created = caller.post(WEBHOOKS, body).await;
            created.expect(status, code);
            if status == 201 {
                caller.send(Method::DELETE, &path_of(&created), None).await.expect(200, "");
            }
        }
        let status = status.min(200 + 203 * u16::from(reads));
        // What it gets after the change counts.
        let own = caller.post(WEBHOOKS, body(2, &json!(["api_key.created"]))).await;
        caller
            .send(Method::PATCH, &path_of(&own), Some(json!({ "events": events })))
            .await
            .expect(status, code);
        caller.send(Method::DELETE, &path_of(&own), None).await.expect(200, "");
        // And what it gets before.
        let theirs = scene.owner.post(WEBHOOKS, body(3, &events)).await;
        for change in [
            json!({"url": "https://attacker.example/"}),
            json!({"name": "x"}),
            json!({"status": "inactive"}),
            json!({"events": ["api_key.created"]}),
            json!({}),
        ] {
            let answer = caller.send(Method::PATCH, &path_of(&theirs), Some(change.clone())).await;
            answer.expect(status, code);
            if status == 200 {
                let reset = body(3, &events);
                scene.owner.send(Method::PATCH, &path_of(&theirs), Some(reset)).await.expect(200, "");
            }
        }
        assert_eq!(scene.owner.get(&path_of(&theirs)).await.data()["url"], "https://example.com/3");
        caller.send(Method::DELETE, &path_of(&theirs), None).await.expect(200, "");
    }
}

#[tokio::test]
async fn an_endpoint_of_keys_needs_a_caller_that_may_manage_keys() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    world.account_with("user_maya", plenty()).await;
    let instance = world.instance().await;
    let user = instance.client.with(&issuer.token("user_maya"));
    let traded = user.get("/auth/clerk-token").await;
    let token = instance.client.with(traded.data()["token"].as_str().expect("a token"));
    for (number, (pattern, _, keys)) in PATTERNS.into_iter().enumerate() {
        let events = json!(["memory.created", pattern]);
        let (status, code) = if keys { (403, "INSUFFICIENT_SCOPE") } else { (201, "") };
        token.post(WEBHOOKS, body(2 * number, &events)).await.expect(status, code);
        let theirs = user.post(WEBHOOKS, body(2 * number + 1, &events)).await;
        theirs.expect(201, "");
        let change = json!({"url": format!("https://attacker.example/{number}")});
        let status = if keys { 403 } else { 200 };
        token.send(Method::PATCH, &path_of(&theirs), Some(change)).await.expect(status, code);
        let list = user.get(WEBHOOKS).await;
        for found in list.data()["webhooks"].as_array().expect("a list") {
            let path = format!("{WEBHOOKS}/{}", found["id"].as_str().expect("an id"));
            token.send(Method::DELETE, &path, None).await.expect(200, "");
        }
    }
}

#[tokio::test]
async fn without_the_scope_of_webhooks_nothing_is_shown_or_changed() {
    let scene = Scene::new().await;
    let path = path_of(&scene.create(1).await);
    let scopes = [Scope::ReadMemories, Scope::WriteMemories].into_iter().collect::<Scopes>();
    let (_, key) = scene.world.key(&scene.account.tenant, scopes, None).await;
    let caller = scene.instance.client.with(&key);
    for (method, path, body) in [
        (Method::GET, WEBHOOKS, None),
        (Method::POST, WEBHOOKS, Some(numbered(2))),
        (Method::GET, path.as_str(), None),
        (Method::PATCH, path.as_str(), Some(json!({"name": "x"}))),
        (Method::DELETE, path.as_str(), None),
    ] {
        caller.send(method, path, body).await.expect(403, "INSUFFICIENT_SCOPE");
    }
}

/// The response of a request that is repeated is for a caller that may still send it.
#[tokio::test]
async fn a_repeated_request_is_authorized_again() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    world.account_with("user_maya", plenty()).await;
    let instance = world.instance().await;
    let user = instance.client.with(&issuer.token("user_maya"));
    let traded = user.get("/auth/clerk-token").await;
    let token = instance.client.with(traded.data()["token"].as_str().expect("a token"));
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let new = body(1, &json!(["api_key.*"])).to_string();
    let created = user.send_raw(Method::POST, WEBHOOKS, &headers, new.clone()).await;
    created.expect(201, "");
    token.send_raw(Method::POST, WEBHOOKS, &headers, new).await.expect(403, "INSUFFICIENT_SCOPE");
    let headers = [("content-type", "application/json"), ("idempotency-key", "p")];
    let path = path_of(&created);
    let change = json!({"name": "x"}).to_string();
    user.send_raw(Method::PATCH, &path, &headers, change.clone()).await.expect(200, "");
    token.send_raw(Method::PATCH, &path, &headers, change).await.expect(403, "INSUFFICIENT_SCOPE");
}
