//! The plain API key.
//!
//! `hb_prod_` or `hb_dev_`, followed by 36 characters: 12 of the key's id, 18 of the secret (107 bits), 6 of a
//! checksum. Because of the checksum, mistyped keys are refused without a read of the database. A plain key is never
//! stored, and its `Debug` contains the id only.

use std::fmt;

use rand::{Rng, RngExt};
use sha2::{Digest, Sha256};
use strum::{EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::KeyId;
use crate::named::named;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID: usize = 12;
const SECRET: usize = 18;
const CHECKSUM: usize = 6;

/// The label of a key. Keys of both environments have the same data and limits.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Environment {
    /// `hb_dev_…`
    Development,
    /// `hb_prod_…`
    Production,
}

named!(Environment);

impl Environment {
    const fn key_prefix(self) -> &'static str {
        match self {
            Self::Development => "hb_dev_",
            Self::Production => "hb_prod_",
        }
    }
}

/// A well-formed plain key, which may be unknown or revoked.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    text: String,
    environment: Environment,
}

impl ApiKey {
    /// Parses a plain key. `None` when the prefix, the length, the alphabet or the checksum is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let environment =
            Environment::ALL.into_iter().find(|environment| text.starts_with(environment.key_prefix()))?;
        let body = &text.as_bytes()[environment.key_prefix().len()..];
        let (id, rest) = body.split_at_checked(ID)?;
        let formed = body.len() == ID + SECRET + CHECKSUM
            && id.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            && rest.iter().all(u8::is_ascii_alphanumeric);
        // The text is ASCII, so the cut is on a character boundary.
        let formed = formed && {
            let (signed, checksum) = text.split_at(text.len() - CHECKSUM);
            checksum_of(signed) == checksum
        };
        formed.then(|| Self { text: text.to_owned(), environment })
    }

    /// A new secret for the key `id`.
    pub fn mint(id: &KeyId, environment: Environment, rng: &mut impl Rng) -> Self {
        let secret: String = (0..SECRET).map(|_| char::from(BASE62[rng.random_range(0..62)])).collect();
        let mut text = format!("{}{}{secret}", environment.key_prefix(), id.body());
        let checksum = checksum_of(&text);
        text.push_str(&checksum);
        Self { text, environment }
    }

    /// The id in the key, which is not secret.
    pub fn id(&self) -> KeyId {
        let start = self.environment.key_prefix().len();
        let id = format!("key_{}", &self.text[start..start + ID]);
        KeyId::parse(&id).expect("a well-formed key holds a well-formed id")
    }

    /// The label in the key.
    pub const fn environment(&self) -> Environment {
        self.environment
    }

    /// The first fourteen characters, which identify the key in lists. They contain nothing of the secret.
    pub fn prefix(&self) -> &str {
        &self.text[..14]
    }

    /// The whole key. Only for the response that returns it, and for hashing.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The SHA-256 of the whole key, which identifies it where the key itself must not be kept.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// The whole key, for this crate.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.id())
    }
}

/// Six base-62 digits of SHA-256: one of 5.7 · 10^10 random texts passes.
fn checksum_of(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut number = digest[..8].iter().fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    let mut checksum = String::with_capacity(CHECKSUM);
    for _ in 0..CHECKSUM {
        checksum.push(char::from(BASE62[(number % 62) as usize]));
        number /= 62;
    }
    checksum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn key(seed: u64) -> ApiKey {
        let mut rng = StdRng::seed_from_u64(seed);
        ApiKey::mint(&KeyId::mint(&mut rng), Environment::Production, &mut rng)
    }

    #[test]
    fn a_key_has_the_published_shape() {
        let key = key(1);
        assert_eq!(key.text().len(), "hb_prod_abc123def456789012345678901234567890".len());
        assert_eq!(&key.prefix()[..8], "hb_prod_");
        assert_eq!(key.id().body(), &key.text()[8..20]);
        assert_eq!(ApiKey::parse(key.text()), Some(key));
    }

    #[test]
    fn debug_shows_the_id_and_nothing_of_the_secret() {
        let key = key(2);
        assert_eq!(format!("{key:?}"), format!("ApiKey({})", key.id()));
    }

    #[test]
    fn the_seed_pages_sample_is_well_shaped_but_has_no_valid_checksum() {
        assert_eq!(ApiKey::parse("hb_prod_abc123def456789012345678901234567890"), None);
    }

    proptest! {
        #[test]
        fn one_changed_character_is_noticed(seed: u64, at in 0usize..44, with in "[0-9A-Za-z_]") {
            let key = key(seed);
            let mut text = key.text().to_owned();
            text.replace_range(at..=at, &with);
            prop_assert_eq!(ApiKey::parse(&text).is_some(), text == key.text());
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "(hb_prod_|hb_dev_)?\\PC{0,60}") {
            prop_assert!(ApiKey::parse(&text).is_none());
        }
    }
}
