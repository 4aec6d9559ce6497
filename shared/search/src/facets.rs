//! What memories are filtered by besides their owners, hashed, so that a scan can pass over those that do not match.

use hb_domain::Memory;
use hb_domain::search::Search;

/// The most facets that a record has. Tags, 50 at most, always have room.
pub(crate) const MAX_FACETS: usize = 255;

/// What a filter can ask for of one memory, and whether that is all: one with more fields of metadata than there is room
/// for has none of them here.
pub(crate) fn of(memory: &Memory) -> (Vec<u32>, bool) {
    let mut facets: Vec<u32> = memory.tags.iter().map(|tag| tag_facet(tag)).collect();
    let fields = memory.metadata.fields();
    let is_complete = facets.len() + fields.len() <= MAX_FACETS;
    if is_complete {
        facets.extend(fields.iter().map(|(name, value)| metadata_facet(name, value)));
    }
    (facets, is_complete)
}

/// What a search asks for; a memory that has all of it is most likely a match.
pub(crate) struct Asked {
    tags: Vec<u32>,
    metadata: Vec<u32>,
}

impl Asked {
    pub(crate) fn by(search: &Search) -> Self {
        let tags = search.filter.tags.iter().map(|tag| tag_facet(tag)).collect();
        let fields = search.metadata.iter();
        Self { tags, metadata: fields.map(|(name, value)| metadata_facet(name, value)).collect() }
    }

    /// Whether a memory of these facets may have all of it; they are all it has when `is_complete`.
    pub(crate) fn may_be_in(&self, facets: &[u32], is_complete: bool) -> bool {
        self.tags.iter().all(|facet| facets.contains(facet))
            && (!is_complete || self.metadata.iter().all(|facet| facets.contains(facet)))
    }
}

fn tag_facet(tag: &str) -> u32 {
    hash(b't', tag.as_bytes())
}

/// `value` as compact JSON.
fn metadata_facet(name: &str, value: impl std::fmt::Display) -> u32 {
    // The two zeros are equal, and look different.
    hash(b'm', format!("{name}\0{value}").replace("-0.0", "0.0").as_bytes())
}

/// 32 bits of FNV-1a over 64 (<https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>) behind the finalizer of
/// MurmurHash3, without which words that differ in their last letter alone share most bits. It is stored, so it must be
/// the same in every version and on every machine.
pub(crate) fn hash(kind: u8, bytes: &[u8]) -> u32 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let mut hash = bytes.iter().fold(step(0xcbf2_9ce4_8422_2325, kind), |hash, &byte| step(hash, byte));
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    (hash >> 32) as u32
}
