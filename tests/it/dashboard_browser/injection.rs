//! Whatever people write is shown as text: in names, in addresses and in tokens.

use hb_domain::Scopes;
use serde_json::{Value, json};

use super::Site;
use super::clerk::ClerkSite;

/// Texts that would run, or change the page, if they were taken for anything but text.
const TEXTS: [&str; 11] = [
    "<script>window.ran = 1</script>",
    "\"><img src=x onerror=\"window.ran = 1\">",
    "javascript:window.ran=1",
    "</title><script>window.ran = 1</script>",
    "<svg onload=\"window.ran = 1\"><a href=\"javascript:window.ran=1\">x</a></svg>",
    "' autofocus onfocus='window.ran = 1",
    "</code></bdi><style>* { display: none }</style><base href=\"//evil.example/\">",
    "{{7*7}}${7*7}{% include \"base.html\" %}&lt;b&gt;&amp;amp;",
    "\u{202e}lairotceles\u{2066}",
    "zero\0byte",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
];

/// What the page has done or contains that it should not, and whether it shows the text.
const INSPECT: &str = r#"
    const strange = "script:not([src^='/dashboard/static/']):not([src*='/npm/@clerk/']), img[src=x], [onload], [onerror], " +
        "[onfocus], a[href^='javascript:'], form[action^='javascript:'], base, style, " +
        "a[href^='http']:not([href^='" + location.origin + "'])";
    const flat = (text) => text.replace(/\0|\uFFFD/g, "").replace(/\s+/g, " ").trim();
    const wanted = flat(arguments[0]);
    const fields = [...document.querySelectorAll("input")].map((input) => input.value);
    return {
        ran: window.ran ?? null,
        strange: [...document.querySelectorAll(strange)].map((element) => element.outerHTML),
        isShown: [document.body.textContent, ...fields].some((text) => flat(text).includes(wanted)),
        isVisible: document.querySelector("h1").getClientRects().length > 0,
    };
"#;

/// Checks that nothing of `text` has run, and that the page shows it if it `is_shown`.
async fn inspect(site: &Site, text: &str, is_shown: Option<bool>) {
    let place = site.path().await;
    let seen = site.browser.run(INSPECT, &[json!(text)]).await;
    assert_eq!(seen["ran"], Value::Null, "{place}: {text} has run");
    assert_eq!(seen["strange"], json!([]), "{place}: {text}");
    assert_eq!(seen["isVisible"], true, "{place}: {text}");
    if let Some(is_shown) = is_shown {
        assert_eq!(seen["isShown"], is_shown, "{place}: {text}: {}", site.words().await);
    }
    assert_eq!(site.script_errors().await, [""; 0], "{place}: {text}");
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[tokio::test]
async fn names_are_shown_as_text_on_every_page() {
    let Some(site) = Site::open().await else { return };
    site.sign_in().await;
    let long = "W".repeat(255);
    let texts = TEXTS.iter().copied().chain([&long[..]]);
    let mut keys = Vec::new();
    for text in texts {
        let (id, _) = site.world.key(&site.tenant, Scopes::all(), None).await;
        // The API refuses some of them today.
        site.world.rename_key(&site.tenant, &id, text).await;
        keys.push((id, text));
    }
    for path in ["/dashboard/keys", "/dashboard"] {
        site.goto(path).await;
        for (_, text) in &keys {
            inspect(&site, text, (path != "/dashboard").then_some(true)).await;
        }
    }
    for (id, text) in &keys {
        for page in ["", "/rotate", "/revoke"] {
            site.goto(&format!("/dashboard/keys/{id}{page}")).await;
            inspect(&site, text, Some(true)).await;
        }
        let title = site.browser.title().await;
        assert_eq!(title, "Revoke API key · HeroBrain");
        site.goto(&format!("/dashboard/keys/new?replaces={id}")).await;
        inspect(&site, text, Some(true)).await;
    }
    // The name in the notice after a revocation, which a name of two lines would not change.
    let (id, text) = &keys[1];
    site.goto(&format!("/dashboard/keys/{id}/revoke")).await;
    site.browser.fill("#confirmation", text).await;
    site.follow("Revoke").await;
    site.browser.wait_for(".notice.good").await;
    assert_eq!(site.browser.text(".notice.good").await, format!("{text} is revoked."));
    inspect(&site, text, Some(true)).await;
}

#[tokio::test]
async fn fields_and_addresses_are_shown_as_text() {
    let Some(site) = Site::open().await else { return };
    for text in TEXTS {
        let text_in_url = encoded(text);
        for name in ["next", "link", "ended", "signed_out"] {
            site.goto(&format!("/dashboard/sign-in?{name}={text_in_url}")).await;
            inspect(&site, text, None).await;
        }
    }
    site.sign_in().await;
    let set = "document.querySelector(arguments[0]).value = arguments[1]";
    for text in TEXTS {
        // More pages than a minute has.
        site.wait(std::time::Duration::from_secs(60));
        let value = encoded(text);
        let all = ["environment", "scopes", "expires", "expires_on", "replaces", "csrf", "idempotency_key"];
        let all: String = all.iter().map(|name| format!("&{name}={value}")).collect();
        site.goto(&format!("/dashboard/keys/new?name={value}{all}")).await;
        inspect(&site, text, Some(true)).await;
        site.goto(&format!("/dashboard/keys?revoked={value}")).await;
        inspect(&site, text, Some(false)).await;
        site.goto(&format!("/dashboard/keys/{value}")).await;
        inspect(&site, text, None).await;
        // The form itself: the key is created, or the text comes back beside an error.
        site.goto("/dashboard/keys/new").await;
        site.browser.run(set, &[json!("#name"), json!(text)]).await;
        site.browser.run(set, &[json!("input[name=environment]:checked"), json!(text)]).await;
        site.browser.run(set, &[json!("#scopes input:checked"), json!(text)]).await;
        site.follow("Create").await;
        assert_eq!(site.browser.title().await, "Error: Create API Key · HeroBrain", "{text}");
        inspect(&site, text, Some(true)).await;
        site.browser.run(set, &[json!("#name"), json!(text)]).await;
        site.browser.click("input[value='read:memories']").await;
        site.follow("Create").await;
        inspect(&site, text, Some(true)).await;
    }
    let client = site.client().await;
    let names = site.names(&client).await;
    assert!(names.contains(&TEXTS[0].to_owned()) && !names.contains(&TEXTS[9].to_owned()), "{names:?}");
}

#[tokio::test]
async fn a_user_id_or_a_return_address_of_another_kind_is_refused() {
    let Some(clerk) = ClerkSite::open("user").await else { return };
    let site = &clerk.site;
    clerk.issue(&json!({ "sub": TEXTS[0] }));
    clerk.sign_in().await;
    site.browser.wait_for("#clerk[data-refused]").await;
    inspect(site, TEXTS[0], Some(false)).await;

    clerk.issue(&json!({}));
    let foreign =
        ["//evil.example/dashboard", "/dashboard/../api", "javascript:window.ran=1", "\\\\evil.example"];
    for next in foreign.into_iter().chain(TEXTS) {
        site.browser.delete_cookies().await;
        site.goto(&format!("/dashboard/sign-in?next={}", encoded(next))).await;
        site.browser.wait_for("nav, main a[href='/dashboard'].primary").await;
        assert!(site.path().await.starts_with("/dashboard"), "{next}: {}", site.path().await);
        inspect(site, next, None).await;
    }
}
