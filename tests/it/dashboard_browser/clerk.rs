//! Signing in with Clerk, whose scripts and servers a stand-in replaces.

use std::time::Duration;

use hb_domain::{Scopes, TenantId};
use hb_http::ClerkSettings;
use hb_tests::World;
use hb_tests::issuer::{TestIssuer, ec_key};
use serde_json::{Value, json};

use super::Site;
use super::clerk_stand_in::ClerkStandIn;

/// The application whose sessions the API accepts. The dashboard is another origin.
const APP: &str = "https://app.example.com";
const REFUSED: &str = "Clerk's session was not accepted.";

/// A site whose people sign in with Clerk.
pub(super) struct ClerkSite {
    pub(super) site: Site,
    clerk: ClerkStandIn,
    issuer: TestIssuer,
}

impl ClerkSite {
    /// A site whose tenants are `user` or `organization`.
    pub(super) async fn open(tenants: &str) -> Option<Self> {
        let mut world = World::new().await;
        let issuer = TestIssuer::start(&mut world).await;
        let clerk = ClerkStandIn::start().await;
        let settings = ClerkSettings::from_env(|name| match name {
            "CLERK_ISSUER" => Some(issuer.url.clone()),
            "CLERK_AUTHORIZED_PARTIES" => Some(APP.into()),
            "CLERK_TENANT" => Some(tenants.into()),
            _ => None,
        });
        world.clerk = settings.expect("settings");
        world.publishable_key = Some(clerk.publishable_key());
        Some(Self { site: Site::over(world).await?, clerk, issuer })
    }

    /// The claims of a session of `user_maya` on the dashboard, for a minute from now on as Clerk's are, with these changes.
    pub(super) fn claims(&self, changes: &Value) -> Value {
        let now = self.site.instance.clock.now().seconds();
        let mut claims = json!({"azp": self.site.instance.url, "iat": now, "nbf": now - 10, "exp": now + 60});
        let changes = changes.as_object().expect("changes").clone();
        claims.as_object_mut().expect("claims").extend(changes);
        self.issuer.claims("user_maya", &claims)
    }

    /// What Clerk issues from now on.
    pub(super) fn issue(&self, changes: &Value) {
        self.clerk.issue(self.issuer.ec.sign(&self.claims(changes)).expect("a token"));
    }

    /// Opens the dashboard and signs in to Clerk.
    pub(super) async fn sign_in(&self) {
        self.site.goto("/dashboard").await;
        self.site.browser.wait_for("#clerk-sign-in").await;
        self.site.browser.click("#clerk-sign-in").await;
    }

    /// How often the page has used a function of Clerk.
    async fn count(&self, name: &str) -> u64 {
        let count = "return Number(localStorage.getItem(arguments[0]))";
        self.site.browser.run(count, &[json!(name)]).await.as_u64().expect("a number")
    }

    /// Waits until an element is there, and checks that the page stays there without asking Clerk again.
    async fn rests_at(&self, selector: &str) {
        self.site.browser.wait_for(selector).await;
        let (tokens, path) = (self.count("tokens").await, self.site.path().await);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!((self.count("tokens").await, self.site.path().await), (tokens, path));
        assert_eq!(self.site.browser.count(selector).await, 1);
    }
}

#[tokio::test]
async fn a_clerk_session_signs_in_renews_itself_and_ends_with_the_dashboards() {
    let Some(clerk) = ClerkSite::open("user").await else { return };
    let (site, browser) = (&clerk.site, &clerk.site.browser);
    clerk.issue(&json!({}));
    clerk.sign_in().await;
    browser.wait_for("nav").await;
    assert_eq!((site.path().await, clerk.count("tokens").await), ("/dashboard".into(), 1));
    site.shows("user_maya").await;

    // The dashboard's session lasts five minutes, Clerk's goes on.
    site.wait(Duration::from_secs(6 * 60));
    clerk.issue(&json!({}));
    site.follow("Settings").await;
    browser.wait_for("nav a[href='/dashboard/settings'][aria-current]").await;
    assert_eq!((site.path().await, clerk.count("tokens").await), ("/dashboard/settings".into(), 2));
    site.shows("user_maya").await;

    // A form comes back with its fields.
    site.goto("/dashboard/keys/new?environment=development").await;
    browser.fill("#name", "Worker \"1\" & more").await;
    site.wait(Duration::from_secs(6 * 60));
    clerk.issue(&json!({}));
    site.follow("Create").await;
    browser.wait_for("#name").await;
    assert_eq!(browser.property("#name", "value").await, "Worker \"1\" & more");
    assert_eq!(browser.property("input[value=development]", "checked").await, true);
    site.follow("Create").await;
    browser.wait_for("#secret").await;

    site.follow("Sign out").await;
    clerk.rests_at("#clerk-sign-in").await;
    site.shows("You are signed out.").await;
    assert_eq!(clerk.count("signOuts").await, 1);
    site.goto("/dashboard/keys").await;
    clerk.rests_at("#clerk-sign-in").await;
    assert_eq!(site.script_errors().await, [""; 0]);
}

#[tokio::test]
async fn a_token_that_is_refused_is_explained_and_not_sent_again_and_again() {
    let Some(clerk) = ClerkSite::open("user").await else { return };
    let site = &clerk.site;
    clerk.issue(&json!({"azp": "https://evil.example"}));
    clerk.sign_in().await;
    site.browser.wait_for("#clerk[data-refused]").await;
    clerk.rests_at("#clerk[data-refused]").await;
    site.shows(REFUSED).await;

    // The key of somebody else.
    clerk.clerk.issue(ec_key("ins_ec").sign(&clerk.claims(&json!({}))).expect("a token"));
    site.follow("Try again").await;
    clerk.rests_at("#clerk[data-refused]").await;
    site.shows(REFUSED).await;
    assert_eq!(clerk.count("tokens").await, 2);

    site.press_button("Use another account").await;
    clerk.rests_at("#clerk-sign-in").await;
    clerk.issue(&json!({}));
    site.browser.click("#clerk-sign-in").await;
    site.browser.wait_for("nav").await;
    assert_eq!((site.path().await, clerk.count("signOuts").await), ("/dashboard".into(), 1));
    assert_eq!(site.script_errors().await, [""; 0]);
}

#[tokio::test]
async fn members_of_an_organization_see_that_only_admins_manage_keys() {
    let Some(clerk) = ClerkSite::open("organization").await else { return };
    let (site, browser) = (&clerk.site, &clerk.site.browser);
    clerk.issue(&json!({}));
    clerk.sign_in().await;
    clerk.rests_at("#clerk-organization").await;
    site.shows("This dashboard belongs to organizations. Choose one to continue.").await;

    clerk.issue(&json!({"o": {"id": "org_acme", "rol": "member", "slg": "acme"}}));
    browser.click("#clerk-organization").await;
    browser.wait_for("nav").await;
    site.shows("Only admins of your organization manage API keys.").await;
    let organization = TenantId::parse("org_acme").expect("a tenant");
    let (id, key) = site.world.key(&organization, Scopes::all(), None).await;
    site.instance.client.with(&key).get("/api/v1/memories").await.expect(200, "");
    for path in ["/dashboard".to_owned(), "/dashboard/keys".into(), format!("/dashboard/keys/{id}")] {
        site.goto(&path).await;
        for action in ["new", "rotate", "revoke"] {
            assert_eq!(browser.count(&format!("a[href*='/{action}']")).await, 0, "{action} on {path}");
        }
        assert_eq!(browser.count("main form, main button[type=submit]").await, 0, "{path}");
    }
    for path in ["new".to_owned(), format!("{id}/rotate"), format!("{id}/revoke")] {
        site.goto(&format!("/dashboard/keys/{path}")).await;
        assert_eq!(browser.text("h1").await, "Not allowed", "{path}");
        site.shows("Only admins of the organization may manage its keys").await;
    }

    // An admin may, from the next sign-in on.
    site.wait(Duration::from_secs(6 * 60));
    clerk.issue(&json!({"o": {"id": "org_acme", "rol": "admin", "slg": "acme"}}));
    site.goto(&format!("/dashboard/keys/{id}/revoke")).await;
    browser.wait_for("#confirmation").await;
    assert_eq!(site.script_errors().await, [""; 0]);
}
