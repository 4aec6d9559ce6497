//! The search document: what a search needs of one memory. A sentence of 60 bytes takes some 70 bytes with its session.

mod format;
mod format_2;
mod passage;
mod passages;
mod term;

use hb_domain::Memory;
use hb_domain::memory::MemoryType;

#[cfg(test)]
pub(crate) use format::FORMAT;
pub(crate) use passage::{MAX_STOP_WORDS, Passage};
pub(crate) use passages::{MAX_PASSAGES, split};
pub(crate) use term::{Key, Term};

use crate::facets;
use crate::owners::Owners;
use crate::text::{self, Language};

/// What a search needs of one memory: owners and facets, and of each passage the keys of its terms and the bits of its embedding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchDocument {
    pub(crate) kind: u8,
    pub(crate) importance: u8,
    /// The language whose stemmer its words went through.
    pub(crate) language: Language,
    /// Its user, agent and session.
    pub(crate) owners: Owners,
    /// Hashes of its tags and metadata.
    pub(crate) facets: Vec<u32>,
    /// Whether the facets include those of its metadata.
    pub(crate) has_metadata: bool,
    /// The parts of its text, in order; none if searches do not find the memory.
    pub(crate) passages: Vec<Passage>,
    /// Whether its terms have the short hashes of earlier formats. Such a document is read and not written.
    pub(crate) has_short_hashes: bool,
}

impl SearchDocument {
    /// The search document of a memory. Its tags are searched like words of its first passage.
    pub fn of(memory: &Memory) -> Self {
        if !memory.searchable {
            return Self::not_searchable();
        }
        let language = text::language_of(&memory.content);
        let parts = split(&memory.content).into_iter().enumerate();
        let passages = parts
            .map(|(number, text)| {
                let tags = if number == 0 { memory.tags.as_slice() } else { &[] };
                Passage::of(text, tags, language)
            })
            .collect();
        let (facets, has_metadata) = facets::of(memory);
        Self {
            kind: type_code(memory.kind),
            importance: (memory.importance * 255.0).round() as u8,
            language,
            owners: Owners::of(memory),
            facets,
            has_metadata,
            passages,
            has_short_hashes: false,
        }
    }

    /// The search document of a memory that searches do not find: it has no passages.
    fn not_searchable() -> Self {
        Self {
            kind: 0,
            importance: 0,
            language: Language::English,
            owners: Owners::default(),
            facets: Vec::new(),
            has_metadata: true,
            passages: Vec::new(),
            has_short_hashes: false,
        }
    }
}

/// The stored code of a memory type: its index in the list of all.
pub(crate) fn type_code(kind: MemoryType) -> u8 {
    let position = MemoryType::ALL.iter().position(|other| *other == kind);
    position.and_then(|position| u8::try_from(position).ok()).unwrap_or(0)
}
