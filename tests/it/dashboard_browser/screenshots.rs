//! Pictures of every page, for people, and what can be said of them without looking.

use std::path::PathBuf;

use hb_tests::binaries::workspace;
use hb_tests::browser::{Media, Theme};
use serde_json::json;

use super::Site;
use super::pages::tour;

/// The widths in CSS pixels at which nothing may be wider than the page. Of the last two there are pictures.
const WIDTHS: [u32; 3] = [360, 390, 1440];
const PICTURES: [u32; 2] = [390, 1440];

/// What is wider than the page.
const OVERFLOW: &str = r#"
    const width = document.documentElement.scrollWidth;
    if (width <= innerWidth) return [];
    const isWide = (element) => element.getBoundingClientRect().right > innerWidth;
    return [width, ...[...document.querySelectorAll("*")].filter(isWide).map((element) => element.outerHTML.slice(0, 120))];
"#;

/// Where the pictures are written.
fn folder() -> PathBuf {
    std::env::var_os("HB_SCREENSHOTS").map_or_else(|| workspace().join("target/screenshots"), PathBuf::from)
}

#[tokio::test]
async fn every_page_is_rendered_in_both_themes() {
    let folder = folder();
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut overflows = Vec::new();
    let mut visit = async |site: &Site, page: &str| {
        for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            site.browser.set_media(Media { theme, has_reduced_motion: true }).await;
            for width in WIDTHS {
                site.browser.set_size(width, 900).await;
                let overflow = site.browser.run(OVERFLOW, &[]).await;
                if overflow != json!([]) {
                    overflows.push(format!("{page} at {width} px: {overflow}"));
                }
                if PICTURES.contains(&width) {
                    site.browser.screenshot(&folder.join(format!("{page}-{name}-{width}.png"))).await;
                }
            }
        }
        assert_eq!(site.script_errors().await, [""; 0], "{page}");
    };
    tour(&mut visit).await;
    assert!(overflows.is_empty(), "{}", overflows.join("\n"));
}
