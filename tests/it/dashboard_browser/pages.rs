//! Every page in each of its states.

use std::time::Duration;

use hb_domain::plan::{Allowance, Plan};
use hb_domain::{KeyId, Scopes, TenantId};
use hb_tests::world::{NOON, moment};
use hb_tests::{Client, World};
use http::Method;
use serde_json::json;

use super::Site;
use super::clerk::ClerkSite;

const MEMORIES: &str = "/api/v1/memories";
const DAY: Duration = Duration::from_secs(86_400);

/// Opens every page and calls `visit` with what the page is. `false` where no browser is installed.
pub(super) async fn tour(visit: &mut impl AsyncFnMut(&Site, &str)) -> bool {
    // A test may have one browser at a time.
    tour_with_links(visit).await && tour_with_clerk(visit).await
}

async fn tour_with_links(visit: &mut impl AsyncFnMut(&Site, &str)) -> bool {
    let world = World::new().await;
    world.clock.set(moment("2026-11-04T12:00:00Z"));
    let Some(site) = Site::over(world).await else { return false };
    sign_in_pages(&site, visit).await;
    site.sign_in().await;
    for (path, name) in [("", "overview-empty"), ("/keys", "keys-empty")] {
        site.goto(&format!("/dashboard{path}")).await;
        visit(&site, name).await;
    }
    let (used, client) = fill(&site).await;
    site.browser.delete_cookies().await;
    site.sign_in().await;
    let id = site.create_key(&client, "Worker of the nightly import, with a name that is rather long").await;
    for (path, name) in
        [("", "overview"), ("/connect", "connect"), ("/settings", "settings"), ("/keys", "keys")]
    {
        site.goto(&format!("/dashboard{path}")).await;
        visit(&site, name).await;
    }
    site.goto(&format!("/dashboard/keys/{used}")).await;
    visit(&site, "key").await;
    key_pages(&site, &id, visit).await;
    messages(&site, visit).await;

    let hundred = TenantId::parse("hundred").expect("a tenant");
    site.found(&hundred).await;
    for _ in 0..100 {
        site.world.key(&hundred, Scopes::all(), None).await;
    }
    site.browser.delete_cookies().await;
    site.sign_in_to(&hundred).await;
    for (path, name) in [("", "overview-of-100-keys"), ("/keys", "keys-100")] {
        site.goto(&format!("/dashboard{path}")).await;
        visit(&site, name).await;
    }
    true
}

async fn sign_in_pages(site: &Site, visit: &mut impl AsyncFnMut(&Site, &str)) {
    let link = site.world.sign_in_link(&site.tenant, &site.instance.url).await;
    let link = link.strip_prefix(&site.instance.url).expect("the address").to_owned();
    for (path, name) in [
        ("/dashboard/sign-in", "sign-in"),
        (&link, "sign-in-link"),
        ("/dashboard/sign-in?link=used", "sign-in-used-link"),
        ("/dashboard/sign-in?ended=true", "sign-in-session-ended"),
        ("/dashboard/sign-in?signed_out=true", "sign-in-signed-out"),
    ] {
        site.goto(path).await;
        visit(site, name).await;
    }
}

/// Keys and three weeks of requests, some of them refused; returns the key that sent them, and its client.
async fn fill(site: &Site) -> (KeyId, Client) {
    let allowance = Allowance { per_month: 400, per_minute: 60, burst: 20, memories: Some(30) };
    let tenants = site.world.store.tenants();
    assert!(tenants.set_plan(&site.tenant, Plan::Pro, &allowance).await.expect("the database"));
    site.world.clock.set(site.instance.clock.now());
    let (id, key) = site.world.key(&site.tenant, Scopes::all(), None).await;
    site.world.rename_key(&site.tenant, &id, "Production backend").await;
    let client = site.instance.client.with(&key);
    for name in ["Staging", "مفتاح الإنتاج"] {
        site.create_key(&client, name).await;
    }
    let revoked = site.create_key(&client, "Old laptop").await;
    client.post("/api/v1/api-keys/revoke", json!({ "keyId": revoked })).await.expect(200, "");
    for day in 0..20_usize {
        site.wait(DAY);
        let requests = [12, 9, 4, 0, 15, 18, 25][day % 7];
        for index in 0..requests {
            let path = if index % 6 == 5 { "/api/v1/memories/mem_0" } else { MEMORIES };
            client.get(path).await;
        }
    }
    site.instance.clock.set(moment(NOON));
    site.world.clock.set(moment(NOON));
    client.post(MEMORIES, json!({"content": "Prefers tea", "type": "semantic"})).await;
    (id, client)
}

async fn key_pages(site: &Site, id: &str, visit: &mut impl AsyncFnMut(&Site, &str)) {
    let browser = &site.browser;
    for (path, name) in [("new", "new"), (id, "key-unused"), (&format!("{id}/rotate"), "rotate")] {
        site.goto(&format!("/dashboard/keys/{path}")).await;
        visit(site, name).await;
    }
    site.follow("Rotate").await;
    visit(site, "rotated").await;
    browser.reload().await;
    visit(site, "rotated-already").await;

    site.goto("/dashboard/keys/new?expires=date").await;
    browser
        .run("for (const box of document.querySelectorAll('#scopes input')) box.checked = false", &[])
        .await;
    site.follow("Create").await;
    visit(site, "new-error-of-the-date").await;
    site.shows("Expiry must be a date.").await;
    browser.run("document.querySelector('#expires').value = 'never'", &[]).await;
    site.follow("Create").await;
    visit(site, "new-errors").await;
    browser.fill("#name", "Production API Key").await;
    browser.click("input[value='read:memories']").await;
    site.follow("Create").await;
    browser.wait_for("#secret").await;
    visit(site, "created").await;
    browser.reload().await;
    visit(site, "created-already").await;

    site.goto(&format!("/dashboard/keys/new?replaces={id}&name=Worker+(2)")).await;
    visit(site, "new-replacement").await;
    site.goto(&format!("/dashboard/keys/{id}/revoke")).await;
    visit(site, "revoke").await;
    browser.fill("#confirmation", "Wörker").await;
    site.follow("Revoke").await;
    visit(site, "revoke-error").await;
    let name = browser.text("#key-name").await;
    browser.fill("#confirmation", &name).await;
    site.follow("Revoke").await;
    browser.wait_for(".notice.good").await;
    visit(site, "keys-after-a-revocation").await;
    site.goto(&format!("/dashboard/keys/{id}")).await;
    visit(site, "key-revoked").await;
}

async fn messages(site: &Site, visit: &mut impl AsyncFnMut(&Site, &str)) {
    site.goto("/dashboard/keys/key_0").await;
    visit(site, "message-not-found").await;
    site.goto("/dashboard/keys/new").await;
    site.browser.run("document.querySelector('main [name=csrf]').value = ''", &[]).await;
    site.follow("Create").await;
    visit(site, "message-foreign-form").await;
    let cookies = site.browser.cookies().await;
    let cookie = |cookie: &serde_json::Value| {
        format!("{}={}", cookie["name"].as_str().unwrap_or(""), cookie["value"].as_str().unwrap_or(""))
    };
    let cookie = cookies.iter().map(cookie).collect::<Vec<_>>().join("; ");
    for _ in 0..125 {
        let headers = [("cookie", &cookie[..])];
        site.instance.client.send_raw(Method::GET, "/dashboard/settings", &headers, "").await;
    }
    site.goto("/dashboard/settings").await;
    visit(site, "message-too-many").await;
}

async fn tour_with_clerk(visit: &mut impl AsyncFnMut(&Site, &str)) -> bool {
    let Some(clerk) = ClerkSite::open("organization").await else { return false };
    let site = &clerk.site;
    site.goto("/dashboard/sign-in").await;
    site.browser.wait_for("#clerk-sign-in").await;
    visit(site, "sign-in-clerk").await;
    clerk.issue(&json!({"azp": "https://evil.example"}));
    site.browser.click("#clerk-sign-in").await;
    site.browser.wait_for("#clerk[data-refused] button").await;
    visit(site, "sign-in-clerk-refused").await;
    clerk.issue(&json!({}));
    site.follow("Try again").await;
    site.browser.wait_for("#clerk-organization").await;
    visit(site, "sign-in-clerk-organization").await;
    clerk.issue(&json!({"o": {"id": "org_acme", "rol": "member", "slg": "acme"}}));
    site.browser.click("#clerk-organization").await;
    site.browser.wait_for("nav").await;
    for (path, name) in [("", "member-overview"), ("/keys", "member-keys"), ("/settings", "member-settings")]
    {
        site.goto(&format!("/dashboard{path}")).await;
        visit(site, name).await;
    }
    site.goto("/dashboard/keys/new").await;
    visit(site, "message-not-allowed").await;
    true
}
