//! Lexical scores: BM25, with synonyms and with terms of neighbours in the session.
//!
//! BM25: Robertson, Zaragoza 2009, "The Probabilistic Relevance Framework", with the idf of Lucene, which is never negative.

use crate::index::Layout;
use crate::parameters::Parameters;
use crate::postings::{Posting, Postings};
use crate::query::Query;
use crate::view::View;

/// The lexical scores of each passage.
pub(crate) struct Scores {
    /// The share of what the query's terms could give: 0 without any of them, 1 with each of them once in a passage of usual length.
    pub(crate) shares: Vec<f32>,
    /// What of these shares comes from neighbours.
    pub(crate) contexts: Vec<f32>,
    /// The share of what the terms of its question alone could give; empty if it says nothing beside its question.
    pub(crate) questions: Vec<f32>,
    /// The share of the query's exact terms that it lacks; empty if the query has none.
    pub(crate) missing: Vec<f32>,
}

pub(crate) fn score(postings: &Postings, view: &View<'_>, query: &Query, parameters: &Parameters) -> Scores {
    let mut scores = vec![0.0_f32; view.len()];
    let mut attainable = 0.0;
    let mut contexts = vec![0.0_f32; view.len()];
    // The same for the terms of its question.
    let (mut questions, mut attainable_questions) = (Vec::new(), 0.0);
    // What each passage has of the exact terms.
    let (mut exact, mut attainable_exact) = (Vec::new(), 0.0);
    let mut values = TermValues::new(view.layout(), parameters);
    for (term, weight) in postings.selected() {
        let own = postings.of_term(term);
        let kind = postings.of_kind(&query.terms[term]);
        // A date that no memory has tells none from another.
        let is_exact = query.terms[term].is_exact && (kind.is_none() || !own.is_empty());
        let weight = weight * if is_exact { parameters.exact_weight } else { 1.0 };
        let idf = postings.idf(own);
        let attained = (weight * idf) as f32;
        attainable += weight * idf;
        values.raise(own, 1.0);
        for (list, similarity) in postings.alternatives(query, term, parameters) {
            values.raise(list, (similarity * (postings.idf(list) / idf).min(1.0)) as f32);
        }
        if !postings.is_common(own) {
            values.spread();
        }
        if query.terms[term].is_exact {
            attainable_exact += weight * idf;
            exact.resize(view.len(), 0.0);
            values.add_exact(attained, kind, &mut exact);
        }
        if query.terms[term].is_asked {
            attainable_questions += weight * idf;
            questions.resize(view.len(), 0.0);
            values.each(|passage, value, _| questions[passage] += attained * value);
        }
        values.each(|passage, value, own| {
            scores[passage] += attained * value;
            contexts[passage] += attained * (value - own);
        });
        values.reset();
    }
    let of_all = [(&mut scores, attainable), (&mut contexts, attainable)];
    for (scores, attainable) in of_all.into_iter().chain([(&mut questions, attainable_questions)]) {
        let share = if attainable > 0.0 { (1.0 / attainable) as f32 } else { 1.0 };
        scores.iter_mut().for_each(|score| *score *= share);
    }
    let missing = exact.into_iter().map(|found: f32| 1.0 - found / attainable_exact as f32).collect();
    Scores { shares: scores, contexts, questions, missing }
}

/// The value of one term in each passage: the highest of several values, not their sum.
struct TermValues<'l> {
    layout: &'l Layout,
    /// Of each passage.
    own: Vec<f32>,
    /// The highest of each memory's passages.
    highest: Vec<f32>,
    /// What each memory gets from its neighbours.
    contexts: Vec<f32>,
    /// The memories that have a value of their own, and those that have any.
    having: BitSet,
    reached: BitSet,
    /// What remains of a value one, two, … memories later, and earlier.
    later: Vec<f32>,
    earlier: Vec<f32>,
}

impl<'l> TermValues<'l> {
    fn new(layout: &'l Layout, parameters: &Parameters) -> Self {
        let memories = layout.memories();
        let decays = |decay: f64| -> Vec<f32> {
            (1..=parameters.window).map(|steps| decay.powi(steps.cast_signed()) as f32).collect()
        };
        Self {
            layout,
            own: vec![0.0; layout.passages()],
            highest: vec![0.0; memories],
            contexts: vec![0.0; memories],
            having: BitSet::new(memories),
            reached: BitSet::new(memories),
            later: decays(parameters.earlier),
            earlier: decays(parameters.later),
        }
    }

    /// Raises the values of these passages.
    fn raise(&mut self, postings: &[Posting], factor: f32) {
        for &(passage, count) in postings {
            let value = factor * count;
            let memory = self.layout.memory_of(passage);
            let own = &mut self.own[passage as usize];
            *own = own.max(value);
            let highest = &mut self.highest[memory];
            *highest = highest.max(value);
            self.having.insert(memory);
            self.reached.insert(memory);
        }
    }

    /// Raises the neighbours of each memory in its session, less with each step.
    fn spread(&mut self) {
        let Self { layout, highest, contexts, having, reached, later, earlier, .. } = self;
        for memory in having.iter() {
            let session = layout.session_around(memory);
            let from = memory.saturating_sub(earlier.len()).max(session.start);
            let until = (memory + 1 + later.len()).min(session.end);
            let value = highest[memory];
            let (before, after) = contexts[from..until].split_at_mut(memory - from);
            let before = before.iter_mut().rev().zip(&*earlier);
            let after = after[1..].iter_mut().zip(&*later);
            before.chain(after).for_each(|(context, decay)| *context = context.max(decay * value));
            reached.insert_range(from, until);
        }
    }

    /// The passages that have a value, the value, and what it would be without neighbours.
    fn each(&self, mut visit: impl FnMut(usize, f32, f32)) {
        for memory in self.reached.iter() {
            for passage in self.layout.passages_of(memory) {
                let own = self.own[passage];
                let value = own.max(self.contexts[memory]);
                if value > 0.0 {
                    visit(passage, value, own);
                }
            }
        }
    }

    /// Adds `weight` to what passages have of the exact terms: to those that have the term, and if it is of a `kind` to all that
    /// have none of that kind.
    fn add_exact(&self, weight: f32, kind: Option<&[Posting]>, exact: &mut [f32]) {
        match kind {
            None => self.each(|passage, _, _| exact[passage] += weight),
            Some(of_kind) => {
                exact.iter_mut().for_each(|found| *found += weight);
                let lacks = |passage: &&Posting| {
                    let context = self.contexts[self.layout.memory_of(passage.0)];
                    self.own[passage.0 as usize].max(context) == 0.0
                };
                of_kind.iter().filter(lacks).for_each(|(passage, _)| exact[*passage as usize] -= weight);
            }
        }
    }

    /// Resets all values.
    fn reset(&mut self) {
        for memory in self.reached.iter() {
            self.own[self.layout.passages_of(memory)].fill(0.0);
            self.highest[memory] = 0.0;
            self.contexts[memory] = 0.0;
        }
        self.having.clear();
        self.reached.clear();
    }
}

/// A set of numbers below a bound, in order.
struct BitSet(Vec<u64>);

impl BitSet {
    fn new(bound: usize) -> Self {
        Self(vec![0; bound.div_ceil(64)])
    }

    fn insert(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    /// Inserts a range of at most 64 numbers.
    fn insert_range(&mut self, from: usize, until: usize) {
        for number in from..until {
            self.insert(number);
        }
    }

    fn clear(&mut self) {
        self.0.fill(0);
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            let mut bits = *bits;
            std::iter::from_fn(move || {
                let bit = bits.trailing_zeros() as usize;
                bits &= bits.wrapping_sub(1);
                (bit < 64).then_some(word * 64 + bit)
            })
        })
    }
}
