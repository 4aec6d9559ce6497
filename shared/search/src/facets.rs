//! What memories are filtered by, hashed, so that a scan can pass over those that do not match.

use hb_domain::Memory;
use hb_domain::search::Search;
use serde_json::Value;

/// The most facets that a record has; one of more matches every filter, and is looked at itself.
pub(crate) const MAX_FACETS: usize = 64;

/// What a filter can ask for of one memory; `None` when it is more than a record holds.
pub(crate) fn of(memory: &Memory) -> Option<Vec<u32>> {
    let mut facets: Vec<u32> = owners([&memory.user_id, &memory.agent_id, &memory.session_id]);
    facets.extend(memory.tags.iter().map(|tag| tag_facet(tag)));
    if facets.len() + memory.metadata.len() > MAX_FACETS {
        return None;
    }
    facets.extend(memory.metadata.iter().map(|(name, value)| metadata_facet(name, value)));
    Some(facets)
}

/// What a search asks for; a memory that has all of it is most likely a match.
pub(crate) fn asked(search: &Search) -> Vec<u32> {
    let filter = &search.filter;
    let mut facets = owners([&filter.user_id, &filter.agent_id, &filter.session_id]);
    facets.extend(filter.tags.iter().map(|tag| tag_facet(tag)));
    facets.extend(search.metadata.iter().map(|(name, value)| metadata_facet(name, value)));
    facets
}

fn owners(owners: [&Option<String>; 3]) -> Vec<u32> {
    let named = [b'u', b'a', b's'].into_iter().zip(owners);
    named.filter_map(|(kind, owner)| owner.as_ref().map(|owner| hash(kind, owner.as_bytes()))).collect()
}

fn tag_facet(tag: &str) -> u32 {
    hash(b't', tag.as_bytes())
}

fn metadata_facet(name: &str, value: &Value) -> u32 {
    hash(b'm', format!("{name}\0{value}").as_bytes())
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
