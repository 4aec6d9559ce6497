//! Checks of accessibility with axe-core: WCAG 2.2, levels A and AA.

use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Value, json};

use super::{Browser, is_required, mention};
use crate::binaries::workspace;

/// The success criteria that are checked.
const TAGS: [&str; 5] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/// What a page does not satisfy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// axe's rule, such as `image-alt`.
    pub rule: String,
    /// What is expected.
    pub help: String,
    /// The elements: selector and HTML.
    pub elements: Vec<String>,
}

/// Whether axe-core is installed. If `HB_REQUIRE_BROWSER` is 1, the test fails where it is not.
pub fn has_axe() -> bool {
    static MENTION: Once = Once::new();
    let is_installed = file().is_file();
    if !is_installed {
        assert!(
            !is_required(),
            "HB_REQUIRE_BROWSER is 1, and axe-core is not installed: {}",
            file().display()
        );
        mention(&MENTION, "no axe-core: accessibility is not checked (.ci/run installs it in target/ci-axe)");
    }
    is_installed
}

/// Checks the page as it is now. Nothing is found where axe-core [is not installed](has_axe).
///
/// A Content-Security-Policy does not apply to a script that WebDriver runs.
pub async fn axe(browser: &Browser) -> Vec<Violation> {
    if !has_axe() {
        return Vec::new();
    }
    let source = std::fs::read_to_string(file()).expect("axe-core");
    // axe waits for timers. The page's own scripts have not run, and do not run now.
    let are_scripts_disabled = browser.are_scripts_disabled.load(Relaxed);
    if are_scripts_disabled {
        browser.set_scripts_disabled(false).await;
    }
    browser.run(&source, &[]).await;
    let options = json!({ "runOnly": { "type": "tag", "values": TAGS } });
    let result = browser.run("return axe.run(document, arguments[0])", &[options]).await;
    if are_scripts_disabled {
        browser.set_scripts_disabled(true).await;
    }
    let checks = ["passes", "violations"].iter().flat_map(|kind| list(&result[*kind]));
    assert!(checks.count() > 0, "axe has checked nothing: {result}");
    list(&result["violations"]).map(violation).collect()
}

/// Where axe-core is installed.
fn file() -> PathBuf {
    workspace().join("target/ci-axe/node_modules/axe-core/axe.min.js")
}

fn violation(violation: &Value) -> Violation {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let element = |node: &Value| format!("{}: {}", node["target"], text(&node["html"]));
    Violation {
        rule: text(&violation["id"]),
        help: text(&violation["help"]),
        elements: list(&violation["nodes"]).map(element).collect(),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
