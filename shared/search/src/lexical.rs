//! Lexical scores: BM25, with synonyms and with terms of neighbours in the session.
//!
//! BM25: Robertson, Zaragoza 2009, "The Probabilistic Relevance Framework", with the idf of Lucene, which is never negative.

use std::collections::HashMap;

use crate::parameters::Parameters;
use crate::query::{Query, QueryTerm};
use crate::view::View;

/// With fewer records than this, idf assumes that there are as many: among three memories every term would be common.
const FEW: usize = 100;
/// A term in so many records or fewer is not common.
const COMMON_OF_FEW: f64 = 8.0;

/// A record with a term, and the saturated term frequency.
type Posting = (u32, f32);

/// The postings of the query's terms and of their synonyms.
pub(crate) struct Postings {
    by_term: HashMap<u32, Vec<Posting>>,
    /// The number of records.
    documents: usize,
    /// A term in more records is common.
    common: f64,
}

impl Postings {
    /// Scans all records of the view once.
    pub(crate) fn find(view: &View<'_>, query: &Query, parameters: &Parameters) -> Self {
        let mut wanted: HashMap<u32, Vec<Posting>> = HashMap::new();
        // A Bloom filter: most terms of a record are not in the query, and need no look into the map.
        let mut bloom = vec![0_u64; 1 << 10];
        let synonyms = query.terms.iter().flat_map(|term| term.synonyms.iter().map(|(hash, _)| *hash));
        for hash in query.terms.iter().map(|term| term.hash).chain(synonyms) {
            wanted.entry(hash).or_default();
            bloom[(hash as usize >> 6) & 0x3ff] |= 1 << (hash & 63);
        }
        let total: u64 = view.iter().map(|slot| u64::from(slot.length)).sum();
        let mean = (total as f64 / view.len().max(1) as f64).max(1.0);
        for (slot, position) in view.iter().zip(0_u32..) {
            for term in view.terms_of(slot) {
                let hash = term.hash();
                if (bloom[(hash as usize >> 6) & 0x3ff] >> (hash & 63)) & 1 == 0 {
                    continue;
                }
                if let Some(postings) = wanted.get_mut(&hash) {
                    let count = f64::from(term.count());
                    let norm = 1.0 - parameters.b + parameters.b * f64::from(slot.length) / mean;
                    postings.push((
                        position,
                        (count * (parameters.k1 + 1.0) / (count + parameters.k1 * norm)) as f32,
                    ));
                }
            }
        }
        let common = (parameters.common * view.len() as f64).max(COMMON_OF_FEW);
        Self { by_term: wanted, documents: view.len(), common }
    }

    fn of(&self, hash: u32) -> &[Posting] {
        self.by_term.get(&hash).map_or(&[], Vec::as_slice)
    }

    fn is_common(&self, hash: u32) -> bool {
        self.of(hash).len() as f64 > self.common
    }

    /// The synonyms of a term and their similarity. A common term has none, and none is common: it would add little and
    /// take long.
    pub(crate) fn synonyms(&self, term: &QueryTerm) -> impl Iterator<Item = (u32, f32)> {
        let all = if self.is_common(term.hash) { &[][..] } else { &term.synonyms };
        all.iter().copied().filter(|(synonym, _)| !self.is_common(*synonym))
    }

    /// The inverse document frequency of a term.
    fn idf(&self, hash: u32) -> f64 {
        let (all, with_term) = (self.documents.max(FEW) as f64, self.of(hash).len() as f64);
        (1.0 + (all - with_term + 0.5) / (with_term + 0.5)).ln()
    }

    /// Each record's score as a share of what the query's terms could give: 0 without any of them, 1 with each of them
    /// once in a text of mean length.
    pub(crate) fn score(&self, view: &View<'_>, query: &Query, parameters: &Parameters) -> Vec<f32> {
        let mut score = vec![0.0_f32; self.documents];
        let mut attainable = 0.0;
        let mut accumulator = ScoreAccumulator::new(self.documents);
        for term in &query.terms {
            let idf = self.idf(term.hash);
            attainable += idf;
            for &(position, count) in self.of(term.hash) {
                accumulator.raise(position, count);
            }
            for (synonym, similarity) in self.synonyms(term) {
                let factor = parameters.synonym * f64::from(similarity) * (self.idf(synonym) / idf).min(1.0);
                for &(position, count) in self.of(synonym) {
                    accumulator.raise(position, factor as f32 * count);
                }
            }
            if !self.is_common(term.hash) {
                accumulator.spread(view, parameters);
            }
            accumulator.flush(&mut score, idf as f32);
        }
        if attainable > 0.0 {
            let share = (1.0 / attainable) as f32;
            score.iter_mut().for_each(|score| *score *= share);
        }
        score
    }
}

/// The score of each record for one term: the highest of several values, not their sum.
struct ScoreAccumulator {
    scores: Vec<f32>,
    /// The records with a score, in no order.
    touched: Vec<u32>,
}

impl ScoreAccumulator {
    fn new(documents: usize) -> Self {
        Self { scores: vec![0.0; documents], touched: Vec::new() }
    }

    fn raise(&mut self, position: u32, value: f32) {
        let own = &mut self.scores[position as usize];
        if *own == 0.0 {
            self.touched.push(position);
        }
        *own = own.max(value);
    }

    /// Raises the neighbours of each record in its session, less with each step.
    fn spread(&mut self, view: &View<'_>, parameters: &Parameters) {
        let own: Vec<(u32, f32)> =
            self.touched.iter().map(|position| (*position, self.scores[*position as usize])).collect();
        for (position, value) in own {
            let session_at = |position: u32| view.slot(position as usize).map(|slot| slot.owners.session());
            let session = session_at(position);
            if session == Some(0) {
                continue;
            }
            for (decay, is_later) in [(parameters.earlier, true), (parameters.later, false)] {
                let mut part = value;
                for step in 1..=parameters.window {
                    let other =
                        if is_later { position.checked_add(step) } else { position.checked_sub(step) };
                    let is_near = |other: &u32| session_at(*other) == session;
                    let Some(other) = other.filter(is_near) else { break };
                    part *= decay as f32;
                    self.raise(other, part);
                }
            }
        }
    }

    /// Adds the scores, times `weight`, to `score`, and resets them.
    fn flush(&mut self, score: &mut [f32], weight: f32) {
        for position in self.touched.drain(..) {
            let own = std::mem::take(&mut self.scores[position as usize]);
            score[position as usize] += weight * own;
        }
    }
}
