//! Format 2, which earlier versions wrote and this one reads: English terms, one passage, and no stop words.
//!
//! | bytes | content after the format |
//! |---|---|
//! | 1 | type in the low 4 bits; bit 4: has owners, bit 5: facets, bit 6: metadata without facets |
//! | 1 | importance in steps of 1/255 |
//! | 32 | embedding |
//! | 1 + 8 each | owners, if any |
//! | 1 + 4 each | facets, if any |
//! | the rest | as bits: 0 and 7 bits or 1 and 11 for the number of distinct terms; their hashes ascending, as Rice-coded gaps,
//! each with its count in unary |

use super::SearchDocument;
use super::format::{ByteReader, HAS_MORE};
use super::passage::Passage;
use super::term::{Key, MAX_COUNT, SHORT_BITS, Term};
use crate::bits::BitReader;
use crate::text::Language;

pub(super) const FORMAT: u8 = 2;

/// Reads what follows the format.
pub(super) fn read(mut reader: ByteReader<'_>) -> Option<SearchDocument> {
    let [flags, importance] = reader.array()?;
    let embedding = reader.array()?;
    let owners = reader.owners(flags)?;
    let facets = reader.facets(flags)?;
    let terms = terms(&mut BitReader::new(reader.0))?;
    Some(SearchDocument {
        kind: flags & 0x0f,
        importance,
        language: Language::English,
        owners,
        facets,
        has_metadata: flags & HAS_MORE == 0,
        passages: vec![Passage { embedding, terms, stop_words: Vec::new() }],
        has_short_hashes: true,
    })
}

fn terms(bits: &mut BitReader<'_>) -> Option<Vec<Term>> {
    let count = if bits.take(1)? == 1 { bits.take(11)? } else { bits.take(7)? };
    let width = ((1_u32 << SHORT_BITS) / count.max(1) / 13 * 9).max(1).ilog2();
    let (mut last, mut terms) = (0_u32, Vec::new());
    for _ in 0..count {
        last = last
            .checked_add(bits.take_rice(width, 1 << SHORT_BITS)?)
            .filter(|hash| *hash < 1 << SHORT_BITS)?;
        terms.push(Term::new(Key::short_hash(last), bits.take_unary(MAX_COUNT - 1)? + 1));
    }
    Some(terms)
}
