//! What every response of the dashboard tells browsers and caches.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hb_domain::dashboard::{DashboardToken, PublishableKey};
use hb_http::{App, PublicUrl, Settings, StrictTransport};
use hb_local::functions;
use hb_tests::dashboard::{FORM, SIGN_IN, encoded, link};
use hb_tests::world::plenty;
use hb_tests::{Answer, Visitor, World};
use http::{HeaderMap, Method, Request};
use lambda_http::Body;

use super::pages::{Key, pages};

#[track_caller]
fn is_a_page(answer: &Answer, context: &str) {
    let headers = &answer.headers;
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{context}");
    assert!(
        !headers.keys().any(|name| name.as_str().starts_with("access-control-")),
        "{context} {headers:?}"
    );
    assert!(!answer.header("x-request-id").is_empty(), "{context}");
    if answer.status == 303 {
        return;
    }
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{context}");
    assert!(answer.header("cache-control").contains("no-store"), "{context} {headers:?}");
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{context} {policy}");
    }
    for wild in ["unsafe-eval", "data:", " *;", "http:"] {
        assert!(!policy.contains(wild), "{context} {policy}");
    }
}

/// A page that is not only the one of an error.
#[track_caller]
fn is_a_full_page(answer: &Answer, context: &str) {
    is_a_page(answer, context);
    let policy = answer.header("content-security-policy");
    assert!(!policy.contains("unsafe-inline"), "{context} {policy}");
    assert!(policy.contains("form-action 'self'"), "{context} {policy}");
    assert_eq!(answer.header("referrer-policy"), "same-origin", "{context}");
}

#[tokio::test]
async fn every_page_is_private_to_its_session_and_runs_nothing_inline() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let nobody = Visitor::of(&instance);
    let key = Key::of(&world, &account.tenant).await;
    let csrf = visitor.csrf().await;
    for page in pages() {
        for (who, csrf) in [(&nobody, csrf.as_str()), (&visitor, "x"), (&visitor, csrf.as_str())] {
            // Signing out comes last and is tried elsewhere.
            if page.route.path == "/dashboard/sign-out" && csrf != "x" {
                continue;
            }
            let answer = page.send(who, &key, csrf, "k").await;
            let context = format!("{page:?} {}", answer.status);
            is_a_page(&answer, &context);
            assert_eq!(answer.header("vary"), "Cookie", "{context}");
            if answer.status == 200 && page.method != Method::HEAD {
                is_a_full_page(&answer, &context);
                for inline in ["<style", " style=\"", " onclick", "javascript:", "<script>"] {
                    assert!(!answer.text.contains(inline), "{context} has {inline}");
                }
            }
        }
    }
    let foreign = Key::missing();
    is_a_full_page(&visitor.get(&format!("/dashboard/keys/{}", foreign.id)).await, "not found");
    for path in [SIGN_IN, "/dashboard/sign-in?link=x", "/dashboard/sign-in?next=%22%3E%3Cscript%3E"] {
        let answer = nobody.get(path).await;
        is_a_full_page(&answer, path);
        assert!(!answer.text.contains("<script>"), "{}", answer.text);
        assert!(!answer.header("content-security-policy").contains("script-src"), "{path}");
    }
    is_a_full_page(&nobody.post(SIGN_IN, &[("link", "x")]).await, "a refused link");
    let preflight = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    let answer = nobody.send(Method::OPTIONS, "/dashboard/keys/new", &preflight, "").await;
    assert!(
        !answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")),
        "{:?}",
        answer.headers
    );
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = visitor.send(method.clone(), "/dashboard/keys", &[], "").await;
        assert_eq!(answer.status, 405, "{method}");
        is_a_page(&answer, "405");
    }
}

#[tokio::test]
async fn with_clerk_only_the_sign_in_page_allows_what_clerk_needs() {
    let mut world = World::new().await;
    let host = "clerk.example.com";
    world.publishable_key =
        PublishableKey::parse(&format!("pk_test_{}", STANDARD.encode(format!("{host}$"))));
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let nobody = Visitor::of(&instance);
    let answer = nobody.get(SIGN_IN).await;
    is_a_page(&answer, "sign-in");
    let policy = answer.header("content-security-policy");
    assert!(policy.contains(&format!("script-src 'self' https://{host}")), "{policy}");
    let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src")).expect("a directive");
    assert!(!scripts.contains("unsafe"), "{scripts}");
    assert!(policy.contains("style-src 'self' 'unsafe-inline'"), "{policy}");
    assert!(!answer.text.contains("<script>"));
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    is_a_full_page(&visitor.get("/dashboard").await, "another page");
    // A link works beside Clerk, without its scripts.
    let link = link(&world, &instance, &account.tenant).await;
    is_a_full_page(&nobody.get(&link).await, "a link");
}

#[tokio::test]
async fn files_are_kept_by_everybody_for_a_year() {
    let world = World::new().await;
    let instance = world.instance().await;
    let nobody = Visitor::of(&instance);
    let page = nobody.get(SIGN_IN).await.text;
    let account = world.account_with("acme", plenty()).await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let page = format!("{page}{}", visitor.get("/dashboard").await.text);
    let files: std::collections::BTreeSet<&str> =
        page.split('"').filter(|text| text.starts_with("/dashboard/static/")).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let answer = visitor.get(file).await;
        assert_eq!(answer.status, 200, "{file}");
        let control = answer.header("cache-control");
        for part in ["public", "immutable", "max-age=31536000"] {
            assert!(control.contains(part), "{file} {control}");
        }
        assert!(!answer.headers.contains_key("vary") && !answer.headers.contains_key("set-cookie"), "{file}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let tag = answer.header("etag");
        let known = nobody.send(Method::GET, file, &[("if-none-match", tag)], "").await;
        assert_eq!(known.status, 304, "{file}");
    }
    assert_eq!(nobody.get("/dashboard/static/nothing.js").await.status, 404);
    assert_eq!(nobody.get("/dashboard/static/..%2FCargo.toml").await.status, 404);
}

/// A response of a deployed instance, by its status and headers.
async fn deployed(
    app: &App,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> (u16, HeaderMap) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app.handle(request.body(Body::Text(body)).expect("a request")).await;
    (response.status().as_u16(), response.headers().clone())
}

#[tokio::test]
async fn deployed_the_cookie_is_secure_and_every_response_is_for_https_only() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let url = PublicUrl::parse("https://api.example.com").expect("a URL");
    let settings = Settings {
        strict_transport: StrictTransport::from_env(|_| Some("31536000".to_owned())).expect("a header"),
        ..Settings::default()
    };
    let (_, routes) = functions::route_tables().find(|(name, _)| *name == "dashboard").expect("the function");
    let entropy = hb_tests::seed::entropy();
    let app = App::new(vec![routes], world.store.clone(), world.clock.clone(), entropy, settings)
        .reached_at(Some(url.clone()));
    let now = world.clock.now();
    let link = hb_http::new_sign_in_link(&world.store, &account.tenant, &url, now, &mut world.rng())
        .await
        .expect("a link");
    assert!(link.starts_with("https://api.example.com/dashboard/sign-in?link="), "{link}");
    let form = |fields: &[(&str, &str)]| encoded(fields);
    let body = form(&[("link", link.split_once("link=").expect("a token").1)]);
    let headers = [("content-type", FORM), ("origin", "https://api.example.com")];
    for foreign in
        ["http://api.example.com", "https://localhost", "https://evil.example", "https://api.example.com:444"]
    {
        let headers = [("content-type", FORM), ("origin", foreign), ("host", "evil.example")];
        assert_eq!(deployed(&app, Method::POST, SIGN_IN, &headers, body.clone()).await.0, 403, "{foreign}");
    }
    let (status, response) = deployed(&app, Method::POST, SIGN_IN, &headers, body).await;
    assert_eq!(status, 303);
    let cookie = response["set-cookie"].to_str().expect("text").to_owned();
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    let token = pair.strip_prefix("__Host-hb_session=").expect("the prefix");
    assert!(DashboardToken::parse(token).is_some());
    assert_eq!(attributes, "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=43200");
    let local = format!("hb_session_443={token}");
    for (sent, expected) in [(pair, 200), (local.as_str(), 303)] {
        let (status, headers) =
            deployed(&app, Method::GET, "/dashboard", &[("cookie", sent)], String::new()).await;
        assert_eq!(status, expected, "{sent}");
        assert_eq!(headers["strict-transport-security"], "max-age=31536000");
    }
}

#[tokio::test]
async fn on_this_machine_the_cookie_has_the_port_in_its_name() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::of(&instance);
    let link = link(&world, &instance, &account.tenant).await;
    let answer = visitor.follow(&link).await;
    let token = visitor.token_set_by(&answer);
    let expected =
        format!("{}={token}; HttpOnly; SameSite=Lax; Path=/; Max-Age=43200", visitor.cookie_name());
    assert_eq!(answer.header("set-cookie"), expected);
    assert!(!answer.headers.contains_key("strict-transport-security"));
    // Pages without a change set none.
    assert!(!visitor.with(&token).get("/dashboard").await.headers.contains_key("set-cookie"));
}
