//! Signing in with Clerk: whose tokens begin a session, and who may manage keys with it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hb_domain::dashboard::{CLERK_SESSION_LIFETIME, PublishableKey};
use hb_domain::{Scopes, TenantId};
use hb_http::ClerkSettings;
use hb_tests::dashboard::SIGN_IN;
use hb_tests::issuer::TestIssuer;
use hb_tests::{Answer, Instance, Visitor, World};
use serde_json::{Value, json};

use super::pages::{Key, forms, state};

/// The origin that `CLERK_AUTHORIZED_PARTIES` lists.
const LISTED: &str = "https://app.example.com";

async fn set_up(tenant: &str) -> (World, TestIssuer, Instance) {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let settings = |name: &str| match name {
        "CLERK_ISSUER" => Some(issuer.url.clone()),
        "CLERK_AUTHORIZED_PARTIES" => Some(LISTED.to_owned()),
        "CLERK_TENANT" => Some(tenant.to_owned()),
        _ => None,
    };
    world.clerk = ClerkSettings::from_env(settings).expect("settings");
    let key = format!("pk_test_{}", STANDARD.encode("127.0.0.1:4000$"));
    world.publishable_key = PublishableKey::parse(&key);
    assert!(world.publishable_key.is_some());
    let instance = world.instance().await;
    (world, issuer, instance)
}

async fn sign_in(instance: &Instance, token: &str) -> Answer {
    Visitor::of(instance).post(SIGN_IN, &[("token", token), ("next", "/dashboard/keys")]).await
}

fn begun(instance: &Instance, answer: &Answer) -> Visitor {
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/dashboard/keys"),
        "{}",
        answer.text
    );
    let visitor = Visitor::of(instance);
    let token = visitor.token_set_by(answer);
    visitor.with(&token)
}

/// A token of the page's own origin, with these changed claims.
fn token(issuer: &TestIssuer, instance: &Instance, user: &str, changes: Value) -> String {
    let mut all = json!({"azp": instance.url});
    all.as_object_mut().expect("claims").extend(changes.as_object().expect("changes").clone());
    issuer.token_with(user, &all)
}

#[tokio::test]
async fn a_session_of_the_own_origin_begins_one_of_five_minutes_and_creates_the_tenant() {
    let (world, issuer, instance) = set_up("user").await;
    let maya = TenantId::parse("user_maya").expect("a tenant");
    let own = token(&issuer, &instance, "user_maya", json!({}));
    assert!(world.store.tenants().get(&maya).await.expect("the database").is_none());
    // The API itself accepts the listed parties only.
    instance.client.with(&own).get("/api/v1/memories").await.expect(401, "AUTH_INVALID");
    assert!(world.store.tenants().get(&maya).await.expect("the database").is_none());

    let answer = sign_in(&instance, &own).await;
    assert!(answer.header("set-cookie").contains("Max-Age=300"), "{}", answer.header("set-cookie"));
    let visitor = begun(&instance, &answer);
    let settings = visitor.get("/dashboard/settings").await.text;
    assert!(settings.contains("user_maya") && settings.contains(">Free<"), "{settings}");
    instance.client.with(&own).get("/api/v1/memories").await.expect(401, "AUTH_INVALID");
    let plain = visitor.create_key("server").await;
    assert_eq!(instance.client.with(&plain).get("/api/v1/memories").await.status, 200);

    let end = world.clock.now().plus(CLERK_SESSION_LIFETIME);
    instance.clock.set(end.minus(Duration::from_millis(1)));
    assert_eq!(visitor.get("/dashboard/keys").await.status, 200);
    instance.clock.set(end);
    let location = "/dashboard/sign-in?next=%2Fdashboard%2Fkeys&ended=true";
    assert_eq!(visitor.get("/dashboard/keys").await.header("location"), location);
    // The sign-in page renews it.
    let renewed = begun(&instance, &sign_in(&instance, &own).await);
    assert_eq!(renewed.get("/dashboard/keys").await.status, 200);
}

#[tokio::test]
async fn no_other_token_begins_a_session() {
    let (world, issuer, instance) = set_up("user").await;
    let account = world.account("user_maya", hb_domain::plan::Plan::Pro).await;
    let listed = issuer.token_with("user_maya", &json!({"azp": LISTED}));
    let exchanged = instance.client.with(&listed).get("/auth/clerk-token").await;
    let access = exchanged.data()["token"].as_str().expect("a token").to_owned();
    assert_eq!(instance.client.with(&access).get("/api/v1/memories").await.status, 200);
    let now = world.clock.now().seconds();
    let own = |changes: Value| token(&issuer, &instance, "user_maya", changes);
    let good = own(json!({}));
    let (head, _) = good.rsplit_once('.').expect("a signature");
    let session = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let before = world.everything().await.matches("\"session#").count();
    for (name, token) in [
        ("foreign azp", own(json!({"azp": "https://evil.example"}))),
        ("no azp", own(json!({"azp": null}))),
        ("expired", own(json!({"iat": now - 7_200, "nbf": now - 7_200, "exp": now - 3_600}))),
        ("not yet", own(json!({"nbf": now + 3_600}))),
        ("other issuer", own(json!({"iss": "https://evil.example"}))),
        ("unsigned", format!("{head}.")),
        ("access token", access),
        ("API key", account.key.clone()),
        ("session of the dashboard", session.token.clone()),
        ("text", "not-a-token-at-all".to_owned()),
        ("long", "x".repeat(20_000)),
    ] {
        let answer = sign_in(&instance, &token).await;
        assert_eq!(answer.status, 401, "{name} {}", answer.text);
        assert!(answer.header("set-cookie").is_empty(), "{name}");
        assert!(answer.text.contains("session was not accepted"), "{name} {}", answer.text);
        assert!(!answer.text.contains(&token), "{name}");
    }
    assert_eq!(world.everything().await.matches("\"session#").count(), before);
    begun(&instance, &sign_in(&instance, &good).await);
    begun(&instance, &sign_in(&instance, &listed).await);
}

#[tokio::test]
async fn a_suspended_tenant_begins_no_session_with_clerk() {
    let (world, issuer, instance) = set_up("user").await;
    let account = world.account("user_maya", hb_domain::plan::Plan::Pro).await;
    assert!(world.store.tenants().set_suspended(&account.tenant, true).await.expect("the database"));
    let answer = sign_in(&instance, &token(&issuer, &instance, "user_maya", json!({}))).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(answer.text.contains("The tenant is suspended") && answer.header("set-cookie").is_empty());
}

#[tokio::test]
async fn of_an_organization_only_admins_manage_keys() {
    let (world, issuer, instance) = set_up("organization").await;
    let with_role = |user: &str, role: &str| {
        token(&issuer, &instance, user, json!({"o": {"id": "org_acme", "rol": role}}))
    };
    let admin = begun(&instance, &sign_in(&instance, &with_role("user_1", "admin")).await);
    let member = begun(&instance, &sign_in(&instance, &with_role("user_2", "member")).await);
    let tenant = TenantId::parse("org_acme").expect("a tenant");
    let key = Key::of(&world, &tenant).await;
    world.key(&tenant, Scopes::all(), None).await;
    let before = state(&world).await;
    let csrf = member.csrf().await;
    for form in forms().iter().filter(|form| form.route.path != "/dashboard/sign-out") {
        let answer = form.send(&member, &key, &csrf, "k").await;
        assert_eq!(answer.status, 403, "{form:?} {}", answer.text);
        assert!(answer.text.contains("admin"), "it says who may: {}", answer.text);
        let page = member.get(&form.path(&key)).await;
        assert_eq!(page.status, 403, "{form:?} {}", page.text);
    }
    assert_eq!(state(&world).await, before);
    for path in
        ["/dashboard", "/dashboard/keys", &format!("/dashboard/keys/{}", key.id), "/dashboard/settings"]
    {
        let page = member.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        for link in ["/dashboard/keys/new", "/rotate\"", "/revoke\""] {
            assert!(!page.text.contains(link), "{path} leads a member to {link}");
        }
    }
    assert!(
        member.get("/dashboard/keys").await.text.contains("Only admins of your organization manage API keys")
    );

    // The role is that of the last sign-in.
    let promoted = begun(&instance, &sign_in(&instance, &with_role("user_2", "admin")).await);
    assert!(!promoted.create_key("by a new admin").await.is_empty());
    let demoted = begun(&instance, &sign_in(&instance, &with_role("user_1", "member")).await);
    assert_eq!(demoted.get("/dashboard/keys/new").await.status, 403);
    assert_eq!(admin.get("/dashboard/keys/new").await.status, 200, "until its session ends");
    let csrf = promoted.csrf().await;
    for form in forms() {
        let answer = form.send(&promoted, &key, &csrf, &format!("l{}", form.route.path.len())).await;
        assert!(answer.status.is_success() || answer.status == 303, "{form:?} {}", answer.text);
    }
}

#[tokio::test]
async fn somebody_without_an_organization_is_told_to_choose_one() {
    let (world, issuer, instance) = set_up("organization").await;
    let answer = sign_in(&instance, &token(&issuer, &instance, "user_1", json!({}))).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(answer.text.contains("Choose one to continue"), "{}", answer.text);
    assert!(answer.header("set-cookie").is_empty());
    assert!(!world.everything().await.contains("user_1"));
}
