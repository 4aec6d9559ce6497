//! A headless Chromium for tests of pages. It reaches this machine only, and it never outlives the test.

mod axe;
mod commands;
mod driver;
mod emulation;
mod keyboard;
mod logs;
mod navigation;

use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, Once};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

pub use axe::{Violation, axe, has_axe};
use commands::{connect, done};
pub use driver::Binaries;
use driver::Driver;
pub use emulation::{Media, Theme};
pub use keyboard::Key;
pub use logs::{ConsoleEntry, RequestEntry};

/// Two browsers at a time, or tests wait for each other's processors and run out of time.
static BROWSERS: Semaphore = Semaphore::const_new(2);

/// How long an element may take to appear; it is there at once unless the machine is busy or the page is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with an empty profile and one tab. Its processes and files are removed when it is dropped.
pub struct Browser {
    client: Client,
    /// The events of the network since it was opened.
    network: Mutex<Vec<Value>>,
    are_scripts_disabled: AtomicBool,
    driver: Driver,
    _permit: SemaphorePermit<'static>,
}

impl Browser {
    /// Opens a browser. `None` where none is installed, unless `HB_REQUIRE_BROWSER` is 1; then the test fails.
    pub async fn open() -> Option<Self> {
        static MENTION: Once = Once::new();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let Some(binaries) = Binaries::on(&path) else {
            assert!(!is_required(), "HB_REQUIRE_BROWSER is 1, and chromium or chromedriver is not installed");
            mention(
                &MENTION,
                "no chromium: the browser tests are skipped (apt-get install chromium chromium-driver)",
            );
            return None;
        };
        let permit = BROWSERS.acquire().await.expect("the semaphore is never closed");
        let driver = Driver::start(&binaries).await;
        let client = connect(driver.url(), driver.capabilities(&binaries)).await;
        Some(Self {
            client,
            network: Mutex::default(),
            are_scripts_disabled: AtomicBool::new(false),
            driver,
            _permit: permit,
        })
    }

    /// The id of the process group of the browser and everything it started.
    pub fn process_group(&self) -> u32 {
        self.driver.process_group()
    }

    /// The folder with the browser's profile.
    pub fn folder(&self) -> &Path {
        self.driver.folder()
    }

    /// Opens a page and waits until it and what it refers to have been loaded.
    pub async fn goto(&self, url: &str) {
        done(url, self.client.goto(url)).await;
    }

    /// Goes back in the history.
    pub async fn back(&self) {
        done("back", self.client.back()).await;
    }

    /// Goes forward in the history.
    pub async fn forward(&self) {
        done("forward", self.client.forward()).await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        done("refresh", self.client.refresh()).await;
    }

    /// The URL of the page.
    pub async fn url(&self) -> String {
        done("url", self.client.current_url()).await.into()
    }

    /// The title of the page.
    pub async fn title(&self) -> String {
        done("title", self.client.title()).await
    }

    /// The document as it is now, as HTML.
    pub async fn source(&self) -> String {
        done("source", self.client.source()).await
    }

    /// How many elements match the selector.
    pub async fn count(&self, selector: &str) -> usize {
        done(selector, self.client.find_all(Locator::Css(selector))).await.len()
    }

    /// The visible text of the first element.
    pub async fn text(&self, selector: &str) -> String {
        done(selector, self.element(selector).await.text()).await
    }

    /// A property of the first element, such as `value` or `checked`.
    pub async fn property(&self, selector: &str, name: &str) -> Value {
        // fantoccini makes a string of a boolean, and refuses a number.
        let element = self.element(selector).await.element_id();
        self.get(&format!("element/{element}/property/{name}")).await
    }

    /// Clicks the first element, as a person does: it must be visible and not covered.
    pub async fn click(&self, selector: &str) {
        done(selector, self.element(selector).await.click()).await;
    }

    /// Replaces the content of the first element, which is an input.
    pub async fn fill(&self, selector: &str, content: &str) {
        let element = self.element(selector).await;
        done(selector, element.clear()).await;
        done(selector, element.send_keys(content)).await;
    }

    /// Runs a function's body in the page, with these `arguments`, and returns its result. If that is a promise, what it
    /// is fulfilled with.
    pub async fn run(&self, script: &str, arguments: &[Value]) -> Value {
        done("execute", self.client.execute(script, arguments.to_vec())).await
    }

    /// The cookies that the browser sends to the page's address, each with `name`, `value`, `httpOnly` and so on.
    pub async fn cookies(&self) -> Vec<Value> {
        self.get("cookie").await.as_array().cloned().unwrap_or_default()
    }

    /// Sets a cookie of the page's address.
    pub async fn set_cookie(&self, name: &str, value: &str) {
        // fantoccini sends `"domain": null`, which chromedriver refuses.
        self.post("cookie", json!({ "cookie": { "name": name, "value": value } })).await;
    }

    /// Deletes the cookies of the page's address.
    pub async fn delete_cookies(&self) {
        done("delete cookies", self.client.delete_all_cookies()).await;
    }

    /// Sends a command of the Chrome DevTools Protocol.
    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.post("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    async fn element(&self, selector: &str) -> Element {
        done(selector, self.client.find(Locator::Css(selector))).await
    }
}

/// Whether a missing browser, or what else a check of a page needs, is a failure.
fn is_required() -> bool {
    std::env::var_os("HB_REQUIRE_BROWSER").is_some_and(|value| value == "1")
}

/// Says once why tests test nothing. Not with a macro: the output of a test that passes is not shown.
fn mention(once: &Once, reason: &str) {
    once.call_once(|| {
        let _ = writeln!(std::io::stderr(), "{reason}");
    });
}

fn text(value: Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}
