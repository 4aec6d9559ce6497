//! Token exchange: a session for an access token that is valid for 15 minutes, cannot be exchanged again, and manages
//! no keys.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hb_domain::plan::Plan;
use hb_tests::Answer;
use http::Method;
use serde_json::{Value, json};

use super::{KEYS, MEMORIES, left, send_raw, set_up};

const EXCHANGE: &str = "/auth/clerk-token";

fn token_of(answer: &Answer) -> String {
    answer.expect(200, "");
    answer.data()["token"].as_str().expect("a token").to_owned()
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
}

#[tokio::test]
async fn a_session_is_exchanged_for_an_access_token_that_works_on_every_route() {
    let (world, issuer, instance) = set_up().await;
    let session = issuer.token("user_maya");
    let answer = instance.client.with(&session).get(EXCHANGE).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(left(&answer), 999, "it is a request like another");
    let data = answer.data();
    assert_eq!((&data["tokenType"], &data["tenantId"]), (&json!("Bearer"), &json!("user_maya")));
    assert_eq!(data["expiresAt"], "2026-11-24T12:15:00.000Z");
    assert_eq!(data["scopes"].as_array().map(Vec::len), Some(4));
    let token = token_of(&answer);
    let own = claims(&token);
    let expected = json!({"iss": "herobrain", "aud": "herobrain-api", "sub": "user_maya", "act": {"sub": "user_maya"}, "iat": 1_795_521_600, "exp": 1_795_522_500,
        "scope": "read:memories write:memories read:intelligence write:webhooks", "jti": own["jti"]});
    assert_eq!(own, expected);
    assert!(own["jti"].as_str().is_some_and(|jti| jti.len() > 20));

    let other = world.instance().await;
    for instance in [&instance, &other] {
        let client = instance.client.with(&token);
        client
            .post(MEMORIES, json!({"content": "x", "type": "task", "tenantId": "user_maya"}))
            .await
            .expect(201, "");
        assert_eq!(client.get(KEYS).await.status, 200);
    }
    for (second, status) in [(899, 200), (900, 401)] {
        instance.clock.set(world.clock.now().plus(Duration::from_secs(second)));
        assert_eq!(instance.client.with(&token).get(MEMORIES).await.status, status, "{second}");
    }
}

#[tokio::test]
async fn the_published_samples_doubled_bearer_is_accepted_only_by_the_exchange() {
    let (_world, issuer, instance) = set_up().await;
    let session = issuer.token("user_maya");
    for method in [Method::GET, Method::POST] {
        let headers = [("authorization", format!("Bearer Bearer {session}"))];
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        token_of(&instance.client.send_raw(method, EXCHANGE, &headers, "").await);
    }
    send_raw(&instance.client, MEMORIES, &format!("Bearer Bearer {session}"))
        .await
        .expect(401, "AUTH_INVALID");
    instance.client.get(EXCHANGE).await.expect(401, "AUTH_REQUIRED");
}

#[tokio::test]
async fn an_access_token_has_only_the_requested_scopes() {
    let (_world, issuer, instance) = set_up().await;
    let session = instance.client.with(&issuer.token("user_maya"));
    let by_query = session.get(&format!("{EXCHANGE}?scopes=read:memories")).await;
    let by_body = session.post(EXCHANGE, json!({"scopes": ["read:memories"], "tenantId": "user_maya"})).await;
    for answer in [by_query, by_body] {
        assert_eq!(answer.data()["scopes"], json!(["read:memories"]));
        let token = instance.client.with(&token_of(&answer));
        assert_eq!(token.get(MEMORIES).await.status, 200);
        let refused = token.post(MEMORIES, json!({"content": "x", "type": "task"})).await;
        refused.expect(403, "INSUFFICIENT_SCOPE");
    }
    for (query, body, fields) in [
        ("?scopes=all", Value::Null, vec!["scopes"]),
        ("?scope=read:memories", Value::Null, vec!["scope"]),
        ("", json!({"scopes": "read:memories"}), vec!["scopes"]),
        ("", json!({"lifetime": 86_400}), vec!["lifetime"]),
        ("?scopes=read:memories", json!({"lifetime": 86_400}), vec!["lifetime"]),
        ("?scopes=write:memories", json!({"scopes": ["read:memories"]}), vec!["scopes"]),
    ] {
        let body = (!body.is_null()).then_some(body);
        let refused = session.send(Method::POST, &format!("{EXCHANGE}{query}"), body).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), fields);
    }
    for foreign in [
        session.get(&format!("{EXCHANGE}?tenantId=user_ben")).await,
        session.post(EXCHANGE, json!({"tenantId": "user_ben"})).await,
    ] {
        foreign.expect(403, "TENANT_MISMATCH");
    }
}

#[tokio::test]
async fn only_a_session_is_exchanged_and_an_access_token_manages_no_keys() {
    let (world, issuer, instance) = set_up().await;
    let account = world.account("user_maya", Plan::Pro).await;
    let token = token_of(&instance.client.with(&issuer.token("user_maya")).get(EXCHANGE).await);
    for credential in [&token, &account.key] {
        let refused = instance.client.with(credential).get(EXCHANGE).await;
        refused.expect(403, "INSUFFICIENT_SCOPE");
        assert!(refused.message().contains("Clerk"), "{}", refused.text);
    }
    let client = instance.client.with(&token);
    let body = json!({"keyId": account.id});
    for (path, body) in [
        (KEYS, json!({"name": "escape"})),
        ("/api/v1/api-keys/rotate", body.clone()),
        ("/api/v1/api-keys/revoke", body),
    ] {
        let refused = client.post(path, body).await;
        refused.expect(403, "INSUFFICIENT_SCOPE");
        assert!(!refused.text.contains("hb_"), "{}", refused.text);
    }
    assert_eq!(instance.client.with(&account.key).get(MEMORIES).await.status, 200);
    // An access token of an erased tenant does not create the tenant again.
    world.store.tenants().delete(&account.tenant).await.expect("the database");
    client.get(MEMORIES).await.expect(401, "AUTH_INVALID");
    assert!(world.store.tenants().get(&account.tenant).await.expect("the database").is_none());
}

#[tokio::test]
async fn two_versions_of_the_secret_verify_and_the_published_keys_are_theirs() {
    let (world, issuer, instance) = set_up().await;
    let session = issuer.token("user_maya");
    let first = token_of(&instance.client.with(&session).get(EXCHANGE).await);
    world.secrets.rotate_token("the second token secret, of enough bytes");
    let fresh = world.instance().await;
    let second = token_of(&fresh.client.with(&session).get(EXCHANGE).await);
    for instance in [&instance, &fresh] {
        for token in [&first, &second] {
            assert_eq!(instance.client.with(token).get(MEMORIES).await.status, 200);
        }
    }
    let keys = fresh.client.get("/.well-known/jwks.json").await;
    assert_eq!((keys.status.as_u16(), keys.header("cache-control")), (200, "public, max-age=300"));
    let published = keys.json["keys"].as_array().expect("a set of keys");
    assert_eq!(published.len(), 2);
    let kid = |token: &str| -> Value {
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().expect("a part")).expect("base64");
        serde_json::from_slice::<Value>(&header).expect("JSON")["kid"].clone()
    };
    assert_eq!(
        published.iter().map(|key| key["kid"].clone()).collect::<Vec<_>>(),
        [kid(&second), kid(&first)]
    );
    for (token, key) in [(&second, &published[0]), (&first, &published[1])] {
        let key: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.clone()).expect("a key");
        let key = jsonwebtoken::DecodingKey::from_jwk(&key).expect("a key");
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.set_audience(&["herobrain-api"]);
        assert!(jsonwebtoken::decode::<Value>(token, &key, &validation).is_ok(), "anybody can verify it");
    }

    world.secrets.rotate_token("the third token secret, of enough bytes");
    let newest = world.instance().await;
    newest.client.with(&first).get(MEMORIES).await.expect(401, "AUTH_INVALID");
    // Instances that have cached the first secret trust it for five more minutes.
    instance.clock.set(world.clock.now().plus(Duration::from_secs(301)));
    instance.client.with(&first).get(MEMORIES).await.expect(401, "AUTH_INVALID");
    assert_eq!(newest.client.with(&second).get(MEMORIES).await.status, 200);
}

#[tokio::test]
async fn a_changed_or_unknown_access_token_is_refused() {
    let (world, issuer, instance) = set_up().await;
    let good = token_of(&instance.client.with(&issuer.token("user_maya")).get(EXCHANGE).await);
    let header = good.split('.').next().expect("a part");
    let signature = good.rsplit('.').next().expect("a part");
    let mut changed = claims(&good);
    changed["sub"] = json!("user_ben");
    let changed = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(changed.to_string()));
    instance.client.with(&changed).get(MEMORIES).await.expect(401, "AUTH_INVALID");
    // Unknown key ids cause one read of the secret, not one each.
    let before = world.secrets.reads();
    for number in 0..50 {
        instance.client.with(&made_up(&good, number)).get(MEMORIES).await.expect(401, "AUTH_INVALID");
    }
    assert!(world.secrets.reads() - before <= 5, "{}", world.secrets.reads() - before);
}

/// A token whose key id no version of the secret has.
fn made_up(good: &str, number: u64) -> String {
    let header = json!({"alg": "EdDSA", "kid": format!("hb_{number:016x}")});
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), good.split_once('.').expect("parts").1)
}

#[tokio::test]
async fn made_up_key_ids_delay_a_rotation_of_the_secret_by_thirty_seconds_at_most() {
    let (world, issuer, instance) = set_up().await;
    let session = issuer.token("user_maya");
    let good = token_of(&instance.client.with(&session).get(EXCHANGE).await);
    let at = |second| instance.clock.set(world.clock.now().plus(Duration::from_secs(second)));
    let status = async |token: &str| instance.client.with(token).get(MEMORIES).await.status.as_u16();
    assert_eq!(status(&good).await, 200);
    assert_eq!(status(&made_up(&good, 0)).await, 401);
    world.secrets.rotate_token("the second token secret, of enough bytes");
    let fresh = world.instance().await;
    let rotated = token_of(&fresh.client.with(&session).get(EXCHANGE).await);
    for (second, expected) in [(1, 401), (29, 401), (30, 200)] {
        at(second);
        assert_eq!(status(&rotated).await, expected, "{second}");
        assert_eq!(status(&made_up(&good, second)).await, 401, "{second}");
    }
    // A failed read is repeated after 5 s. Until then it is unknown whether a key exists.
    world.secrets.rotate_token("the third token secret, of enough bytes");
    let newest = world.instance().await;
    let rotated = token_of(&newest.client.with(&session).get(EXCHANGE).await);
    world.secrets.set_away(true);
    at(60);
    assert_eq!(status(&made_up(&good, 60)).await, 503);
    world.secrets.set_away(false);
    for (second, expected) in [(64, 503), (65, 200)] {
        at(second);
        assert_eq!(status(&rotated).await, expected, "{second}");
    }
}

#[tokio::test]
async fn a_token_secret_that_cannot_be_read_is_an_outage() {
    let (world, issuer, instance) = set_up().await;
    let session = instance.client.with(&issuer.token("user_maya"));
    assert_eq!(session.get(MEMORIES).await.status, 200);
    world.secrets.set_away(true);
    session.get(EXCHANGE).await.expect(503, "SERVICE_UNAVAILABLE");
    instance.client.get("/.well-known/jwks.json").await.expect(503, "SERVICE_UNAVAILABLE");
    world.secrets.set_away(false);
    token_of(&session.get(EXCHANGE).await);
}
