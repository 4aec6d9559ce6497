//! Files that are part of a function.

use std::fmt;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::HeaderValue;
use sha2::{Digest, Sha256};

use crate::reply::{HTML, JSON};

/// A text file that is part of the function, with its media type. Its `Debug` leaves out the text.
pub struct StaticFile {
    media_type: HeaderValue,
    text: &'static str,
    /// Computed once, at the first request.
    version: OnceLock<String>,
}

impl StaticFile {
    /// A document in JSON.
    pub const fn json(text: &'static str) -> Self {
        Self::new(JSON, text)
    }

    /// A web page.
    pub const fn html(text: &'static str) -> Self {
        Self::new(HTML, text)
    }

    /// A script.
    pub const fn javascript(text: &'static str) -> Self {
        Self::new(HeaderValue::from_static("text/javascript; charset=utf-8"), text)
    }

    /// A style sheet.
    pub const fn css(text: &'static str) -> Self {
        Self::new(HeaderValue::from_static("text/css; charset=utf-8"), text)
    }

    /// A picture.
    pub const fn svg(text: &'static str) -> Self {
        Self::new(HeaderValue::from_static("image/svg+xml"), text)
    }

    const fn new(media_type: HeaderValue, text: &'static str) -> Self {
        Self { media_type, text, version: OnceLock::new() }
    }

    pub(crate) const fn media_type(&self) -> &HeaderValue {
        &self.media_type
    }

    pub(crate) const fn text(&self) -> &'static str {
        self.text
    }

    /// The version of the content: its hash.
    pub fn version(&self) -> &str {
        self.version.get_or_init(|| URL_SAFE_NO_PAD.encode(&Sha256::digest(self.text)[..16]))
    }
}

impl fmt::Debug for StaticFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticFile").field("media_type", &self.media_type).finish_non_exhaustive()
    }
}
