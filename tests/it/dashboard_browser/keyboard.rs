//! Everything can be done with the keyboard alone, and it is always visible where one is.

use hb_tests::browser::Key;
use serde_json::{Value, json};

use super::Site;

/// How many steps of Tab a page may need.
const MAX_STEPS: usize = 60;

/// Whether the focused element is in view and has an outline.
const LOOK: &str = r#"
    const element = document.activeElement;
    const area = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const isInView = area.bottom > 0 && area.top < innerHeight && area.right > 0 && area.left < innerWidth && area.width > 0;
    const hasOutline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return {
        matches: element.matches(arguments[0]),
        isBody: element === document.body,
        isVisible: isInView && hasOutline && element.matches(":focus-visible"),
        element: element.outerHTML.slice(0, 200),
    };
"#;

impl Site {
    /// Presses Tab until the focus is on an element of the selector.
    async fn tab_to(&self, selector: &str) {
        for _ in 0..MAX_STEPS {
            self.browser.press(Key::Tab).await;
            let seen = self.browser.run(LOOK, &[json!(selector)]).await;
            if seen["isBody"] == true {
                continue;
            }
            assert_eq!(seen["isVisible"], true, "the focus is not visible on {}", seen["element"]);
            if seen["matches"] == true {
                return;
            }
        }
        panic!("no way to {selector} at {}", self.path().await);
    }

    async fn focused(&self) -> Value {
        self.browser.run("return document.activeElement.id", &[]).await
    }
}

#[tokio::test]
async fn the_keyboard_alone_creates_and_revokes_a_key() {
    let Some(site) = Site::open().await else { return };
    let browser = &site.browser;
    let client = site.client().await;
    let link = site.world.sign_in_link(&site.tenant, &site.instance.url).await;
    browser.goto(&link).await;
    // The button has the focus.
    browser.press(Key::Enter).await;
    browser.wait_for("nav").await;

    // The first step leads past the navigation.
    site.tab_to("a.skip").await;
    browser.press(Key::Enter).await;
    assert_eq!(site.focused().await, "content");
    browser.press(Key::Tab).await;
    let is_inside = "return document.getElementById('content').contains(document.activeElement)";
    assert_eq!(browser.run(is_inside, &[]).await, true);

    site.goto("/dashboard").await;
    site.tab_to("nav a[href='/dashboard/keys']").await;
    browser.press(Key::Enter).await;
    browser.wait_for("#active").await;
    site.tab_to("a[href='/dashboard/keys/new']").await;
    browser.press(Key::Enter).await;
    browser.wait_for("#name").await;
    site.tab_to("#name").await;
    browser.type_text("Typed").await;
    site.tab_to("input[name=environment]").await;
    browser.press(Key::ArrowDown).await;
    site.tab_to("input[value='write:memories']").await;
    browser.press(Key::Space).await;
    site.tab_to("main button[type=submit]").await;
    browser.press(Key::Enter).await;
    browser.wait_for("#secret").await;
    let secret = browser.text("#secret").await;
    assert!(secret.starts_with("hb_dev_"), "{secret}");
    site.tab_to("[data-copy='#secret']").await;
    browser.press(Key::Space).await;
    let typed = site.instance.client.with(&secret);
    typed.get("/api/v1/memories").await.expect(200, "");
    typed
        .post("/api/v1/memories", json!({"content": "x", "type": "episodic"}))
        .await
        .expect(403, "INSUFFICIENT_SCOPE");

    site.tab_to("main a[href='/dashboard/keys'].button").await;
    browser.press(Key::Enter).await;
    browser.wait_for("#filter").await;
    site.tab_to("#filter").await;
    browser.type_text("typed").await;
    site.tab_to("tr:not([hidden]) a[href$='/revoke']").await;
    browser.press(Key::Enter).await;
    browser.wait_for("#confirmation").await;
    site.tab_to("#confirmation").await;
    browser.type_text("wrong").await;
    browser.press(Key::Enter).await;
    browser.wait_for("#confirmation-error").await;
    // The message has the focus and leads to the field.
    site.tab_to("a[href='#confirmation']").await;
    browser.press(Key::Enter).await;
    assert_eq!(site.focused().await, "confirmation");
    browser.press_together(&[Key::Control, Key::Home]).await;
    for _ in 0.."wrong".len() {
        browser.press(Key::End).await;
        browser.press(Key::Backspace).await;
    }
    browser.type_text("Typed").await;
    browser.press(Key::Enter).await;
    browser.wait_for(".notice.good").await;
    typed.get("/api/v1/memories").await.expect(401, "AUTH_INVALID");
    assert!(site.names(&client).await.contains(&"Typed".to_owned()));
    assert_eq!(site.script_errors().await, [""; 0]);
}
