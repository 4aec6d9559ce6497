//! The browser that tests of pages use: it shows what a page does, and it leaves nothing behind.

use std::ffi::OsString;
use std::path::PathBuf;

use axum::Router;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, Redirect};
use axum::routing::get;
use hb_local::callers::Callers;
use hb_local::server::Server;
use hb_tests::World;
use hb_tests::browser::{Binaries, Browser, Key, Media, Theme, axe, has_axe};
use hb_tests::listeners::group;
use serde_json::{Value, json};
use tempfile::tempdir;

const NOTHING: Vec<Value> = Vec::new();

/// A page with controls, which shows what it can see of the browser.
const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en"><head><title>A page</title></head><body>
<form><label>Name <input id="name"></label><input type="button" id="greet" value="Greet"></form>
<p id="greeting"></p><noscript><p id="plain">Without scripts</p></noscript>
<div style="height: 3000px"></div>
<script>
  document.cookie = "seen=yes";
  const greeting = document.getElementById("greeting");
  const greet = () => { greeting.textContent = "Hello " + document.getElementById("name").value; };
  document.getElementById("greet").addEventListener("click", greet);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") greeting.textContent = "closed"; });
</script></body></html>"#;

/// A page that breaks its policy and has an image without a description.
const BAD_PAGE: &str = r#"<!DOCTYPE html>
<html lang="en"><head><title>A bad page</title></head><body><img src="/image.png"><script>0</script></body></html>"#;

async fn serve() -> (Server, String) {
    let policy = [(CONTENT_SECURITY_POLICY, "default-src 'none'")];
    let router = Router::new()
        .route("/page", get(async || Html(PAGE)))
        .route("/bad", get(async move || (policy, Html(BAD_PAGE))))
        .route("/moved", get(async || Redirect::to("/page")));
    let server = Server::serve(0, router, Callers::ProgramsAndPages).await.expect("a port");
    let url = server.url();
    (server, url)
}

#[tokio::test]
async fn the_page_of_the_api_loads_without_an_error_and_from_its_own_address() {
    let Some(browser) = Browser::open().await else { return };
    let (_world, instance, _) = World::with_a_client().await;
    browser.goto(&format!("{}/docs", instance.url)).await;
    browser.wait_for(".opblock").await;
    assert_eq!(browser.console_errors().await, []);
    let requests = browser.requests().await;
    assert_eq!(requests[0].url, format!("{}/docs", instance.url));
    assert!(requests.iter().any(|request| request.url.ends_with("/openapi.json")), "{requests:?}");
    for request in &requests {
        assert!(request.url.starts_with(&instance.url), "{request:?}");
        assert!(request.status == Some(200) && request.encoded_bytes > 0, "{request:?}");
    }
}

#[tokio::test]
async fn violations_of_a_policy_and_of_accessibility_are_found() {
    let Some(browser) = Browser::open().await else { return };
    let (_server, url) = serve().await;
    browser.goto(&format!("{url}/bad")).await;
    let errors = browser.console_errors().await;
    for directive in ["script", "image"] {
        let is_found =
            |message: &str| message.contains("Content Security Policy") && message.contains(directive);
        assert!(
            errors.iter().any(|error| error.source == "security" && is_found(&error.message)),
            "{errors:?}"
        );
    }
    if has_axe() {
        let violations = axe(&browser).await;
        assert_eq!(violations.iter().map(|violation| &violation.rule[..]).collect::<Vec<_>>(), ["image-alt"]);
        assert!(violations[0].elements[0].contains("/image.png"), "{violations:?}");
        browser.goto(&format!("{url}/page")).await;
        assert_eq!(axe(&browser).await, []);
    }
}

#[tokio::test]
async fn a_test_can_do_what_a_person_does() {
    let Some(browser) = Browser::open().await else { return };
    let (_server, url) = serve().await;
    let page = format!("{url}/page");
    browser.goto(&format!("{url}/moved")).await;
    assert_eq!((browser.url().await, browser.title().await), (page.clone(), "A page".to_owned()));
    let statuses: Vec<_> = browser.requests().await.iter().map(|request| request.status).collect();
    assert_eq!(statuses[..2], [Some(303), Some(200)]);
    browser.fill("#name", "Ada").await;
    browser.click("#greet").await;
    assert_eq!(browser.text("#greeting").await, "Hello Ada");
    browser.reload().await;
    browser.press(Key::Tab).await;
    browser.type_text("Zoë").await;
    assert_eq!(browser.property("#name", "value").await, "Zoë");
    assert_eq!(browser.property("#name", "disabled").await, false);
    browser.press(Key::Tab).await;
    browser.press(Key::Enter).await;
    assert_eq!(browser.text("#greeting").await, "Hello Zoë");
    browser.press_together(&[Key::Shift, Key::Tab]).await;
    assert_eq!(browser.run("return document.activeElement.id", &[]).await, "name");
    for key in [Key::End, Key::ArrowLeft, Key::Backspace, Key::Tab, Key::Space] {
        browser.press(key).await;
    }
    assert_eq!(browser.text("#greeting").await, "Hello Zë");
    browser.press(Key::Escape).await;
    assert_eq!(browser.text("#greeting").await, "closed");
    browser.goto("about:blank").await;
    browser.back().await;
    assert_eq!(browser.url().await, page);
    browser.forward().await;
    assert_eq!(browser.url().await, "about:blank");
    browser.goto(&page).await;
    assert_eq!(browser.requests().await.iter().filter(|request| request.url == page).count(), 1);
    assert!(browser.source().await.contains("<form>"));
    browser.set_cookie("theme", "dark").await;
    assert_eq!(browser.run("return document.cookie", &[]).await, "seen=yes; theme=dark");
    let names: Vec<_> = browser.cookies().await.iter_mut().map(|cookie| cookie["name"].take()).collect();
    assert!(names.contains(&json!("seen")) && names.contains(&json!("theme")), "{names:?}");
    browser.delete_cookies().await;
    assert_eq!(browser.cookies().await, NOTHING);
}

#[tokio::test]
async fn a_page_sees_what_a_test_emulates() {
    let Some(browser) = Browser::open().await else { return };
    let (_server, url) = serve().await;
    browser.set_media(Media { theme: Theme::Dark, has_reduced_motion: true }).await;
    browser.set_size(360, 800).await;
    browser.set_time_zone("Asia/Kolkata").await;
    browser.goto(&format!("{url}/page")).await;
    let matches =
        async |query: &str| browser.run("return matchMedia(arguments[0]).matches", &[json!(query)]).await;
    assert_eq!(matches("(prefers-color-scheme: dark)").await, true);
    assert_eq!(matches("(prefers-reduced-motion: reduce)").await, true);
    assert_eq!(browser.run("return [innerWidth, innerHeight]", &[]).await, json!([360, 800]));
    assert_eq!(browser.run("return new Date(0).getTimezoneOffset()", &[]).await, -330);
    browser.set_media(Media::default()).await;
    assert_eq!(matches("(prefers-color-scheme: light)").await, true);
    assert_eq!(matches("(prefers-reduced-motion: reduce)").await, false);
    let file = browser.folder().join("page.png");
    browser.screenshot(&file).await;
    let image = std::fs::read(file).expect("a file");
    let number = |at: usize| u32::from_be_bytes(image[at..at + 4].try_into().expect("four bytes"));
    assert_eq!(image[..8], *b"\x89PNG\r\n\x1a\n");
    assert!(number(16) == 360 && number(20) > 3000, "{} × {}", number(16), number(20));
    assert_eq!(browser.count("#plain").await, 0);
    browser.set_scripts_disabled(true).await;
    browser.reload().await;
    assert_eq!(browser.text("#plain").await, "Without scripts");
    assert_eq!(axe(&browser).await, []);
    browser.click("#greet").await;
    assert_eq!(browser.text("#greeting").await, "");
}

#[tokio::test]
async fn no_name_but_that_of_loopback_resolves() {
    let Some(browser) = Browser::open().await else { return };
    let (_server, url) = serve().await;
    browser.goto(&format!("{url}/page")).await;
    let script = "return fetch(arguments[0], { mode: 'no-cors' }).then(() => 'sent', (error) => error.name)";
    assert_eq!(browser.run(script, &[json!(format!("{url}/page"))]).await, "sent");
    // Chromium knows the address of the first name itself.
    for other in [url.replace("127.0.0.1", "name.localhost"), "http://example.com".to_owned()] {
        assert_eq!(browser.run(script, &[json!(other)]).await, "TypeError", "{other}");
        let errors = browser.console_errors().await;
        assert!(errors.iter().any(|error| error.message.contains("ERR_NAME_NOT_RESOLVED")), "{errors:?}");
    }
}

#[tokio::test]
async fn nothing_remains_of_a_browser_also_when_the_test_panics() {
    for panics in [false, true] {
        let Some(browser) = Browser::open().await else { return };
        let (id, folder) = (browser.process_group(), browser.folder().to_owned());
        assert!(group(id).len() > 3 && folder.exists(), "{:?}", group(id));
        let test = tokio::spawn(async move {
            assert!(!panics, "a failing test, so that the browser is dropped while it panics");
            drop(browser);
        });
        assert_eq!(test.await.is_err(), panics);
        assert_eq!((group(id), folder.exists()), (vec![], false), "panics: {panics}");
    }
}

#[test]
fn a_browser_needs_chromium_and_chromedriver_on_the_path() {
    let folders = [(); 2].map(|()| tempdir().expect("a folder"));
    let path = std::env::join_paths(folders.each_ref().map(|folder| folder.path())).expect("a path");
    let create = |folder: usize, name: &str| -> PathBuf {
        let file = folders[folder].path().join(name);
        std::fs::write(&file, "").expect("a file");
        file
    };
    assert_eq!(Binaries::on(&OsString::new()), None);
    let chromium = create(0, "chromium");
    assert_eq!(Binaries::on(&path), None);
    let chromedriver = create(1, "chromedriver");
    assert_eq!(Binaries::on(&path), Some(Binaries { chromium, chromedriver }));
}
