//! What a page can be asked to adapt to, and what it looks like.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Browser, text};

/// What a person has chosen in the settings of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// The colours.
    pub theme: Theme,
    /// Whether animations are unwanted.
    pub has_reduced_motion: bool,
}

/// Colours of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

impl Browser {
    /// Sets what `prefers-color-scheme` and `prefers-reduced-motion` are.
    pub async fn set_media(&self, media: Media) {
        let scheme = match media.theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let motion = if media.has_reduced_motion { "reduce" } else { "no-preference" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Sets the size of the page in CSS pixels.
    pub async fn set_size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Sets the time zone, such as `Asia/Kolkata`.
    pub async fn set_time_zone(&self, name: &str) {
        self.devtools("Emulation.setTimezoneOverride", json!({ "timezoneId": name })).await;
    }

    /// Switches the scripts of pages off or on. [`run`](Self::run) works without them too, but nothing calls it back: a
    /// promise is not fulfilled.
    pub async fn set_scripts_disabled(&self, disabled: bool) {
        self.are_scripts_disabled.store(disabled, Relaxed);
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": disabled })).await;
    }

    /// Writes a PNG of the whole page to `file`, also of what one has to scroll to.
    pub async fn screenshot(&self, file: &Path) {
        let whole = json!({ "format": "png", "captureBeyondViewport": true, "clip": self.clip().await });
        let image = text(self.devtools("Page.captureScreenshot", whole).await["data"].take());
        std::fs::write(file, STANDARD.decode(image).expect("base64")).expect("a file");
    }

    /// The area of the whole page.
    async fn clip(&self) -> serde_json::Value {
        let size = self.devtools("Page.getLayoutMetrics", json!({})).await["cssContentSize"].take();
        json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 })
    }
}
