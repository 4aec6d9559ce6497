//! Facets: hashes of the namespace, the tags and the metadata fields of a memory. A scan uses them to skip memories that do not match a filter.

use hb_domain::listing::Filter;
use hb_domain::search::Search;
use hb_domain::{Memory, Namespace};

/// The most facets of a search document. Those of tags, 50 at most, and of the namespace, 11 at most, always fit.
pub(crate) const MAX_FACETS: usize = 255;

/// The facets of a memory, and whether they are complete: if the metadata has too many fields, none of them is included.
pub(crate) fn of(memory: &Memory) -> (Vec<u32>, bool) {
    let mut facets: Vec<u32> = memory.tags.iter().map(|tag| tag_facet(tag)).collect();
    if let Some(namespace) = &memory.namespace {
        facets.push(namespace_facet(namespace));
        facets.extend(namespace.prefixes().map(|prefix| prefix_facet(&prefix)));
    }
    let fields = memory.metadata.fields();
    let is_complete = facets.len() + fields.len() <= MAX_FACETS;
    if is_complete {
        facets.extend(fields.iter().map(|(name, value)| metadata_facet(name, value)));
    }
    (facets, is_complete)
}

/// The facets that a search requires. A memory that has all of them most likely matches.
pub(crate) struct FacetFilter {
    tags: Vec<u32>,
    metadata: Vec<u32>,
}

impl FacetFilter {
    pub(crate) fn of(search: &Search) -> Self {
        let tags = search.filter.tags.iter().map(|tag| tag_facet(tag)).collect();
        let fields = search.metadata.iter();
        Self { tags, metadata: fields.map(|(name, value)| metadata_facet(name, value)).collect() }
    }

    /// Whether a memory with these facets may match; unless `is_complete`, those of its metadata are unknown.
    pub(crate) fn may_match(&self, facets: &[u32], is_complete: bool) -> bool {
        self.tags.iter().all(|facet| facets.contains(facet))
            && (!is_complete || self.metadata.iter().all(|facet| facets.contains(facet)))
    }
}

/// The facets of the namespaces that a filter asks for.
pub(crate) fn of_namespaces(filter: &Filter) -> Vec<u32> {
    let exact = filter.namespace.iter().map(namespace_facet);
    exact.chain(filter.namespace_prefix.iter().map(prefix_facet)).collect()
}

fn namespace_facet(namespace: &Namespace) -> u32 {
    hash(b'n', namespace.to_string().as_bytes())
}

fn prefix_facet(prefix: &Namespace) -> u32 {
    hash(b'p', prefix.to_string().as_bytes())
}

fn tag_facet(tag: &str) -> u32 {
    hash(b't', tag.as_bytes())
}

/// `value` as compact JSON.
fn metadata_facet(name: &str, value: impl std::fmt::Display) -> u32 {
    // The two zeros are equal, but are written differently.
    hash(b'm', format!("{name}\0{value}").replace("-0.0", "0.0").as_bytes())
}

/// 32 bits of FNV-1a over 64 (<https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>) behind the finalizer of
/// MurmurHash3, without which words that differ only in their last letter share most bits. The hash is stored: it must be
/// the same in every version and on every machine.
pub(crate) fn hash(kind: u8, bytes: &[u8]) -> u32 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let mut hash = bytes.iter().fold(step(0xcbf2_9ce4_8422_2325, kind), |hash, &byte| step(hash, byte));
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    (hash >> 32) as u32
}
