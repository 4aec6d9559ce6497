//! Lexical scores: BM25, with synonyms and with terms of neighbours in the session.
//!
//! BM25: Robertson, Zaragoza 2009, "The Probabilistic Relevance Framework", with the idf of Lucene, which is never negative.

use std::ops::Range;

use crate::parameters::Parameters;
use crate::postings::Postings;
use crate::query::Query;
use crate::view::View;

/// Each passage's score as a share of what the query's terms could give: 0 without any of them, 1 with each of them once in
/// a passage of usual length.
pub(crate) fn score(
    postings: &Postings,
    view: &View<'_>,
    query: &Query,
    parameters: &Parameters,
) -> Vec<f32> {
    let mut score = vec![0.0_f32; view.len()];
    let mut attainable = 0.0;
    let mut accumulator = ScoreAccumulator::new(view.len());
    for (term, weight) in postings.selected() {
        let idf = postings.idf(postings.of_term(term));
        attainable += weight * idf;
        for &(position, count) in postings.of_term(term) {
            accumulator.raise(position, count);
        }
        for (list, similarity) in postings.alternatives(query, term, parameters) {
            let factor = (similarity * (postings.idf(list) / idf).min(1.0)) as f32;
            for &(position, count) in list {
                accumulator.raise(position, factor * count);
            }
        }
        if !postings.is_common(postings.of_term(term)) {
            accumulator.spread(view, parameters);
        }
        accumulator.flush(&mut score, (weight * idf) as f32);
    }
    if attainable > 0.0 {
        let share = (1.0 / attainable) as f32;
        score.iter_mut().for_each(|score| *score *= share);
    }
    score
}

/// The score of each passage for one term: the highest of several values, not their sum.
struct ScoreAccumulator {
    scores: Vec<f32>,
    /// The passages with a score, in no order.
    touched: Vec<u32>,
    /// The highest score of each memory of several passages, at its first one.
    memories: Vec<f32>,
    /// What each memory of several passages gets from its neighbours, at its first one.
    contexts: Vec<f32>,
    /// The first passages of memories that got something.
    reached: Vec<u32>,
}

impl ScoreAccumulator {
    fn new(passages: usize) -> Self {
        let zeros = || vec![0.0; passages];
        Self {
            scores: zeros(),
            touched: Vec::new(),
            memories: zeros(),
            contexts: zeros(),
            reached: Vec::new(),
        }
    }

    fn raise(&mut self, position: u32, value: f32) {
        raise(&mut self.scores, &mut self.touched, position, value);
    }

    /// Raises the neighbours of each memory in its session, less with each step.
    fn spread(&mut self, view: &View<'_>, parameters: &Parameters) {
        for (first, value) in self.of_memories(view) {
            let Some(slot) = view.slot(first as usize) else { continue };
            let session = slot.owners.session();
            let in_session = |position: u32| -> Option<Range<u32>> {
                let slot = view.slot(position as usize).filter(|slot| slot.owners.session() == session)?;
                Some(slot.memory_at(position))
            };
            for (decay, is_later) in [(parameters.earlier, true), (parameters.later, false)] {
                let (mut part, mut memory) = (value, slot.memory_at(first));
                for _ in 0..parameters.window {
                    let next = if is_later { Some(memory.end) } else { memory.start.checked_sub(1) };
                    let Some(neighbour) = next.and_then(in_session) else { break };
                    part *= decay as f32;
                    if neighbour.len() == 1 {
                        self.raise(neighbour.start, part);
                    } else {
                        raise(&mut self.contexts, &mut self.reached, neighbour.start, part);
                    }
                    memory = neighbour;
                }
            }
        }
        for first in std::mem::take(&mut self.reached) {
            let context = std::mem::take(&mut self.contexts[first as usize]);
            let passages = view.slot(first as usize).map_or(first..first, |slot| slot.memory_at(first));
            passages.for_each(|passage| self.raise(passage, context));
        }
    }

    /// The memories in sessions that have a score, by their first passage, and the highest score of each.
    fn of_memories(&mut self, view: &View<'_>) -> Vec<(u32, f32)> {
        let (mut of_memories, mut long) = (Vec::with_capacity(self.touched.len()), Vec::new());
        for position in &self.touched {
            let value = self.scores[*position as usize];
            let slot = view.slot(*position as usize).filter(|slot| slot.owners.session() != 0);
            match slot.map(|slot| slot.memory_at(*position)) {
                None => {}
                Some(memory) if memory.len() == 1 => of_memories.push((*position, value)),
                Some(memory) => raise(&mut self.memories, &mut long, memory.start, value),
            }
        }
        for first in long {
            of_memories.push((first, std::mem::take(&mut self.memories[first as usize])));
        }
        of_memories
    }

    /// Adds the scores, times `weight`, to `score`, and resets them.
    fn flush(&mut self, score: &mut [f32], weight: f32) {
        for position in self.touched.drain(..) {
            let own = std::mem::take(&mut self.scores[position as usize]);
            score[position as usize] += weight * own;
        }
    }
}

/// Raises a value to at least this one, and notes its position if it was zero.
fn raise(values: &mut [f32], touched: &mut Vec<u32>, position: u32, value: f32) {
    let own = &mut values[position as usize];
    if *own == 0.0 {
        touched.push(position);
    }
    if value > *own {
        *own = value;
    }
}
