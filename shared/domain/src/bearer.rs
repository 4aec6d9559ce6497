//! The `Authorization` header.

use crate::ApiKey;

const BLANKS: [char; 2] = [' ', '\t'];

/// What the header holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// A well-formed API key.
    Key(ApiKey),
    /// Something that cannot be accepted, whatever it was meant to be.
    Unknown,
}

impl Bearer {
    /// Reads the header's value; `None` when there is no credential of the `Bearer` scheme in it.
    pub fn parse(header: Option<&[u8]>) -> Option<Self> {
        let header = std::str::from_utf8(header?).ok()?;
        // Blanks as HTTP knows them, and no others of Unicode.
        let (scheme, token) = header.trim_matches(BLANKS).split_once(' ')?;
        let token = token.trim_matches(BLANKS);
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
            return None;
        }
        Some(ApiKey::parse(token).map_or(Self::Unknown, Self::Key))
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

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Bearer::parse(Some(&bytes));
        }
    }
}
