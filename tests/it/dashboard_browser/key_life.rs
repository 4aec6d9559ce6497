//! The life of a key: created, copied, used, shown nowhere again, revoked.

use hb_tests::browser::{Browser, Key};
use serde_json::json;

use super::Site;

const MEMORIES: &str = "/api/v1/memories";
const NAME: &str = "Production API Key";

#[tokio::test]
async fn a_key_is_created_copied_once_used_and_revoked() {
    let Some(site) = Site::open().await else { return };
    let browser = &site.browser;
    site.sign_in().await;
    assert!(browser.text("#nav-platform").await.eq_ignore_ascii_case("API Platform"));
    site.follow("API Keys").await;
    site.follow("Create API Key").await;
    assert_eq!(browser.text("label[for=name]").await, "Name");
    browser.fill("#name", NAME).await;
    assert_eq!(browser.text("#environment legend").await, "Environment");
    browser.click("input[value=development]").await;
    browser.click("input[value=production]").await;
    assert_eq!(browser.text("#scopes legend").await, "Scopes");
    for scope in ["read:memories", "write:memories"] {
        assert_eq!(browser.property(&format!("input[value='{scope}']"), "checked").await, true, "{scope}");
    }
    site.follow("Create").await;
    browser.wait_for("#secret").await;
    site.shows("It won't be shown again").await;
    let secret = browser.text("#secret").await;
    assert!(secret.starts_with("hb_prod_"), "{secret}");
    browser.click("[data-copy='#secret']").await;
    browser.wait_for("[data-copy='#secret']").await;
    let is_copied = "return document.querySelector(\"[data-copy='#secret'] span\").textContent";
    while browser.run(is_copied, &[]).await != "Copied" {
        tokio::task::yield_now().await;
    }

    is_shown_nowhere_again(&site, &secret).await;
    let pasted = paste(&site).await;
    assert_eq!(pasted, secret, "the copied key");

    let client = site.instance.client.with(&pasted);
    let body = json!({"content": "User created memory", "type": "episodic"});
    client.post(MEMORIES, body).await.expect(201, "");
    assert_eq!(client.get(MEMORIES).await.data()["pagination"]["total"], 1);

    revoke(&site).await;
    client.get(MEMORIES).await.expect(401, "AUTH_INVALID");
    assert_eq!(site.script_errors().await, [""; 0]);
}

/// After the page was left, loaded again or returned to, nothing that a browser shows or keeps has the secret.
async fn is_shown_nowhere_again(site: &Site, secret: &str) {
    let browser = &site.browser;
    // What is left of a page goes to the back-forward cache.
    browser.run("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))", &[]).await;
    assert_eq!(browser.text("#secret").await, "");
    is_absent(browser, secret, "as the page is left").await;
    browser.run("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))", &[]).await;
    assert_eq!(browser.text("#secret").await, "No longer shown");

    browser.reload().await;
    site.shows("already created").await;
    is_absent(browser, secret, "after a reload").await;
    site.follow("See the key").await;
    site.shows(NAME).await;
    is_absent(browser, secret, "on the key's page").await;
    let key = site.path().await;
    browser.back().await;
    is_absent(browser, secret, "after a step back").await;
    browser.forward().await;
    assert_eq!(site.path().await, key);
    is_absent(browser, secret, "after a step forward").await;
    for path in ["/dashboard/keys/new", "/dashboard", "/dashboard/settings", "/dashboard/keys"] {
        site.goto(path).await;
        is_absent(browser, secret, path).await;
    }
    site.shows(NAME).await;
}

async fn is_absent(browser: &Browser, secret: &str, place: &str) {
    // The beginning is what lists show of a key.
    let secret = &secret[secret.len() - 20..];
    // The browser's own page, which asks whether a form should be sent again, has no storage.
    let kept = "try { return JSON.stringify([localStorage, sessionStorage, document.cookie, history.state, name]) } catch { return '' }";
    for text in [browser.source().await, browser.url().await, browser.run(kept, &[]).await.to_string()] {
        assert!(!text.contains(secret), "{place}: {text}");
    }
}

/// What the clipboard has, as a person pastes it into the filter.
async fn paste(site: &Site) -> String {
    site.goto("/dashboard/keys").await;
    // Control and V.
    site.browser.fill("#filter", "\u{e009}v").await;
    site.browser.property("#filter", "value").await.as_str().expect("a text").to_owned()
}

/// Revokes the only key, after a wrong name.
async fn revoke(site: &Site) {
    let browser = &site.browser;
    site.goto("/dashboard/keys").await;
    site.follow(NAME).await;
    site.follow("Revoke").await;
    browser.fill("#confirmation", "production api key").await;
    browser.press(Key::Enter).await;
    browser.wait_for("#confirmation-error").await;
    assert_eq!(browser.text("#confirmation-error").await, "Type the name of the key exactly as it is shown.");
    let described = browser.run("return document.activeElement.getAttribute('role')", &[]).await;
    assert_eq!(described, "alert", "the summary of errors has the focus");
    assert_eq!(browser.property("#confirmation", "value").await, "production api key");
    browser.fill("#confirmation", NAME).await;
    site.follow("Revoke").await;
    browser.wait_for(".notice.good").await;
    assert_eq!(browser.text(".notice.good").await, format!("{NAME} is revoked."));
    assert_eq!(browser.text("#ended").await, "Ended keys");
}
