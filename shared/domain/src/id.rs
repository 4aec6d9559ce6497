//! The kinds of ids: a prefix that names the kind, followed by lower-case alphanumerics.
//!
//! An id that is not well-formed is treated as one that does not exist.

use std::fmt;

use rand::{Rng, RngExt};
use serde::{Serialize, Serializer};

use crate::Timestamp;
use crate::memory_ids::IdSuffix;

/// `0-9a-z`, in ASCII order: ids of equal length sort like the numbers that they represent.
const LOWER_ALNUM: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// `length` random characters of `0-9a-z`, 5.17 bits each.
pub(crate) fn random_lower_alnum(rng: &mut impl Rng, length: usize) -> String {
    (0..length).map(|_| char::from(LOWER_ALNUM[rng.random_range(0..36)])).collect()
}

/// The last `length` base-36 digits of `number`.
pub(crate) fn base_36(mut number: u128, length: usize) -> String {
    let mut digits = vec![b'0'; length];
    for digit in digits.iter_mut().rev() {
        *digit = LOWER_ALNUM[(number % 36) as usize];
        number /= 36;
    }
    digits.into_iter().map(char::from).collect()
}

fn is_lower_alnum(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

macro_rules! id_kind {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $length:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Parses an id. `None` when it is not of this kind.
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text.strip_prefix($prefix)?;
                is_lower_alnum(rest, $length).then(|| Self(text.to_owned()))
            }

            /// The id as text, prefix included.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_id!($name);
    };
}

macro_rules! text_id {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

id_kind!(
    /// The id of an API key, `key_abc123def456`: 62 random bits. Rotations keep it.
    KeyId, "key_", 12
);
id_kind!(
    /// The id of a memory: `mem_`, nine characters of creation time and thirteen random ones. Ids sort by creation;
    /// ids of the same millisecond differ in 67 random bits.
    MemoryId, "mem_", MemoryId::TIME + MemoryId::RANDOM
);
id_kind!(
    /// The id of a request, `req_…`, which the response and the log line contain: 103 random bits.
    RequestId, "req_", 20
);
id_kind!(
    /// The id of a webhook endpoint, `whk_…`: 82 random bits.
    WebhookId, "whk_", 16
);

impl KeyId {
    /// A new id.
    pub fn mint(rng: &mut impl Rng) -> Self {
        Self(format!("key_{}", random_lower_alnum(rng, 12)))
    }

    /// The twelve characters after the prefix, which the plain key contains, too.
    pub fn body(&self) -> &str {
        &self.0[4..]
    }
}

impl WebhookId {
    /// A new id.
    pub fn mint(rng: &mut impl Rng) -> Self {
        Self(format!("whk_{}", random_lower_alnum(rng, 16)))
    }
}

impl RequestId {
    /// A new id.
    pub fn mint(rng: &mut impl Rng) -> Self {
        Self(format!("req_{}", random_lower_alnum(rng, 20)))
    }
}

impl MemoryId {
    /// Base-36 digits of milliseconds since 1970: enough until the year 5188.
    const TIME: usize = 9;
    const RANDOM: usize = 13;
    /// The text of an id, as a regular expression.
    #[cfg(feature = "describe")]
    pub(crate) const PATTERN: &str = "^mem_[0-9a-z]{22}$";
    /// The last millisecond that nine digits can represent.
    const LAST_TIME: u128 = 36_u128.pow(9) - 1;

    /// The id of a memory created at `created_at`, with the suffix that its request generated.
    pub fn new(created_at: Timestamp, suffix: IdSuffix) -> Self {
        Self(format!("mem_{}{}", Self::time(created_at), base_36(suffix.number(), Self::RANDOM)))
    }

    /// A new id for a single memory created at `created_at`.
    pub fn mint(created_at: Timestamp, rng: &mut impl Rng) -> Self {
        Self(format!("mem_{}{}", Self::time(created_at), random_lower_alnum(rng, Self::RANDOM)))
    }

    fn time(created_at: Timestamp) -> String {
        base_36(u128::from(created_at.millis().unsigned_abs()).min(Self::LAST_TIME), Self::TIME)
    }

    /// When the memory was created, to the millisecond.
    pub fn created_at(&self) -> Timestamp {
        let digits = &self.0[4..4 + Self::TIME];
        // Nine base-36 digits always fit: parse only accepts them, and 36^9 < 2^63.
        Timestamp::from_millis(i64::from_str_radix(digits, 36).unwrap_or(0))
    }
}

/// The id of a tenant: a UUID, a Clerk `user_…` or `org_…`, or any 1 to 128 of `[A-Za-z0-9_-]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(String);

impl TenantId {
    /// Parses a tenant id. `None` when it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        ((1..=128).contains(&text.len()) && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_id!(TenantId);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn ids_of_another_kind_length_or_alphabet_are_refused() {
        assert!(KeyId::parse("key_abc123def456").is_some());
        for text in [
            "",
            "key_",
            "mem_abc123def456",
            "key_ABC123def456",
            "key_abc123def45",
            "key_abc123def4567",
            "key_äbc123def45",
        ] {
            assert!(KeyId::parse(text).is_none(), "{text}");
        }
        for text in ["", "a b", "a/b", "ä", "a\0", &"x".repeat(129)] {
            assert!(TenantId::parse(text).is_none(), "{text}");
        }
        assert!(TenantId::parse("00000000-0000-0000-0000-000000000001").is_some());
    }

    #[test]
    fn the_first_and_the_last_id_are_ids_like_all_others() {
        let mut rng = StdRng::seed_from_u64(1);
        let [first, last] = ["0", "z"].map(|digit| format!("mem_{}", digit.repeat(22)));
        let [first, last] = [first, last].map(|text| MemoryId::parse(&text).expect("an id"));
        assert_eq!(first.created_at(), Timestamp::from_millis(0));
        assert_eq!(last.created_at().to_string(), "5188-04-22T11:04:28.415Z");
        assert!(first < MemoryId::mint(first.created_at(), &mut rng));
        assert!(last > MemoryId::mint(last.created_at(), &mut rng));
        let later = MemoryId::mint(Timestamp::MAX, &mut rng);
        assert_eq!(later.created_at(), last.created_at(), "a later time does not wrap around");
    }

    proptest! {
        #[test]
        fn memory_ids_carry_their_time_and_sort_by_it(a in 0i64..4_102_444_800_000, b in 0i64..4_102_444_800_000, seed: u64) {
            let mut rng = StdRng::seed_from_u64(seed);
            let (early, late) = (a.min(b), a.max(b));
            let first = MemoryId::mint(Timestamp::from_millis(early), &mut rng);
            let second = MemoryId::mint(Timestamp::from_millis(late), &mut rng);
            prop_assert_eq!(first.created_at().millis(), early);
            prop_assert_eq!(MemoryId::parse(first.as_str()), Some(first.clone()));
            prop_assert!(early == late || first < second);
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,64}") {
            let _ = (KeyId::parse(&text), MemoryId::parse(&text), RequestId::parse(&text), TenantId::parse(&text));
            let _ = WebhookId::parse(&text);
            let _ = MemoryId::parse(&format!("mem_{text}")).map(|id| id.created_at());
        }
    }
}
