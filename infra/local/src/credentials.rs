//! The file with the sample key: assignments that a shell reads with `. .herobrain/credentials`.

use hb_domain::ApiKey;
use serde_json::Value;

use crate::sample::TENANT;

/// The sample key in the file's text.
#[derive(Debug)]
pub(crate) enum Credentials {
    /// In the current form.
    Current(ApiKey),
    /// In the JSON of an earlier version.
    Json(ApiKey),
}

/// The text of the file: the variables `KEY` and `TENANT`.
#[expect(clippy::disallowed_methods, reason = "the user reads the local sample key from the file")]
pub(crate) fn format(key: &ApiKey) -> String {
    format!("KEY={}\nTENANT={TENANT}\n", key.expose())
}

/// The key in the file's text; `None` if it holds none.
pub(crate) fn parse(text: &str) -> Option<Credentials> {
    if let Some(key) = text.lines().find_map(|line| line.strip_prefix("KEY=")) {
        return ApiKey::parse(key).map(Credentials::Current);
    }
    let file: Value = serde_json::from_str(text).ok()?;
    file["apiKey"].as_str().and_then(ApiKey::parse).map(Credentials::Json)
}
