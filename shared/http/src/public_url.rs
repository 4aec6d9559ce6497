//! The public address of the API.

use std::fmt;
use std::sync::Arc;

use crate::address::{address, origin_of};

const VARIABLE: &str = "PUBLIC_URL";

/// The address at which clients reach the API, `https://api.example.com`; cheap to clone.
///
/// It is configured, never taken from a request: a caller chooses the `Host` that it sends.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicUrl(Arc<str>);

impl PublicUrl {
    /// Parses an https URL, or one of this machine, without a path.
    ///
    /// # Errors
    /// What is wrong, for the operator.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri = address(VARIABLE, text)?;
        let is_origin = uri.path().trim_end_matches('/').is_empty() && uri.query().is_none();
        let origin = origin_of(&uri).filter(|_| is_origin);
        let origin =
            origin.ok_or_else(|| format!("{VARIABLE} must be a URL without a path, a query or a user"))?;
        Ok(Self(origin.into()))
    }

    /// Reads the environment variable `PUBLIC_URL`; `None` when it is unset or empty.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        variable(VARIABLE).filter(|text| !text.trim().is_empty()).map(|text| Self::parse(&text)).transpose()
    }

    /// The absolute URL of a path.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Debug for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_origin() {
        for (written, joined) in [
            ("https://api.example.com", "https://api.example.com/a?b"),
            (" HTTPS://API.example.com:443/ ", "https://api.example.com/a?b"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000/a?b"),
        ] {
            assert_eq!(PublicUrl::parse(written).map(|url| url.join("/a?b")), Ok(joined.to_owned()));
        }
        for wrong in [
            "api.example.com",
            "http://api.example.com",
            "https://a.example/v1",
            "https://me@a.example",
            "https://a.example/?b",
            "https://",
        ] {
            assert!(PublicUrl::parse(wrong).expect_err(wrong).starts_with(VARIABLE));
        }
        assert_eq!(PublicUrl::from_env(|_| Some(" ".into())), Ok(None));
    }
}
