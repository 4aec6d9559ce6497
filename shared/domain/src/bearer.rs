//! The `Authorization` header.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::ApiKey;
use crate::token::TokenHeader;

const BLANKS: [char; 2] = [' ', '\t'];

/// The credential in the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// A well-formed API key.
    Key(ApiKey),
    /// A text that has the form of a token.
    Token(TokenText),
    /// A text that is neither.
    Unknown,
}

/// A token as it was presented. Its `Debug` omits the text.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText(String);

impl TokenText {
    /// Parses a text that has the form of a token.
    pub fn parse(text: &str) -> Option<Self> {
        TokenHeader::parse(text).map(|_| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the text, which identifies it where the token itself must not be kept.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText")
    }
}

impl Bearer {
    /// Parses the header's value. `None` when it has no credential of the `Bearer` scheme.
    pub fn parse(header: Option<&[u8]>) -> Option<Self> {
        let header = std::str::from_utf8(header?).ok()?;
        // The whitespace of HTTP, not that of Unicode.
        let (scheme, token) = header.trim_matches(BLANKS).split_once(' ')?;
        let token = token.trim_matches(BLANKS);
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
            return None;
        }
        if let Some(key) = ApiKey::parse(token) {
            return Some(Self::Key(key));
        }
        Some(TokenText::parse(token).map_or(Self::Unknown, Self::Token))
    }

    /// As [`parse`](Self::parse), but accepts `Bearer` twice, as a published sample sends it.
    pub fn parse_doubled(header: Option<&[u8]>) -> Option<Self> {
        let text = std::str::from_utf8(header?).ok()?.trim_matches(BLANKS);
        let doubled =
            text.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer ")).map(|_| &text[7..]);
        let inner = doubled.and_then(|rest| Self::parse(Some(rest.as_bytes())));
        inner.or_else(|| Self::parse(header))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_bearer_scheme_is_a_credential() {
        for header in
            ["", "Bearer", "Bearer ", "Basic aGI6", "hb_prod_abc", "Bearerhb_prod_abc", "\u{a0}Bearer x"]
        {
            assert_eq!(Bearer::parse(Some(header.as_bytes())), None, "{header:?}");
        }
        assert_eq!(Bearer::parse(None), None);
        assert_eq!(Bearer::parse(Some(b"Bearer \xff")), None);
        for header in ["bearer hb_prod_abc", "BEARER  eyJ.x.y", "Bearer Bearer x", "Bearer hb_a, Bearer hb_b"]
        {
            assert_eq!(Bearer::parse(Some(header.as_bytes())), Some(Bearer::Unknown), "{header:?}");
        }
    }

    #[test]
    fn a_doubled_scheme_is_accepted_where_it_is_allowed() {
        let token = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";
        let read = |header: &str| Bearer::parse_doubled(Some(header.as_bytes()));
        let expected = Some(Bearer::Token(TokenText(token.into())));
        for header in
            [format!("Bearer {token}"), format!("Bearer Bearer {token}"), format!("bearer  BEARER {token}")]
        {
            assert_eq!(read(&header), expected, "{header}");
        }
        assert_eq!(read(&format!("Bearer Bearer Bearer {token}")), Some(Bearer::Unknown));
        assert_eq!(Bearer::parse(Some(format!("Bearer Bearer {token}").as_bytes())), Some(Bearer::Unknown));
        assert_eq!(format!("{:?}", read(&format!("Bearer {token}"))), "Some(Token(TokenText))");
        assert_eq!(read("Basic x"), None);
        assert_eq!(Bearer::parse_doubled(None), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = (Bearer::parse(Some(&bytes)), Bearer::parse_doubled(Some(&bytes)));
        }
    }
}
