//! Sessions by a link: it works once, they end, and nothing remains of them.

use std::time::Duration;

use super::Site;

const MINUTE: Duration = Duration::from_secs(60);
const USED: &str = "This link was used already or has expired. Get a new one.";

impl Site {
    async fn has_session(&self) -> bool {
        let cookies = self.browser.cookies().await;
        cookies.iter().any(|cookie| {
            let is_session = cookie["name"].as_str().is_some_and(|name| name.starts_with("hb_session_"));
            assert!(!is_session || cookie["httpOnly"] == true, "{cookie}");
            is_session
        })
    }
}

#[tokio::test]
async fn a_link_works_once_and_for_ten_minutes() {
    let Some(site) = Site::open().await else { return };
    let link = site.world.sign_in_link(&site.tenant, &site.instance.url).await;
    site.browser.goto(&link).await;
    site.shows("Sign in to tenant acme").await;
    assert!(!site.has_session().await, "opening the link does not use it up");
    site.follow("Sign in").await;
    site.browser.wait_for("nav").await;
    assert_eq!(site.path().await, "/dashboard", "the link is not in the address");
    assert!(site.has_session().await);
    assert_eq!(site.browser.run("return document.cookie", &[]).await, "");

    site.browser.delete_cookies().await;
    site.browser.goto(&link).await;
    site.follow("Sign in").await;
    site.shows(USED).await;
    let late = site.world.sign_in_link(&site.tenant, &site.instance.url).await;
    site.wait(11 * MINUTE);
    site.browser.goto(&late).await;
    site.follow("Sign in").await;
    site.shows(USED).await;
    assert!(!site.has_session().await);
    site.goto("/dashboard/sign-in?link=nonsense").await;
    site.shows(USED).await;
    assert_eq!(site.script_errors().await, [""; 0]);
}

#[tokio::test]
async fn after_signing_out_no_page_has_data() {
    let Some(site) = Site::open().await else { return };
    let client = site.client().await;
    site.create_key(&client, "Payroll").await;
    site.sign_in().await;
    site.follow("API Keys").await;
    site.shows("Payroll").await;
    site.follow("Sign out").await;
    site.shows("You are signed out.").await;
    assert!(!site.has_session().await);
    site.browser.back().await;
    assert!(!site.browser.source().await.contains("Payroll"), "{}", site.words().await);
    site.shows("You sign in with a link that works once.").await;
    site.goto("/dashboard").await;
    assert_eq!(site.path().await, "/dashboard/sign-in?next=%2Fdashboard");
    assert_eq!(site.script_errors().await, [""; 0]);
}

#[tokio::test]
async fn a_session_that_has_ended_says_so_and_its_form_is_not_lost() {
    let Some(site) = Site::open().await else { return };
    let browser = &site.browser;
    site.sign_in().await;
    site.goto("/dashboard/keys/new").await;
    browser.fill("#name", "Zoë & Söhne").await;
    browser.click("input[value=development]").await;
    browser.click("input[value='write:webhooks']").await;
    site.wait(13 * 60 * MINUTE);
    site.follow("Create").await;
    site.shows("Your session has ended. Sign in again.").await;
    let address = site.path().await;
    let query = address.split_once('?').expect("a query").1;
    let next = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next").expect("a page").1;
    assert!(!next.contains("csrf") && !next.contains("idempotency_key"), "{next}");

    site.sign_in().await;
    site.goto(&next).await;
    assert_eq!(browser.property("#name", "value").await, "Zoë & Söhne");
    assert_eq!(browser.property("input[value=development]", "checked").await, true);
    assert_eq!(browser.count("#scopes input:checked").await, 3);
    site.follow("Create").await;
    browser.wait_for("#secret").await;
    let client = site.client().await;
    assert!(site.names(&client).await.contains(&"Zoë & Söhne".to_owned()));

    site.wait(13 * 60 * MINUTE);
    site.goto("/dashboard/settings").await;
    assert_eq!(site.path().await, "/dashboard/sign-in?next=%2Fdashboard%2Fsettings&ended=true");
    assert_eq!(site.script_errors().await, [""; 0]);
}
