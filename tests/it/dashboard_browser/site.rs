//! A deployment with one tenant, and a browser in front of its dashboard.

use std::time::Duration;

use hb_domain::TenantId;
use hb_domain::plan::Plan;
use hb_domain::tenant::Tenant;
use hb_tests::browser::Browser;
use hb_tests::{Client, Instance, World};
use serde_json::{Value, json};

/// The API's keys.
pub(super) const KEYS: &str = "/api/v1/api-keys";

/// Marks the element whose words are `arguments[1]`, among those that match `arguments[0]`, and says how many there are.
/// White space counts as one space.
const MARK: &str = r##"
    document.querySelectorAll("[data-found]").forEach((element) => element.removeAttribute("data-found"));
    const words = (element) => element.innerText.replace(/\s+/g, " ").trim();
    const found = [...document.querySelectorAll(arguments[0])].filter((element) => words(element) === arguments[1]);
    found.slice(0, 1).forEach((element) => element.setAttribute("data-found", ""));
    return found.length;
"##;

/// The element that was marked.
const MARKED: &str = "[data-found]";

/// One instance with the tenant `acme`, and a browser that has not signed in.
pub(super) struct Site {
    pub(super) world: World,
    pub(super) instance: Instance,
    pub(super) browser: Browser,
    pub(super) tenant: TenantId,
}

impl Site {
    /// An empty site; `None` where no browser is installed.
    pub(super) async fn open() -> Option<Self> {
        Self::over(World::new().await).await
    }

    /// As [`open`](Self::open), in this world.
    pub(super) async fn over(world: World) -> Option<Self> {
        let browser = Browser::open().await?;
        let instance = world.instance().await;
        let tenant = TenantId::parse("acme").expect("a tenant");
        let site = Self { world, instance, browser, tenant };
        site.found(&site.tenant).await;
        Some(site)
    }

    /// Creates a tenant without keys.
    pub(super) async fn found(&self, tenant: &TenantId) {
        let state = Tenant::new(Plan::Pro, self.world.clock.now());
        assert!(self.world.store.tenants().create(tenant, &state).await.expect("the database"));
    }

    /// A client of the API with a new key of the tenant, which has all scopes.
    pub(super) async fn client(&self) -> Client {
        let (_, key) = self.world.key(&self.tenant, hb_domain::Scopes::all(), None).await;
        self.instance.client.with(&key)
    }

    /// The address of a page.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.instance.url)
    }

    /// Opens a page.
    pub(super) async fn goto(&self, path: &str) {
        self.browser.goto(&self.at(path)).await;
    }

    /// Path and query of the page that is shown.
    pub(super) async fn path(&self) -> String {
        let url = self.browser.url().await;
        url.strip_prefix(&self.instance.url).unwrap_or(&url).to_owned()
    }

    /// Signs in to the tenant by a link.
    pub(super) async fn sign_in(&self) {
        self.sign_in_to(&self.tenant).await;
    }

    /// Signs in to a tenant by a link.
    pub(super) async fn sign_in_to(&self, tenant: &TenantId) {
        self.world.clock.set(self.instance.clock.now());
        let link = self.world.sign_in_link(tenant, &self.instance.url).await;
        self.browser.goto(&link).await;
        self.follow("Sign in").await;
        self.browser.wait_for("nav").await;
    }

    /// Clicks the link or the button with these words, and waits for the page to which it leads.
    pub(super) async fn follow(&self, words: &str) {
        self.mark(words).await;
        self.browser.follow(MARKED).await;
    }

    /// Clicks the button with these words, which stays on the page.
    pub(super) async fn press_button(&self, words: &str) {
        self.mark(words).await;
        self.browser.click(MARKED).await;
    }

    async fn mark(&self, words: &str) {
        let found = self.browser.run(MARK, &[json!("a, button"), json!(words)]).await;
        assert_ne!(found, 0, "no {words:?} at {}: {}", self.path().await, self.words().await);
    }

    /// The visible words of the page.
    pub(super) async fn words(&self) -> String {
        // In one step, because the page may be about to change.
        let words = self.browser.run("return document.body.innerText", &[]).await;
        words.as_str().unwrap_or_default().to_owned()
    }

    /// Checks that the page has these words.
    #[track_caller]
    pub(super) fn shows(&self, words: &str) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let text = self.words().await;
            assert!(text.contains(words), "{place}: no {words:?} at {}: {text}", self.path().await);
        }
    }

    /// Moves the clock of the instance.
    pub(super) fn wait(&self, time: Duration) {
        self.instance.clock.set(self.instance.clock.now().plus(time));
    }

    /// The errors in the console, without those of the network: a page that says what is wrong has a status of its own.
    pub(super) async fn script_errors(&self) -> Vec<String> {
        let errors = self.browser.console_errors().await.into_iter();
        errors.filter(|error| error.source != "network").map(|error| error.message).collect()
    }

    /// The names of the tenant's keys, by the API.
    pub(super) async fn names(&self, client: &Client) -> Vec<String> {
        let keys = client.get(KEYS).await.data()["keys"].clone();
        let name = |key: &Value| key["name"].as_str().unwrap_or_default().to_owned();
        keys.as_array().expect("keys").iter().map(name).collect()
    }

    /// Creates a key by the API and returns its id.
    pub(super) async fn create_key(&self, client: &Client, name: &str) -> String {
        let body = json!({ "name": name, "environment": "production", "scopes": ["read:memories"] });
        let created = client.post(KEYS, body).await;
        created.data()["id"].as_str().expect("an id").to_owned()
    }
}
