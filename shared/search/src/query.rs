//! A parsed query.

use std::collections::HashSet;

use crate::document::term_hash;
use crate::model::EmbeddingBits;
use crate::{model, text};

/// The most distinct terms of a query that count: the first ones.
const MAX_TERMS: usize = 64;

/// A parsed query: its terms with their synonyms, and its embedding.
pub struct Query {
    pub(crate) terms: Vec<QueryTerm>,
    cosines: Option<CosineTable>,
}

/// A term of a query.
pub(crate) struct QueryTerm {
    pub(crate) text: String,
    pub(crate) hash: u32,
    /// Hashes of synonyms, and their similarity, 0 to 1.
    pub(crate) synonyms: Vec<(u32, f32)>,
}

/// For each byte of an embedding and each of its values, its contribution to the cosine.
struct CosineTable(Vec<[f32; 256]>);

impl Query {
    /// Parses `text`.
    pub fn new(text: &str) -> Self {
        let model = model::get();
        let mut seen = HashSet::new();
        let distinct = text::terms(text).into_iter().filter(|term| seen.insert(term.clone()));
        let terms = distinct
            .take(MAX_TERMS)
            .map(|term| QueryTerm {
                hash: term_hash(&term),
                synonyms: model
                    .synonyms(&term)
                    .map(|(other, similarity)| (term_hash(other), similarity as f32))
                    .collect(),
                text: term,
            })
            .collect();
        Self { terms, cosines: model.direction(text).map(|direction| CosineTable::new(&direction)) }
    }

    /// Whether it has no terms: it is empty, or of stop words only.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The cosine of the query's embedding and the signs of a memory's, -1 to 1; 0 when either is unknown.
    pub(crate) fn cosine(&self, embedding: &EmbeddingBits) -> f32 {
        match &self.cosines {
            Some(CosineTable(parts)) if embedding.iter().any(|byte| *byte != 0) => {
                // Four independent sums, so that additions need not wait for each other.
                let mut sums = [0.0; 4];
                for (parts, bytes) in parts.chunks_exact(4).zip(embedding.chunks_exact(4)) {
                    for ((sum, part), byte) in sums.iter_mut().zip(parts).zip(bytes) {
                        *sum += part[usize::from(*byte)];
                    }
                }
                sums.iter().sum()
            }
            _ => 0.0,
        }
    }
}

impl CosineTable {
    fn new(direction: &[f64; model::DIMENSIONS]) -> Self {
        let scale = (model::DIMENSIONS as f64).sqrt();
        let parts = direction.chunks_exact(8).map(|dimensions| {
            std::array::from_fn(|byte| {
                let signed = dimensions
                    .iter()
                    .enumerate()
                    .map(|(bit, value)| if (byte >> bit) & 1 == 1 { *value } else { -*value });
                (signed.sum::<f64>() / scale) as f32
            })
        });
        Self(parts.collect())
    }
}

impl std::fmt::Debug for Query {
    /// Omits the text, which may be personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query").field("terms", &self.terms.len()).finish_non_exhaustive()
    }
}
