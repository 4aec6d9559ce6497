//! What records have of the words of a query: BM25, with synonyms and with words said nearby in the session.
//!
//! BM25: Robertson, Zaragoza 2009, "The Probabilistic Relevance Framework", with the idf of Lucene, which is never negative.

use std::collections::HashMap;

use crate::parameters::Parameters;
use crate::query::{Query, QueryTerm};
use crate::view::View;

/// With fewer records than this, words are weighed as if there were as many: among three memories every word is common.
const FEW: usize = 100;
/// A term that so many records or fewer have is not common.
const COMMON_OF_FEW: f64 = 8.0;

/// A record that has a term, and the saturated count of the term in it.
type Posting = (u32, f32);

/// Which records have which of the query's terms and their synonyms.
pub(crate) struct Postings {
    of: HashMap<u32, Vec<Posting>>,
    /// How many records there are.
    documents: usize,
    /// A term that more of them have is common.
    common: f64,
}

impl Postings {
    /// Scans all records of the view once.
    pub(crate) fn find(view: &View<'_>, query: &Query, parameters: &Parameters) -> Self {
        let mut wanted: HashMap<u32, Vec<Posting>> = HashMap::new();
        // Most terms of a record are not asked for: one bit tells so without a look into the map.
        let mut maybe = vec![0_u64; 1 << 10];
        let synonyms = query.terms.iter().flat_map(|term| term.synonyms.iter().map(|(hash, _)| *hash));
        for hash in query.terms.iter().map(|term| term.hash).chain(synonyms) {
            wanted.entry(hash).or_default();
            maybe[(hash as usize >> 6) & 0x3ff] |= 1 << (hash & 63);
        }
        let total: u64 = view.iter().map(|slot| u64::from(slot.length)).sum();
        let mean = (total as f64 / view.len().max(1) as f64).max(1.0);
        for (slot, position) in view.iter().zip(0_u32..) {
            for term in view.terms_of(slot) {
                let hash = term.hash();
                if (maybe[(hash as usize >> 6) & 0x3ff] >> (hash & 63)) & 1 == 0 {
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
        Self { of: wanted, documents: view.len(), common }
    }

    fn of(&self, hash: u32) -> &[Posting] {
        self.of.get(&hash).map_or(&[], Vec::as_slice)
    }

    fn is_common(&self, hash: u32) -> bool {
        self.of(hash).len() as f64 > self.common
    }

    /// The synonyms that stand in for a term, and how like it they are: none when it is common, and no common one, which
    /// would say little and take long.
    pub(crate) fn synonyms(&self, term: &QueryTerm) -> impl Iterator<Item = (u32, f32)> {
        let all = if self.is_common(term.hash) { &[][..] } else { &term.synonyms };
        all.iter().copied().filter(|(synonym, _)| !self.is_common(*synonym))
    }

    /// How much it says that a record has a term which so many of all have.
    fn idf(&self, hash: u32) -> f64 {
        let (all, having) = (self.documents.max(FEW) as f64, self.of(hash).len() as f64);
        (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
    }

    /// Each record's share of what the query's terms could give: 0 for none of them, 1 for each of them said once in
    /// a text of mean length.
    pub(crate) fn score(&self, view: &View<'_>, query: &Query, parameters: &Parameters) -> Vec<f32> {
        let mut score = vec![0.0_f32; self.documents];
        let mut attainable = 0.0;
        let mut credit = ScoreAccumulator::new(self.documents);
        for term in &query.terms {
            let idf = self.idf(term.hash);
            attainable += idf;
            for &(position, count) in self.of(term.hash) {
                credit.raise(position, count);
            }
            for (synonym, likeness) in self.synonyms(term) {
                let factor = parameters.synonym * f64::from(likeness) * (self.idf(synonym) / idf).min(1.0);
                for &(position, count) in self.of(synonym) {
                    credit.raise(position, factor as f32 * count);
                }
            }
            if !self.is_common(term.hash) {
                credit.spread(view, parameters);
            }
            credit.flush(&mut score, idf as f32);
        }
        if attainable > 0.0 {
            let share = (1.0 / attainable) as f32;
            score.iter_mut().for_each(|score| *score *= share);
        }
        score
    }
}

/// What each record is given for one term: the highest of several, not their sum.
struct ScoreAccumulator {
    of: Vec<f32>,
    /// The records that have any, in no order.
    given: Vec<u32>,
}

impl ScoreAccumulator {
    fn new(documents: usize) -> Self {
        Self { of: vec![0.0; documents], given: Vec::new() }
    }

    fn raise(&mut self, position: u32, value: f32) {
        let own = &mut self.of[position as usize];
        if *own == 0.0 {
            self.given.push(position);
        }
        *own = own.max(value);
    }

    /// Lets the neighbours of a record in its session have a part of what it has, less with each step.
    fn spread(&mut self, view: &View<'_>, parameters: &Parameters) {
        let own: Vec<(u32, f32)> =
            self.given.iter().map(|position| (*position, self.of[*position as usize])).collect();
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

    /// Adds what was given, times `weight`, and begins anew.
    fn flush(&mut self, score: &mut [f32], weight: f32) {
        for position in self.given.drain(..) {
            let own = std::mem::take(&mut self.of[position as usize]);
            score[position as usize] += weight * own;
        }
    }
}
