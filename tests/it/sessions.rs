//! Clerk session tokens beside API keys: their tenant, their scopes, and their cost.

mod attacks;
mod exchange;
mod keys;
mod renewal;
mod strict;

use std::time::Duration;

use futures_util::future::join_all;
use hb_domain::plan::{Allowance, Plan};
use hb_http::ClerkSettings;
use hb_http::route::Access;
use hb_tests::issuer::TestIssuer;
use hb_tests::world::{moment, plenty};
use hb_tests::{Answer, Client, Instance, World};
use http::Method;
use serde_json::{Value, json};

use crate::routes::{Named, guarded};

const MEMORIES: &str = "/api/v1/memories";
const KEYS: &str = "/api/v1/api-keys";

/// A world with an issuer, and one instance that accepts its tokens.
async fn set_up() -> (World, TestIssuer, Instance) {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let instance = world.instance().await;
    (world, issuer, instance)
}

fn left(answer: &Answer) -> u64 {
    answer.header("x-ratelimit-remaining").parse().expect("a number")
}

#[tokio::test]
async fn a_user_is_a_tenant_from_the_first_request_on() {
    let (world, issuer, instance) = set_up().await;
    let maya = instance.client.with(&issuer.token("user_maya"));
    let body = json!({"content": "User created memory", "type": "episodic", "tenantId": "user_maya"});
    let created = maya.post(MEMORIES, body.clone()).await;
    created.expect(201, "");
    assert_eq!((created.header("x-ratelimit-limit"), left(&created)), ("1000", 999), "the free plan");
    assert_eq!(maya.get(MEMORIES).await.data()["pagination"]["total"], 1);
    let ben =
        instance.client.with(&issuer.rsa.sign(&issuer.claims("user_ben", &json!({}))).expect("a token"));
    assert_eq!(ben.get(MEMORIES).await.data()["pagination"]["total"], 0);
    ben.get(created.header("location")).await.expect(404, "RESOURCE_NOT_FOUND");
    ben.post(MEMORIES, body).await.expect(403, "TENANT_MISMATCH");

    // The operator can change the user's plan, and erase the tenant.
    let id = hb_domain::TenantId::parse("user_maya").expect("a tenant");
    assert!(
        world.store.tenants().set_plan(&id, Plan::Pro, &Plan::Pro.allowance()).await.expect("the database")
    );
    assert_eq!(maya.get(MEMORIES).await.header("x-ratelimit-limit"), "100000");
    assert!(world.store.tenants().set_suspended(&id, true).await.expect("the database"));
    maya.get(MEMORIES).await.expect(403, "TENANT_SUSPENDED");
    assert!(world.store.tenants().set_suspended(&id, false).await.expect("the database"));
    world.store.tenants().delete(&id).await.expect("the database");
    instance.clock.set(world.clock.now().plus(Duration::from_secs(6)));
    assert_eq!(maya.get(MEMORIES).await.header("x-ratelimit-limit"), "1000", "made again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_concurrent_first_requests_create_one_tenant_and_admit_exactly_its_burst() {
    let (world, issuer, first) = set_up().await;
    let second = world.instance().await;
    let token = issuer.token("user_new");
    let clients = [first.client.with(&token), second.client.with(&token)];
    let answers = join_all((0..50).map(|index| clients[index % 2].get(MEMORIES))).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(200), count(429)), (20, 30));
    let id = hb_domain::TenantId::parse("user_new").expect("a tenant");
    let tenant = world.store.tenants().get(&id).await.expect("the database").expect("the tenant");
    assert_eq!(tenant.meter.used(world.clock.now().month()), 20);
}

/// The same requests with a key and with a session of one tenant: same guard, same limits, same headers.
#[tokio::test]
async fn a_session_passes_the_same_guard_as_a_key() {
    let (world, issuer, instance) = set_up().await;
    let account = world.account("user_maya", Plan::Enterprise).await;
    let token = issuer.token("user_maya");
    let names = |answer: &Answer| {
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    for case in guarded() {
        let mut seen = Vec::new();
        for credential in [&account.key, &token] {
            instance.clock.set(instance.clock.now().plus(Duration::from_secs(2)));
            let named = Named::of(&world, &instance, &account).await;
            let answer = case.send_under(&instance, Some(credential), &named, None).await;
            assert!(answer.status.is_success(), "{case:?} {}", answer.text);
            let foreign = case.send(&instance, Some(credential), &named, "tenantId=globex", &json!({})).await;
            assert_eq!(
                foreign.status,
                if case.route.path.ends_with("/rate-limit") { 429 } else { 403 },
                "{case:?}"
            );
            seen.push((answer.status, names(&answer), answer.header("x-ratelimit-limit").to_owned()));
        }
        assert_eq!(seen[0], seen[1], "{case:?}");
    }
}

/// The same refusals with the same messages: of a tenant that exceeds its rate, has used up its month or is suspended.
#[tokio::test]
async fn a_session_is_refused_as_a_key_is() {
    let (world, issuer, instance) = set_up().await;
    let one = |per_month, burst| Allowance { per_month, per_minute: 1, burst, memories: None };
    for (tenant, allowance, suspended, status, code) in [
        ("user_fast", one(1_000, 1), false, 429, "RATE_LIMIT_EXCEEDED"),
        ("user_spent", one(1, 1_000), false, 402, "INSUFFICIENT_QUOTA"),
        ("user_out", plenty(), true, 403, "TENANT_SUSPENDED"),
    ] {
        let account = world.account_with(tenant, allowance).await;
        let named = Named::of(&world, &instance, &account).await;
        if suspended {
            let found = world.store.tenants().set_suspended(&account.tenant, true).await;
            found.expect("a suspension");
        }
        let token = issuer.token(tenant);
        for case in guarded() {
            // A request for the rate-limit status is not counted.
            if case.route.access() == Access::Unmetered {
                continue;
            }
            let mut seen = Vec::new();
            for credential in [&account.key, &token] {
                let answer = case.send_under(&instance, Some(credential), &named, None).await;
                assert_eq!(answer.status, status, "{case:?} {}", answer.text);
                let own = ["x-request-id", "date"];
                let mut headers: Vec<(String, String)> = answer
                    .headers
                    .iter()
                    .map(|(name, value)| (name.to_string(), value.to_str().expect("a text").to_owned()))
                    .filter(|(name, _)| !own.contains(&name.as_str()))
                    .collect();
                headers.sort();
                if case.method != Method::HEAD {
                    answer.expect(status, code);
                }
                seen.push(headers);
            }
            assert_eq!(seen[0], seen[1], "{case:?}");
        }
    }
}

#[tokio::test]
async fn a_warm_session_costs_one_round_trip_before_the_handler_and_no_fetch() {
    let (_world, issuer, instance) = set_up().await;
    let maya = instance.client.with(&issuer.token("user_maya"));
    let path =
        maya.post(MEMORIES, json!({"content": "x", "type": "task"})).await.header("location").to_owned();
    instance.tap.take();
    assert_eq!(maya.get(&path).await.status, 200);
    let calls: Vec<String> = instance.tap.take().into_iter().map(|call| call.name).collect();
    assert_eq!(calls, ["DynamoDB UpdateItem Tenants", "DynamoDB GetItem Memories"]);
    assert_eq!(issuer.issuer.fetches(), 1);
}

#[tokio::test]
async fn a_user_creates_keys_that_outlive_the_session() {
    let (world, issuer, instance) = set_up().await;
    let maya = instance.client.with(&issuer.token("user_maya"));
    let created = maya.post(KEYS, json!({"name": "server"})).await;
    created.expect(201, "");
    assert_eq!(created.data()["expiresAt"], Value::Null);
    assert_eq!(created.data()["scopes"].as_array().map(Vec::len), Some(4));
    let id = created.data()["id"].clone();
    let plain = created.data()["plainKey"].as_str().expect("a plain key");
    instance.clock.set(world.clock.now().plus(Duration::from_secs(86_400)));
    assert_eq!(instance.client.with(plain).get(MEMORIES).await.status, 200);
    maya.get(MEMORIES).await.expect(401, "AUTH_INVALID");
    let later = instance.client.with(&issuer.token_at("user_maya", instance.clock.now()));
    later.post("/api/v1/api-keys/rotate", json!({"keyId": id})).await.expect(200, "");
    later.post("/api/v1/api-keys/revoke", json!({"keyId": id})).await.expect(200, "");
}

#[tokio::test]
async fn an_organization_is_the_tenant_and_only_its_admins_manage_keys() {
    let (mut world, issuer, _) = set_up().await;
    let settings = |name: &str| match name {
        "CLERK_ISSUER" => Some(issuer.url.clone()),
        "CLERK_TENANT" => Some("organization".to_owned()),
        _ => None,
    };
    world.clerk = ClerkSettings::from_env(settings).expect("settings");
    let instance = world.instance().await;
    let with = |user: &str, changes: Value| instance.client.with(&issuer.token_with(user, &changes));
    let admin = with("user_1", json!({"o": {"id": "org_acme", "rol": "admin"}}));
    let member = with("user_2", json!({"o": {"id": "org_acme", "rol": "member"}}));
    let old = with("user_3", json!({"v": 1, "o": null, "org_id": "org_acme", "org_role": "org:admin"}));
    let path =
        admin.post(MEMORIES, json!({"content": "x", "type": "task"})).await.header("location").to_owned();
    assert_eq!(member.get(&path).await.status, 200, "one tenant for all its members");
    let key = admin.post(KEYS, json!({"name": "server"})).await;
    key.expect(201, "");
    let body = json!({"keyId": key.data()["id"]});
    for (path, body) in [
        (KEYS, json!({"name": "mine"})),
        ("/api/v1/api-keys/rotate", body.clone()),
        ("/api/v1/api-keys/revoke", body.clone()),
    ] {
        let refused = member.post(path, body).await;
        refused.expect(403, "INSUFFICIENT_SCOPE");
        assert!(refused.message().contains("admins"), "{}", refused.text);
    }
    assert_eq!(member.get(KEYS).await.status, 200, "reading is anybody's");
    old.post("/api/v1/api-keys/revoke", body).await.expect(200, "");
    let alone = with("user_1", json!({})).get(MEMORIES).await;
    alone.expect(403, "INSUFFICIENT_SCOPE");
    assert!(alone.message().contains("organization"), "{}", alone.text);
}

#[tokio::test]
async fn without_clerk_tokens_are_invalid_and_keys_work() {
    let (mut world, issuer, _) = set_up().await;
    world.clerk = None;
    let account = world.account("user_maya", Plan::Pro).await;
    let instance = world.instance().await;
    instance.client.with(&issuer.token("user_maya")).get(MEMORIES).await.expect(401, "AUTH_INVALID");
    assert_eq!(instance.client.with(&account.key).get(MEMORIES).await.status, 200);
    assert_eq!(issuer.issuer.fetches(), 0);
}

#[tokio::test]
async fn a_key_in_pem_needs_no_network() {
    let (mut world, issuer, _) = set_up().await;
    for key in [&issuer.ec, &issuer.rsa] {
        let pem = hb_tests::issuer::public_pem(key);
        let settings = |name: &str| match name {
            "CLERK_ISSUER" => Some(issuer.url.clone()),
            "CLERK_JWT_KEY" => Some(pem.replace('\n', "\\n")),
            _ => None,
        };
        world.clerk = ClerkSettings::from_env(settings).expect("settings");
        let instance = world.instance().await;
        let token = key.sign(&issuer.claims("user_maya", &json!({}))).expect("a token");
        assert_eq!(instance.client.with(&token).get(MEMORIES).await.status, 200);
        let other = if key.kid == issuer.ec.kid { &issuer.rsa } else { &issuer.ec };
        let other = other.sign(&issuer.claims("user_maya", &json!({}))).expect("a token");
        instance.client.with(&other).get(MEMORIES).await.expect(401, "AUTH_INVALID");
    }
    assert_eq!(issuer.issuer.fetches(), 0);
}

#[tokio::test]
async fn a_session_ends_at_its_expiry_even_if_it_was_just_verified() {
    let (_world, issuer, instance) = set_up().await;
    let now = moment("2026-11-24T12:00:00Z").seconds();
    let maya = instance.client.with(&issuer.token_with("user_maya", &json!({"exp": now + 30})));
    assert_eq!(maya.get(MEMORIES).await.status, 200);
    for (second, status) in [(29, 200), (34, 200), (35, 401)] {
        instance.clock.set(moment("2026-11-24T12:00:00Z").plus(Duration::from_secs(second)));
        assert_eq!(maya.get(MEMORIES).await.status, status, "{second}");
    }
    let ended = maya.get(MEMORIES).await;
    assert_eq!(ended.message(), "The token has expired; get a new one");
    let early = instance.client.with(&issuer.token_with("user_maya", &json!({"nbf": now + 41})));
    early.get(MEMORIES).await.expect(401, "AUTH_INVALID");
    instance.clock.set(moment("2026-11-24T12:00:36Z"));
    assert_eq!(early.get(MEMORIES).await.status, 200);
}

/// Sends a complete `Authorization` header.
async fn send_raw(client: &Client, path: &str, authorization: &str) -> Answer {
    client.send_raw(Method::GET, path, &[("authorization", authorization)], "").await
}
