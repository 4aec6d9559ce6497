//! No page violates WCAG 2.2 AA, as far as axe-core finds out.

use hb_tests::browser::{Media, Theme, axe, has_axe};

use super::Site;
use super::pages::tour;

#[tokio::test]
async fn no_page_violates_wcag_in_any_theme() {
    if !has_axe() {
        return;
    }
    let mut violations = Vec::new();
    let mut checks = 0;
    let mut visit = async |site: &Site, page: &str| {
        for (theme, width) in [(Theme::Light, 1440), (Theme::Dark, 390)] {
            site.browser.set_media(Media { theme, has_reduced_motion: true }).await;
            site.browser.set_size(width, 900).await;
            checks += 1;
            for violation in axe(&site.browser).await {
                violations.push(format!("{page}, {theme:?}, {width} px: {violation:#?}"));
            }
        }
    };
    if tour(&mut visit).await {
        println!("{checks} checks of accessibility");
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }
}
