//! What a page costs a browser, and what it does without scripts and in another time zone.

use std::time::Duration;

use super::Site;

const MAX_REQUESTS: usize = 4;
const MAX_BYTES: u64 = 60 * 1024;

#[tokio::test]
async fn the_first_page_is_small_and_from_its_own_address() {
    let Some(site) = Site::open().await else { return };
    let client = site.client().await;
    client.get("/api/v1/memories").await.expect(200, "");
    let link = site.world.sign_in_link(&site.tenant, &site.instance.url).await;
    let token = link.split_once("link=").expect("a link").1;
    let headers = [("origin", &site.instance.url[..]), ("content-type", "application/x-www-form-urlencoded")];
    let answer = site
        .instance
        .client
        .send_raw(http::Method::POST, "/dashboard/sign-in", &headers, format!("link={token}"))
        .await;
    let cookie = answer.header("set-cookie").split(';').next().and_then(|cookie| cookie.split_once('='));
    let (name, value) = cookie.expect("a cookie");
    // A page of this address that loads nothing of the dashboard.
    site.goto("/api/v1/none").await;
    site.browser.set_cookie(name, value).await;
    site.browser.console().await;
    site.goto("/dashboard").await;
    site.browser.wait_for("nav").await;
    let mut requests = site.browser.requests().await;
    // The icon has been loaded when the browser wants it for the tab.
    requests.retain(|request| request.encoded_bytes > 0);
    let bytes: u64 = requests.iter().map(|request| request.encoded_bytes).sum();
    println!("first page: {} requests, {bytes} bytes", requests.len());
    for request in &requests {
        assert!(request.url.starts_with(&site.instance.url), "{request:?}");
        assert_eq!(request.status, Some(200), "{request:?}");
    }
    assert!((3..=MAX_REQUESTS).contains(&requests.len()), "{requests:?}");
    assert!(bytes <= MAX_BYTES, "{bytes}");
    assert_eq!(site.browser.console_errors().await, []);
}

#[tokio::test]
async fn without_scripts_a_key_is_created_rotated_and_revoked() {
    let Some(site) = Site::open().await else { return };
    let browser = &site.browser;
    browser.set_scripts_disabled(true).await;
    site.sign_in().await;
    site.follow("API Keys").await;
    site.follow("Create API Key").await;
    browser.fill("#name", "Worker").await;
    site.follow("Create").await;
    let first = browser.text("#secret").await;
    assert_eq!(browser.count("button[data-copy]:not([hidden])").await, 0, "a button that does nothing");
    site.instance.client.with(&first).get("/api/v1/memories").await.expect(200, "");

    site.follow("All API keys").await;
    site.follow("Worker").await;
    site.follow("Rotate").await;
    site.follow("Rotate").await;
    let second = browser.text("#secret").await;
    site.instance.client.with(&second).get("/api/v1/memories").await.expect(200, "");
    site.wait(Duration::from_secs(60));
    site.instance.client.with(&first).get("/api/v1/memories").await.expect(401, "AUTH_INVALID");

    site.follow("All API keys").await;
    site.follow("Worker").await;
    site.follow("Revoke").await;
    browser.fill("#confirmation", "Worker").await;
    site.follow("Revoke").await;
    site.shows("Worker is revoked.").await;
    site.instance.client.with(&second).get("/api/v1/memories").await.expect(401, "AUTH_INVALID");
    site.shows("Times are in UTC.").await;
    site.follow("Sign out").await;
    site.shows("You are signed out.").await;
}

#[tokio::test]
async fn times_are_those_of_the_reader() {
    let Some(site) = Site::open().await else { return };
    let client = site.client().await;
    let id = site.create_key(&client, "Worker").await;
    site.browser.set_time_zone("Asia/Tokyo").await;
    site.sign_in().await;
    site.goto(&format!("/dashboard/keys/{id}")).await;
    site.shows("24 Nov 2026, 21:00").await;
    site.shows("Times are in your time zone, Asia/Tokyo.").await;
    let title = site.browser.property("main time", "title").await;
    assert_eq!(title, "24 Nov 2026, 12:00 UTC");
    site.browser.set_time_zone("America/St_Johns").await;
    site.browser.reload().await;
    site.shows("24 Nov 2026, 08:30").await;
}
