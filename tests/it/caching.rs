//! What caches may keep of a response: nothing that one caller may see and the next may not.

use std::time::Duration;

use hb_tests::world::plenty;
use hb_tests::{Answer, World};
use http::Method;
use serde_json::json;

use crate::routes::{Named, guarded, public, with_a_file};

const RATE_LIMIT: &str = "/api/v1/rate-limit";

#[track_caller]
fn assert_private(what: &str, answer: &Answer) {
    let has_version = answer.headers.contains_key("etag");
    let expected = if has_version { "private, no-cache" } else { "private, no-store" };
    // A response with a secret is stored by nobody, and says so in one word.
    assert!([expected, "no-store"].contains(&answer.header("cache-control")), "{what} {:?}", answer.headers);
    assert_eq!(answer.header("vary"), "Authorization", "{what}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
}

#[tokio::test]
async fn every_response_to_a_caller_is_private() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let neighbour = world.account_with("globex", plenty()).await;
    let reader = world.key_with(&account.tenant, hb_domain::Scope::ReadMemories).await;
    let instance = world.instance().await;
    for case in guarded() {
        let named = Named::of(&world, &instance, &account).await;
        for (credential, fields) in [
            (Some(account.key.as_str()), json!({})),
            (Some(&account.key), json!({"unknown": true})),
            (Some(&neighbour.key), json!({})),
            (Some(&reader), json!({})),
            (Some("nonsense"), json!({})),
            (None, json!({})),
        ] {
            instance.clock.set(instance.clock.now().plus(Duration::from_secs(2)));
            let answer = case.send(&instance, credential, &named, "", &fields).await;
            assert_private(&format!("{case:?} {}", answer.status), &answer);
        }
    }
}

#[tokio::test]
async fn only_public_responses_are_for_everybody() {
    let world = World::new().await;
    let instance = world.instance().await;
    for case in public() {
        let path = with_a_file(case.route.path);
        let answer = instance.client.send(case.method.clone(), &path, None).await;
        assert!(!answer.headers.contains_key("vary"), "{case:?}");
        assert!(!answer.header("cache-control").contains("private"), "{case:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{case:?}");
    }
}

#[tokio::test]
async fn versions_are_revalidated_and_secrets_stored_by_nobody() {
    let (_world, _instance, client) = World::with_a_client().await;
    let created = client.post("/api/v1/memories", json!({"content": "x", "type": "task"})).await;
    let (path, tag) = (created.header("location"), created.header("etag"));
    let unchanged = client.send_raw(Method::GET, path, &[("if-none-match", tag)], "").await;
    assert_eq!(unchanged.status, 304);
    for answer in [&created, &client.get(path).await, &unchanged] {
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        assert_private("a memory", answer);
    }
    let key = client.post("/api/v1/api-keys", json!({"name": "a key"})).await;
    let id = key.data()["id"].clone();
    let rotated = client.post("/api/v1/api-keys/rotate", json!({"keyId": id})).await;
    for answer in [&key, &rotated] {
        assert!(answer.data()["plainKey"].is_string());
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let again = client.post("/api/v1/api-keys", json!({"name": "a key"})).await;
    again.expect(409, "DUPLICATE_RESOURCE");
    for answer in [client.get("/api/v1/api-keys").await, again] {
        assert_eq!(answer.header("cache-control"), "private, no-store");
        assert!(!answer.text.contains("plainKey"));
    }
}

/// The clock stands still, so the request after the revocation comes within the second in which the status is not read again.
#[tokio::test]
async fn the_rate_limit_status_of_a_revoked_key_is_401_at_once() {
    let (_world, instance, owner) = World::with_a_client().await;
    for grace in [None, Some(0)] {
        instance.clock.set(instance.clock.now().plus(Duration::from_secs(2)));
        let key = owner.post("/api/v1/api-keys", json!({"name": format!("{grace:?}")})).await;
        let client = instance.client.with(key.data()["plainKey"].as_str().expect("a key"));
        client.get(RATE_LIMIT).await.expect(200, "");
        client.get(RATE_LIMIT).await.expect(429, "RATE_LIMIT_EXCEEDED");
        let id = &key.data()["id"];
        let ended = match grace {
            None => owner.post("/api/v1/api-keys/revoke", json!({"keyId": id})).await,
            Some(_) => owner.post("/api/v1/api-keys/rotate", json!({"keyId": id})).await,
        };
        ended.expect(200, "");
        client.get(RATE_LIMIT).await.expect(401, "AUTH_INVALID");
        client.get(RATE_LIMIT).await.expect(401, "AUTH_INVALID");
        owner.get(RATE_LIMIT).await.expect(429, "RATE_LIMIT_EXCEEDED");
    }
}
