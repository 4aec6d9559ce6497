//! Who gets in: every route without a credential, with a bad one, and without its scope.

use hb_domain::{Scope, Scopes, TenantId};
use hb_tests::world::{moment, plenty};
use hb_tests::{Answer, World};
use http::Method;
use serde_json::json;

use crate::routes::{Case, Named, guarded, public, with_a_file};

const RATE_HEADERS: [&str; 5] =
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit", "ratelimit-policy"];

/// Requests that the tenant has been charged for this month.
async fn charged(world: &World, tenant: &TenantId) -> u64 {
    let found = world.store.tenants().get(tenant).await.expect("an answer").expect("the tenant");
    found.meter.used(world.clock.now().month())
}

#[track_caller]
fn assert_refused(case: &Case, answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{case:?} {}", answer.text);
    if case.method != Method::HEAD {
        answer.expect(status, code);
    }
}

#[track_caller]
fn assert_rate_headers(case: &Case, answer: &Answer, there: bool) {
    for name in RATE_HEADERS {
        assert_eq!(answer.headers.contains_key(name), there, "{case:?} {name}");
    }
}

#[tokio::test]
async fn a_public_route_needs_no_credential_and_reads_none() {
    let world = World::new().await;
    let instance = world.instance().await;
    for case in public() {
        for client in [instance.client.clone(), instance.client.with("nonsense")] {
            let path = with_a_file(case.route.path);
            let answer = client.send(case.method.clone(), &path, None).await;
            assert_eq!(answer.status, 200, "{case:?}");
            assert_rate_headers(&case, &answer, false);
        }
    }
}

#[tokio::test]
async fn every_route_refuses_who_brings_no_credential_and_counts_nothing() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let named = Named::of(&world, &instance, &account).await;
    let before = charged(&world, &account.tenant).await;
    instance.tap.take();
    for case in guarded() {
        let answer = case.send(&instance, None, &named, "", &json!({})).await;
        assert_refused(&case, &answer, 401, "AUTH_REQUIRED");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{case:?}");
        assert_rate_headers(&case, &answer, false);
    }
    assert_eq!(instance.tap.take(), [], "a refusal of nobody costs nothing");
    assert_eq!(charged(&world, &account.tenant).await, before);
}

#[tokio::test]
async fn every_route_refuses_a_bad_credential_and_counts_nothing() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let elsewhere = World::new().await;
    let nobody = elsewhere.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let named = Named::of(&world, &instance, &account).await;
    let (_, short_lived) =
        world.key(&account.tenant, Scopes::all(), Some(moment("2026-11-24T12:00:01Z"))).await;
    instance.clock.set(moment("2026-11-24T12:00:01Z"));
    let before = charged(&world, &account.tenant).await;

    let mistyped = format!("{}{}", &account.key[..account.key.len() - 1], '_');
    for credential in ["nonsense", "a.b.c", &mistyped, &nobody.key, &short_lived] {
        for case in guarded() {
            let answer = case.send(&instance, Some(credential), &named, "", &json!({})).await;
            assert_refused(&case, &answer, 401, "AUTH_INVALID");
            assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#, "{case:?}");
            assert_rate_headers(&case, &answer, false);
        }
    }
    assert_eq!(charged(&world, &account.tenant).await, before);
}

#[tokio::test]
async fn every_route_refuses_a_key_without_its_scope_names_it_and_counts() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let named = Named::of(&world, &instance, &account).await;
    let scoped: Vec<(Case, Scope)> =
        guarded().into_iter().filter_map(|case| Some((case.clone(), case.scope()?))).collect();
    assert!(!scoped.is_empty());
    for (case, scope) in scoped {
        let others = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        let (id, key) = world.key(&account.tenant, others, None).await;
        let before = charged(&world, &account.tenant).await;
        let answer = case.send(&instance, Some(&key), &named, "", &json!({})).await;

        assert_refused(&case, &answer, 403, "INSUFFICIENT_SCOPE");
        let challenge = format!(r#"Bearer error="insufficient_scope", scope="{scope}""#);
        assert_eq!(answer.header("www-authenticate"), challenge, "{case:?}");
        if case.method != Method::HEAD {
            assert!(answer.message().contains(scope.as_str()), "{}", answer.text);
        }
        assert_rate_headers(&case, &answer, true);
        assert_eq!(charged(&world, &account.tenant).await, before + 1, "{case:?}");
        let usage = format!("/api/v1/api-keys/usage?days=1&keyId={id}");
        let usage = instance.client.with(&account.key).get(&usage).await;
        assert_eq!((&usage.data()["total"], &usage.data()["errors"]), (&json!(1), &json!(1)), "{case:?}");
    }
}

#[tokio::test]
async fn every_route_lets_in_the_one_scope_that_it_names() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    for case in guarded() {
        let Some(scope) = case.scope() else { continue };
        let named = Named::of(&world, &instance, &account).await;
        let key = world.key_with(&account.tenant, scope).await;
        let answer = case.send(&instance, Some(&key), &named, "", &json!({})).await;
        assert!(answer.status.is_success(), "{case:?} {}", answer.text);
    }
}
