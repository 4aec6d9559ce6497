//! Ways to another page. While a page replaces another one, commands may fail, and such a failure means nothing.

use tokio::time::{Instant, sleep};

use super::{Browser, Duration, Locator, PATIENCE, done};

/// How often a page is looked at.
const INTERVAL: Duration = Duration::from_millis(20);

impl Browser {
    /// Clicks the first element, which leads to another page, and waits for that page.
    pub async fn follow(&self, selector: &str) {
        let element = self.element(selector).await;
        done(selector, element.click()).await;
        let deadline = Instant::now() + PATIENCE;
        // The driver knows no element of a page that has been replaced.
        while element.tag_name().await.is_ok() {
            assert!(Instant::now() < deadline, "{selector} has led nowhere from {}", self.url().await);
            sleep(INTERVAL).await;
        }
    }

    /// Waits until the selector matches an element, of this page or of one to which it leads by itself.
    pub async fn wait_for(&self, selector: &str) {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = self.client.find(Locator::Css(selector)).await {
            if Instant::now() >= deadline {
                panic!("{selector} at {}: {error}: {}", self.url().await, self.source().await);
            }
            sleep(INTERVAL).await;
        }
    }
}
