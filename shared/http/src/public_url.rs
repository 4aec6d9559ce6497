//! The public address of the API.

use std::fmt;
use std::sync::Arc;

use hb_store::aws::is_loopback;
use http::Uri;

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

    /// The address of a gateway that names its own domain, `abc.execute-api.eu-west-1.amazonaws.com`.
    pub(crate) fn of_domain(domain: &str) -> Option<Self> {
        Self::parse(&format!("https://{domain}")).ok()
    }

    /// Whether pages are reached by https, as everywhere but on this machine.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// The port, if it is not the usual one.
    pub(crate) fn port(&self) -> Option<u16> {
        self.uri()?.port_u16()
    }

    /// Whether an `Origin` header names this address. On this machine the server may be reached by any loopback name.
    pub(crate) fn is_origin(&self, header: &str) -> bool {
        if *self.0 == *header {
            return true;
        }
        let is_local = |uri: &Uri| uri.scheme_str() == Some("http") && is_loopback(uri);
        match (self.uri(), header.parse::<Uri>()) {
            (Some(own), Ok(other)) => is_local(&own) && is_local(&other) && own.port() == other.port(),
            _ => false,
        }
    }

    fn uri(&self) -> Option<Uri> {
        self.0.parse().ok()
    }

    /// The absolute URL of a path.
    pub fn join(&self, path: &str) -> String {
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
    fn the_origin_of_pages_is_the_address_and_on_this_machine_every_loopback_name() {
        let local = PublicUrl::parse("http://127.0.0.1:9000").expect("a URL");
        for own in ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"] {
            assert!(local.is_origin(own), "{own}");
        }
        for foreign in [
            "",
            "null",
            "http://127.0.0.1",
            "http://localhost:9001",
            "https://localhost:9000",
            "http://evil.example:9000",
        ] {
            assert!(!local.is_origin(foreign), "{foreign}");
        }
        let deployed = PublicUrl::of_domain("api.example.com").expect("a URL");
        assert!(deployed.is_origin("https://api.example.com") && deployed.is_https());
        for foreign in
            ["http://api.example.com", "https://api.example.com.evil.example", "https://evil.example", "null"]
        {
            assert!(!deployed.is_origin(foreign), "{foreign}");
        }
        for wrong in ["", "a b", "evil.example/x", "me@evil.example"] {
            assert!(PublicUrl::of_domain(wrong).is_none(), "{wrong}");
        }
    }

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
