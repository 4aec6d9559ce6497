//! The owners of a memory, hashed. A search by owner selects its records first, and ranks and counts only those.

use hb_domain::Memory;
use hb_domain::listing::Filter;
use sha2::{Digest, Sha256};

/// Hashes of the user, the agent and the session of a memory or of a filter; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owners(pub(crate) [u64; 3]);

impl Owners {
    pub(crate) fn of(memory: &Memory) -> Self {
        Self::named([&memory.user_id, &memory.agent_id, &memory.session_id])
    }

    pub(crate) fn of_filter(filter: &Filter) -> Self {
        Self::named([&filter.user_id, &filter.agent_id, &filter.session_id])
    }

    fn named(names: [&Option<String>; 3]) -> Self {
        let mut hashes = [0; 3];
        for ((own, kind), name) in hashes.iter_mut().zip([b'u', b'a', b's']).zip(names) {
            *own = name.as_ref().map_or(0, |name| hash(kind, name));
        }
        Self(hashes)
    }

    pub(crate) fn session(&self) -> u64 {
        self.0[2]
    }

    /// Whether they include all owners of `filter`.
    pub(crate) fn matches(&self, filter: &Self) -> bool {
        self.0.iter().zip(filter.0).all(|(own, wanted)| wanted == 0 || *own == wanted)
    }
}

/// The first 64 bits of a SHA-256. Applications let their users choose names, so a collision must not be constructible.
/// The hash is stored: it must be the same in every version and on every machine.
fn hash(kind: u8, name: &str) -> u64 {
    let digest = Sha256::new().chain_update([kind]).chain_update(name).finalize();
    digest.iter().take(8).rev().fold(0, |hash, byte| (hash << 8) | u64::from(*byte)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf uann | sha256sum`, the first eight bytes as a little-endian number.
    #[test]
    fn a_hash_depends_on_kind_and_name_and_never_changes() {
        let expected = [0xda, 0xa0, 0x11, 0xc0, 0x70, 0x3c, 0xfb, 0x67];
        assert_eq!(hash(b'u', "ann").to_le_bytes(), expected);
        assert_ne!(hash(b'u', "ann"), hash(b'a', "ann"));
    }
}
