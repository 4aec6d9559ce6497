//! The tokens of sign-in links and of sessions: `TENANT.ID.SECRET`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha2::{Digest, Sha256};

use crate::TenantId;
use crate::id::random_lower_alnum;

const ID_LENGTH: usize = 16;
/// 165 random bits.
const SECRET_LENGTH: usize = 32;
/// What a CSRF token is the HMAC of.
const CSRF: &[u8] = b"csrf";

/// The token of a sign-in link or of a session. Its `Debug` leaves out the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct DashboardToken {
    tenant: TenantId,
    id: String,
    secret: String,
}

/// The SHA-256 of a token, which is stored in its place.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenDigest(Vec<u8>);

/// The token that the forms of a session contain: the HMAC-SHA-256 of a constant with the session's secret, which only
/// the session's own pages show.
#[derive(Clone)]
pub struct CsrfToken(Hmac<Sha256>);

impl DashboardToken {
    /// A new token of a tenant.
    pub fn mint(tenant: &TenantId, rng: &mut impl Rng) -> Self {
        let (id, secret) = (random_lower_alnum(rng, ID_LENGTH), random_lower_alnum(rng, SECRET_LENGTH));
        Self { tenant: tenant.clone(), id, secret }
    }

    /// Parses a token. `None` when it is not well-formed.
    pub fn parse(text: &str) -> Option<Self> {
        let is_part = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let mut parts = text.split('.');
        let (tenant, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
        let is_whole = parts.next().is_none() && is_part(id, ID_LENGTH) && is_part(secret, SECRET_LENGTH);
        is_whole.then_some(())?;
        Some(Self { tenant: TenantId::parse(tenant)?, id: id.to_owned(), secret: secret.to_owned() })
    }

    /// The tenant. Nothing proves it until the token has been found in the database.
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The id, which is not secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole token, for its one reader.
    pub fn expose(&self) -> String {
        format!("{}.{}.{}", self.tenant, self.id, self.secret)
    }

    /// The digest to store.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(self.expose()).to_vec())
    }

    /// The CSRF token of the session that has this token.
    pub fn csrf(&self) -> CsrfToken {
        let mut mac =
            Hmac::new_from_slice(self.secret.as_bytes()).expect("HMAC takes a secret of any length");
        mac.update(CSRF);
        CsrfToken(mac)
    }
}

impl TokenDigest {
    /// A stored digest.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl CsrfToken {
    /// Whether `text` is this token, compared in constant time.
    pub fn matches(&self, text: &str) -> bool {
        let sent = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        self.0.clone().verify_slice(&sent).is_ok()
    }
}

impl fmt::Display for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.clone().finalize().into_bytes()))
    }
}

impl fmt::Debug for DashboardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DashboardToken({}.{})", self.tenant, self.id)
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest")
    }
}

impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfToken")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn token(seed: u64) -> DashboardToken {
        DashboardToken::mint(&TenantId::parse("acme").expect("a tenant"), &mut StdRng::seed_from_u64(seed))
    }

    #[test]
    fn a_token_is_read_as_it_was_written_and_nothing_else_is_a_token() {
        let token = token(1);
        let text = token.expose();
        assert_eq!(DashboardToken::parse(&text), Some(token));
        let (id, secret) = ("a".repeat(16), "b".repeat(32));
        for wrong in [
            String::new(),
            "..".into(),
            format!("{text}."),
            format!("{text}x"),
            text.to_uppercase(),
            format!("a/b.{id}.{secret}"),
            format!(".{id}.{secret}"),
            format!("acme.{id}.{}", "ä".repeat(16)),
        ] {
            assert_eq!(DashboardToken::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_csrf_token_is_accepted_by_its_own_session_only() {
        let (own, other) = (token(1), token(2));
        let text = own.csrf().to_string();
        assert!(own.csrf().matches(&text));
        assert!(!other.csrf().matches(&text));
        for wrong in ["", "=", &text[1..], &format!("{text}A"), &own.secret] {
            assert!(!own.csrf().matches(wrong), "{wrong}");
        }
        assert!(!text.contains(&own.secret) && !own.secret.contains(&text));
    }

    #[test]
    fn debug_says_nothing_secret() {
        let token = token(3);
        let shown = format!("{token:?} {:?} {:?}", token.digest(), token.csrf());
        assert!(!shown.contains(&token.secret) && !shown.contains(&token.csrf().to_string()), "{shown}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,80}") {
            if let Some(token) = DashboardToken::parse(&text) {
                prop_assert_eq!(token.expose(), text.clone());
            }
            let _ = token(1).csrf().matches(&text);
        }
    }
}
