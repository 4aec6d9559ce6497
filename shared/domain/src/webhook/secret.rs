//! The secret of a webhook endpoint, which signs what is sent to it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::{Rng, RngExt};
use serde_json::Value;

use crate::rules::{Rule, RuleResult};

/// The start of a secret in base64, as Standard Webhooks has it (<https://www.standardwebhooks.com>).
const PREFIX: &str = "whsec_";
/// The bytes of a secret.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// The bytes of a generated secret.
const GENERATED: usize = 32;
/// What is wrong with a secret that is not one.
const PROBLEM: &str = "must be whsec_ and 24 to 64 bytes in base64, or any text of 24 to 64 bytes";

/// A secret. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// A new secret: `whsec_` and 32 random bytes in base64.
    pub fn mint(rng: &mut impl Rng) -> Self {
        let bytes: [u8; GENERATED] = rng.random();
        Self(format!("{PREFIX}{}", STANDARD.encode(bytes)))
    }

    /// The secret of this text: `whsec_` and 24 to 64 bytes in base64, or any other text of 24 to 64 bytes. `None` when it is
    /// neither.
    pub fn parse(text: &str) -> Option<Self> {
        let secret = Self(text.to_owned());
        let is_valid = match text.strip_prefix(PREFIX) {
            Some(_) => secret.bytes().is_some_and(|bytes| BYTES.contains(&bytes.len())),
            None => BYTES.contains(&text.len()) && !text.contains('\0'),
        };
        is_valid.then_some(secret)
    }

    /// The secret as text. It leaves the process in the responses to creation and rotation only, which `.clippy.toml` enforces.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The key of the signatures: the bytes behind `whsec_`, or those of the text. `.clippy.toml` guards it like
    /// [`expose`](Self::expose).
    pub fn key(&self) -> Option<Vec<u8>> {
        self.bytes()
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        match self.0.strip_prefix(PREFIX) {
            Some(encoded) => STANDARD.decode(encoded).ok(),
            None => Some(self.0.as_bytes().to_vec()),
        }
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

/// A secret as it is stored: encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// The version of the key.
    pub key_version: String,
    /// The nonce, the encrypted text and its tag.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedSecret({})", self.key_version)
    }
}

/// The rule of a secret that a caller gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GivenSecret;

impl Rule for GivenSecret {
    type Value = WebhookSecret;

    fn parse(&self, value: Value) -> RuleResult<WebhookSecret> {
        value.as_str().and_then(WebhookSecret::parse).ok_or_else(|| PROBLEM.into())
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "minLength": 6, "maxLength": 94, "pattern": r"^[^\u0000]*$"})
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_secret_has_24_to_64_bytes_behind_its_prefix_or_as_text() {
        let encoded = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for (text, key) in [
            (encoded(24), Some(24)),
            (encoded(64), Some(64)),
            (encoded(23), None),
            (encoded(65), None),
            (encoded(24).replace('=', ""), Some(24)),
            (encoded(32).replace('=', ""), None),
            (format!("{} ", encoded(24)), None),
            ("whsec_".into(), None),
            (format!("whsec_{}", "!".repeat(32)), None),
            ("a".repeat(23), None),
            ("a".repeat(24), Some(24)),
            ("a".repeat(64), Some(64)),
            ("a".repeat(65), None),
            ("ä".repeat(12), Some(24)),
            ("ä".repeat(33), None),
            (format!("WHSEC_{}", "a".repeat(24)), Some(30)),
            (format!("{}\0", "a".repeat(24)), None),
            (String::new(), None),
        ] {
            let secret = WebhookSecret::parse(&text);
            assert_eq!(secret.and_then(|secret| secret.bytes()).map(|key| key.len()), key, "{text}");
        }
    }

    #[test]
    fn debug_says_nothing_secret() {
        let secret = WebhookSecret::mint(&mut StdRng::seed_from_u64(1));
        assert_eq!(format!("{secret:?}"), "WebhookSecret");
        let sealed = SealedSecret { key_version: "v1".into(), sealed: b"hush".to_vec() };
        assert_eq!(format!("{sealed:?}"), "SealedSecret(v1)");
    }

    proptest! {
        #[test]
        fn a_generated_secret_is_one_and_no_other_one(seed: u64) {
            let mut rng = StdRng::seed_from_u64(seed);
            let (one, other) = (WebhookSecret::mint(&mut rng), WebhookSecret::mint(&mut rng));
            prop_assert_ne!(&one, &other);
            prop_assert_eq!(one.bytes().map(|key| key.len()), Some(GENERATED));
            prop_assert_eq!(WebhookSecret::parse(&one.0), Some(one));
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "(whsec_)?\\PC{0,70}") {
            if let Some(secret) = WebhookSecret::parse(&text) {
                prop_assert!(BYTES.contains(&secret.bytes().expect("a key").len()));
            }
        }
    }
}
