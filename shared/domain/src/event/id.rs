//! Ids of events.

use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::id::base_36;

/// The id of an event, `evt_…`: 25 characters of a digest, so that the same change always has the same id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(String);

impl EventId {
    /// The base-36 digits of 128 bits.
    const LENGTH: usize = 25;

    /// The id of the event number `index` of the change that `source` and `id` name: a table and the id of its stream's
    /// record, or the name of another source and an id of it.
    pub fn derive(source: &str, id: &str, index: u8) -> Self {
        let mut hash = Sha256::new();
        for part in [source.as_bytes(), id.as_bytes(), &[index]] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        let number = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        Self(format!("evt_{}", base_36(number, Self::LENGTH)))
    }

    /// Parses an id. `None` when it is not of this kind.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("evt_")?;
        let is_id = rest.len() == Self::LENGTH
            && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        is_id.then(|| Self(text.to_owned()))
    }

    /// The id as text, prefix included.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_change_has_the_same_id_and_no_other_change_has_it() {
        let ids = [
            EventId::derive("Memories", "1", 0),
            EventId::derive("Memories", "1", 1),
            EventId::derive("Memories", "10", 0),
            EventId::derive("Memories1", "0", 0),
            EventId::derive("ApiKeys", "1", 0),
        ];
        for (index, id) in ids.iter().enumerate() {
            assert_eq!(EventId::parse(id.as_str()).as_ref(), Some(id));
            assert!(!ids[..index].contains(id), "{id}");
        }
        assert_eq!(EventId::derive("Memories", "1", 0), ids[0]);
        for text in
            ["", "evt_", "mem_0123456789abcdefghijklmno", "evt_0123456789ABCDEFGHIJKLMNO", "evt_0x0000"]
        {
            assert_eq!(EventId::parse(text), None, "{text}");
        }
    }
}
