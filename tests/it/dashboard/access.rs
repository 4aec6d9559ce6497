//! Only the token of a session that lasts opens a page; everything else leads to the sign-in page and back.

use std::time::Duration;

use hb_domain::TenantId;
use hb_domain::dashboard::{DashboardToken, LINK_SESSION_LIFETIME};
use hb_tests::issuer::TestIssuer;
use hb_tests::world::plenty;
use hb_tests::{Answer, Visitor, World};
use http::Method;
use rand::RngExt;

use super::pages::{Key, Page, pages};
use crate::routes::{Named, guarded};

/// Asserts that the response leads to the sign-in page, and from there to `next`.
#[track_caller]
fn leads_to_sign_in(answer: &Answer, next: &str, has_ended: bool) {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let location = answer.header("location");
    let (path, query) = location.split_once('?').expect("a query");
    assert_eq!(path, "/dashboard/sign-in");
    let mut expected = vec![("next".to_owned(), next.to_owned())];
    expected.extend(has_ended.then(|| ("ended".to_owned(), "true".to_owned())));
    assert_eq!(form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>(), expected);
}

/// Where somebody continues who had to sign in before this page: a form's page shows its fields again.
fn next_of(page: &Page, key: &Key) -> String {
    let path = page.path(key);
    let has_page =
        pages().iter().any(|other| other.method == Method::GET && other.route.path == page.route.path);
    let kept: Vec<_> = page.fields(key).into_iter().filter(|(name, _)| name != "confirmation").collect();
    match (has_page, kept.is_empty()) {
        (false, _) => "/dashboard".to_owned(),
        (true, true) => path,
        (true, false) => {
            format!("{path}?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish())
        }
    }
}

#[tokio::test]
async fn what_is_no_token_leads_to_the_sign_in_page_without_a_call() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let key = Key::of(&world, &account.tenant).await;
    let token = visitor.token.clone();
    let own = visitor.cookie();
    let named = |value: &str| visitor.with(value).cookie();
    let mut cookies = vec![
        named(""),
        named("x"),
        named("a.b.c"),
        named(&format!("{token}x")),
        named(&format!("{token}.x")),
        named(&token[..token.len() - 1]),
        named(&token.to_uppercase()),
        named(&format!("\"{token}\"")),
        named(&token.replace('.', "%2E")),
        named(&account.key),
        named(&issuer.token("user_maya")),
        format!("{own}; {own}"),
        format!("{own}; {}", named("x")),
        own.replace("hb_", "HB_"),
        own.replace(&visitor.cookie_name(), "hb_session_1"),
        own.replace(&visitor.cookie_name(), "__Host-hb_session"),
        own.replace('=', "=="),
        ";;; =; ".to_owned(),
    ];
    let mut rng = world.rng();
    for _ in 0..24 {
        let length = rng.random_range(0..90);
        let value: String = (0..length).map(|_| char::from(rng.random_range(b' '..=b'~'))).collect();
        cookies.push(named(&value));
        cookies.push(value);
    }
    let nobody = Visitor::of(&instance);
    instance.tap.take();
    for page in pages() {
        let origin = instance.url.clone();
        let headers = [("origin", origin.as_str()), ("content-type", hb_tests::dashboard::FORM)];
        let body = if page.is_form() {
            page.body(&key, &[("csrf", "x"), ("idempotency_key", "y")])
        } else {
            String::new()
        };
        for cookie in cookies.iter().map(Some).chain([None]) {
            let mut headers = if page.is_form() { headers.to_vec() } else { Vec::new() };
            headers.extend(cookie.map(|cookie| ("cookie", cookie.as_str())));
            let answer = nobody.send(page.method.clone(), &page.path(&key), &headers, body.clone()).await;
            leads_to_sign_in(&answer, &next_of(&page, &key), false);
            assert!(answer.header("set-cookie").is_empty());
        }
        // Two `Cookie` headers are one.
        let mut twice = if page.is_form() { headers.to_vec() } else { Vec::new() };
        twice.extend([("cookie", own.as_str()), ("cookie", own.as_str())]);
        let answer = nobody.send(page.method.clone(), &page.path(&key), &twice, body.clone()).await;
        leads_to_sign_in(&answer, &next_of(&page, &key), false);
    }
    assert_eq!(instance.tap.take(), []);
    assert_eq!(visitor.get("/dashboard/connect").await.status, 200, "the session itself is good");
}

#[tokio::test]
async fn the_query_of_a_page_is_kept_for_after_the_sign_in() {
    let world = World::new().await;
    let instance = world.instance().await;
    let nobody = Visitor::of(&instance);
    for page in ["/dashboard/keys/new?name=a%20b%26c&scopes=x&scopes=y", "/dashboard?a=%3Cscript%3E"] {
        leads_to_sign_in(&nobody.get(page).await, page, false);
    }
    // A header has a limit at API Gateway: of a very long form only its page is kept.
    let path = "/dashboard/keys/new";
    let name = "x".repeat(3_900);
    let kept = format!("{path}?name={name}");
    leads_to_sign_in(&nobody.get(&kept).await, &kept, false);
    leads_to_sign_in(&nobody.post(path, &[("name", &name)]).await, &kept, false);
    let long = "x".repeat(4_000);
    leads_to_sign_in(&nobody.get(&format!("{path}?name={long}")).await, path, false);
    leads_to_sign_in(&nobody.post(path, &[("name", &long)]).await, path, false);
}

#[tokio::test]
async fn a_token_that_is_not_that_of_a_session_costs_two_reads_and_leads_to_the_sign_in_page() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let other = world.account_with("globex", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let theirs = Visitor::signed_in(&world, &instance, &other.tenant).await;
    let key = Key::of(&world, &account.tenant).await;
    let parts: Vec<&str> = visitor.token.split('.').collect();
    let foreign: Vec<&str> = theirs.token.split('.').collect();
    let join = |tenant: &str, id: &str, secret: &str| format!("{tenant}.{id}.{secret}");
    let last = if parts[2].ends_with('a') { "b" } else { "a" };
    let mistyped = format!("{}{last}", &parts[2][..31]);
    let unknown = DashboardToken::mint(&TenantId::parse("acme").expect("a tenant"), &mut world.rng());
    let link = hb_tests::dashboard::link(&world, &instance, &account.tenant).await;
    let tokens = [
        join("globex", parts[1], parts[2]),
        join("nobody", parts[1], parts[2]),
        join("acme", foreign[1], parts[2]),
        join("acme", parts[1], foreign[2]),
        join("acme", parts[1], &mistyped),
        unknown.expose(),
        link.split_once("link=").expect("a token").1.to_owned(),
    ];
    for page in pages() {
        for token in &tokens {
            instance.tap.take();
            let body = page.body(&key, &[("csrf", "x")]);
            let body = if page.is_form() { body } else { String::new() };
            let answer = page.send_body(&visitor.with(token), &key, body).await;
            leads_to_sign_in(&answer, &next_of(&page, &key), false);
            let mut calls: Vec<String> = instance.tap.take().into_iter().map(|call| call.name).collect();
            calls.sort();
            assert_eq!(
                calls,
                ["DynamoDB GetItem DashboardSessions", "DynamoDB GetItem Tenants"],
                "{page:?} {token}"
            );
        }
    }
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let key = Key::of(&world, &account.tenant).await;
    let csrf = visitor.csrf().await;
    let end = world.clock.now().plus(LINK_SESSION_LIFETIME);
    instance.clock.set(end.minus(Duration::from_millis(1)));
    assert_eq!(visitor.get("/dashboard").await.status, 200);
    instance.clock.set(end);
    for page in pages() {
        let answer = page.send(&visitor, &key, &csrf, "k").await;
        leads_to_sign_in(&answer, &next_of(&page, &key), true);
    }
}

#[tokio::test]
async fn a_session_is_no_credential_of_the_api() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let named = Named::of(&world, &instance, &account).await;
    let cookie = visitor.cookie();
    for case in guarded() {
        let by_cookie = case.send_with(&instance, None, &named, &[("cookie", &cookie)]).await;
        assert_eq!(by_cookie.status, 401, "{case:?} {}", by_cookie.text);
        let by_bearer = case.send_with(&instance, Some(&visitor.token), &named, &[]).await;
        assert_eq!(by_bearer.status, 401, "{case:?} {}", by_bearer.text);
    }
    // A key with the cookie of another tenant's session is the key's.
    let other = world.account_with("globex", plenty()).await;
    let answer = instance
        .client
        .with(&other.key)
        .send_raw(Method::GET, "/api/v1/api-keys", &[("cookie", &cookie)], "")
        .await;
    assert!(
        answer.text.contains(other.id.as_str()) && !answer.text.contains(account.id.as_str()),
        "{}",
        answer.text
    );
}
