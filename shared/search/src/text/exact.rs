//! What is only found as a whole, in whatever form it is written: identifiers, dates, times.

use super::number::number_word;
use super::unit::{Matching, Unit, Word};

/// Whether a text is searched or searches. A document has the terms of all queries that find it, a query those that tell it from
/// others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Document,
    Query,
}

/// What every document has that has a date. No text has such a term.
pub(super) const DATE: &str = "date-*";
/// What every document has that has a time of the day.
pub(super) const TIME: &str = "time-*";

/// Something that is found as a whole.
#[derive(Debug, Default)]
pub(super) struct Exact {
    /// The words of a document by which it is found too.
    pub(super) words: Vec<Word>,
    /// The terms of a document.
    pub(super) terms: Vec<String>,
    /// What a document may have instead, any of them.
    pub(super) alternatives: Vec<String>,
    /// What the query's terms are called. It has one for each: what is exact tells more than a word beside it.
    pub(super) labels: Vec<String>,
    pub(super) start: usize,
    /// Of a date or a time, what all documents have that say a date or a time.
    pub(super) kind: Option<&'static str>,
}

impl Exact {
    pub(super) fn units(mut self, side: Side) -> Vec<Unit> {
        if side == Side::Document {
            self.terms.extend(self.kind.map(str::to_owned));
            return vec![Unit::Words { words: self.words, wholes: self.terms, matching: Matching::Whole }];
        }
        let Some(label) = self.labels.into_iter().next() else { return Vec::new() };
        let matching = self.kind.map_or(Matching::Exact, Matching::Time);
        let start = number_word(label.clone(), self.start);
        let wholes = std::iter::once(label).chain(self.alternatives).collect();
        vec![Unit::Words { words: vec![start], wholes, matching }]
    }
}
