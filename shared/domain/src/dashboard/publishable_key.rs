//! Clerk's publishable key, which names the host that serves Clerk's scripts to browsers. It is not secret.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64 with or without padding: published keys have either form.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A publishable key: `pk_live_` or `pk_test_`, and the host of the Frontend API followed by `$`, in base64.
///
/// <https://clerk.com/docs/guides/how-clerk-works/overview>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishableKey {
    text: String,
    host: String,
}

impl PublishableKey {
    /// Parses a key. `None` when it is not well-formed.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let encoded = text.strip_prefix("pk_live_").or_else(|| text.strip_prefix("pk_test_"))?;
        let host = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
        let host = host.strip_suffix('$')?;
        // It becomes part of a policy and of addresses: a name or an address, and a port of this machine.
        let is_host = |b: u8| b.is_ascii_alphanumeric() || b".-:".contains(&b);
        let is_whole = host.starts_with(|c: char| c.is_ascii_alphanumeric()) && host.bytes().all(is_host);
        is_whole.then(|| Self { text: text.to_owned(), host: host.to_owned() })
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address of the Frontend API: https, except on this machine.
    pub fn origin(&self) -> String {
        let name = self.host.split(':').next().unwrap_or_default();
        let scheme = if matches!(name, "127.0.0.1" | "localhost") { "http" } else { "https" };
        format!("{scheme}://{}", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(host: &str) -> String {
        format!("pk_test_{}", BASE64.encode(host))
    }

    #[test]
    fn the_host_is_the_decoded_text_up_to_the_dollar() {
        let origin = |host: &str| PublishableKey::parse(&key(host)).map(|key| key.origin());
        assert_eq!(origin("clerk.example.com$").as_deref(), Some("https://clerk.example.com"));
        assert_eq!(origin("127.0.0.1:4000$").as_deref(), Some("http://127.0.0.1:4000"));
        assert_eq!(
            PublishableKey::parse(" pk_live_Y2xlcmsuZXhhbXBsZS5jb20k\n").map(|key| key.as_str().to_owned()),
            Some("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".to_owned())
        );
        let unpadded = key("clerk.example.co$").trim_end_matches('=').to_owned();
        assert!(PublishableKey::parse(&unpadded).is_some());
    }

    #[test]
    fn anything_that_is_no_host_is_refused() {
        for host in
            ["", "$", "clerk.example.com", "a b$", "a;script-src *$", "a/b$", "'self'$", ".$", "a\"b$"]
        {
            assert_eq!(PublishableKey::parse(&key(host)), None, "{host}");
        }
        for text in ["", "pk_test_", "pk_test_%%%", "sk_test_Y2xlcmsuZXhhbXBsZS5jb20k", "pk_prod_Y2xlcmsk"] {
            assert_eq!(PublishableKey::parse(text), None, "{text}");
        }
    }
}
