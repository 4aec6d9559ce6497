//! What stands beside a number or an identifier of a query tells how much it counts: a name, or a unit of measure.

use super::exact::{Exact, Side};
use super::fold::fold;
use super::measure;
use super::normalize::Char;
use super::scan::{Class, Scanner};
use super::unit::{Matching, Unit};

/// Groups of digits of a number that belongs to a name, as of a version.
const MAX_NUMBER: usize = 4;
/// Letters of a unit of measure.
const MAX_UNIT: usize = 12;
/// A query of more units of text has no other names of units of measure: each name has a stem in every language.
const MAX_UNITS: usize = 64;
impl Scanner<'_> {
    /// A number and the word before it, as one term: the `Boeing 747` is not the `737`. Both are also found by that term, as
    /// the number is part of a name.
    pub(super) fn pair(
        &mut self,
        range: std::ops::Range<usize>,
        parts: &[&[Char]],
        units: &mut [Unit],
    ) -> Option<Unit> {
        let from = range.start;
        let is_number = parts.iter().all(|part| part.iter().all(|char| char.c.is_ascii_digit()));
        let is_apart = from >= 2 && self.c(from - 1) == Some(' ') && self.classes[from - 2] == Class::Word;
        if !is_number || !is_apart || parts.len() > MAX_NUMBER || self.is_quantity(range) {
            return None;
        }
        let Some(Unit::Words { words, wholes, matching }) = self.units.last_mut() else { return None };
        let last = words.last().filter(|word| word.stop.is_none() && !word.is_empty)?;
        let name = match (matching, wholes.first()) {
            (Matching::Whole, Some(whole)) => whole,
            _ => &last.text,
        };
        let number: Vec<String> = parts.iter().map(|part| part.iter().map(|char| char.c).collect()).collect();
        let is_year =
            |number: &String| number.len() == 4 && (number.starts_with("19") || number.starts_with("20"));
        let is_acronym = name.chars().all(char::is_uppercase);
        if !name.chars().all(char::is_alphabetic) || (number.len() == 1 && is_year(&number[0]) && !is_acronym)
        {
            return None;
        }
        let pair = fold(name) + &number.join(".");
        if self.side == Side::Document {
            return Some(Unit::Words { words: Vec::new(), wholes: vec![pair], matching: Matching::Whole });
        }
        wholes.push(pair.clone());
        for unit in units {
            let Unit::Words { words, wholes, matching } = unit else { continue };
            if *matching == Matching::Words {
                wholes.splice(0..0, words.iter().map(|word| word.text.clone()));
            }
            wholes.push(pair.clone());
            *matching = Matching::Exact;
        }
        None
    }

    /// Whether a number of a query tells how many: a small word before it, and a plural behind it.
    fn is_quantity(&self, range: std::ops::Range<usize>) -> bool {
        let is_lower = |at: usize| self.c(at).is_some_and(char::is_lowercase);
        let before = self.text[..range.start - 1].iter().rev().take(MAX_UNIT * 2);
        let is_small = before.take_while(|char| !char.c.is_whitespace()).all(|char| char.c.is_lowercase());
        let next = range.end + 1;
        let length = (0..MAX_UNIT * 2).take_while(|letter| is_lower(next + letter)).count();
        self.side == Side::Query
            && is_small
            && self.c(range.end) == Some(' ')
            && length > 2
            && self.c(next + length - 1) == Some('s')
            && self.classes.get(next + length) != Some(&Class::Word)
    }

    /// A registration of a vehicle in two groups, as `AB12 CDE`, as one term.
    pub(super) fn registration(&self, from: usize, end: usize) -> Option<Unit> {
        let is_capital = |char: &Char| char.c.is_ascii_uppercase();
        let before = self.text.get(from.checked_sub(2)?).filter(|char| char.c.is_ascii_digit());
        let is_apart = before.is_some() && self.c(from - 1) == Some(' ');
        let written = &self.text[from..end];
        if !is_apart || !(2..=3).contains(&written.len()) || !written.iter().all(is_capital) {
            return None;
        }
        let Some(Unit::Words { wholes, words, .. }) = self.units.last() else { return None };
        let first = wholes
            .last()
            .filter(|first| first.len() <= 4 && first.starts_with(|c: char| c.is_ascii_alphabetic()))?;
        let last: String = written.iter().map(|char| char.c.to_ascii_lowercase()).collect();
        let start = words.first().map_or(0, |word| word.start);
        let pair = format!("{first}{last}");
        let exact = Exact { labels: vec![format!("{first} {last}")], start, ..Exact::default() };
        Exact { terms: vec![pair.clone()], alternatives: vec![pair], ..exact }.units(self.side).pop()
    }

    /// Whether units of measure are searched by all their names: in a query that is no table.
    pub(super) fn has_units_of_measure(&self) -> bool {
        self.side == Side::Query && self.units.len() < MAX_UNITS
    }

    /// A unit of measure of a query, in all its names.
    pub(super) fn unit_of_measure(&mut self, from: usize, end: usize, names: Vec<&str>) {
        // The sign is no word of a document.
        if names.contains(&"percent") {
            return;
        }
        let label = self.text[from..end].iter().map(|char| char.c).collect();
        let alternatives = names.into_iter().map(str::to_owned).collect();
        let exact =
            Exact { alternatives, labels: vec![label], start: self.text[from].start, ..Exact::default() };
        self.units.extend(exact.units(self.side));
    }

    /// Makes a number of a query with a unit of measure beside it exact.
    pub(super) fn measured(&self, from: usize, end: usize, units: &mut [Unit]) -> Option<Unit> {
        let [Unit::Words { words, wholes, matching }] = units else { return None };
        let is_number =
            self.text[from..end].iter().all(|char| char.c.is_ascii_digit() || matches!(char.c, '.' | ','));
        if self.side == Side::Document || !is_number {
            return None;
        }
        let next = end + usize::from(self.c(end) == Some(' '));
        let length =
            self.classes[next..].iter().take(MAX_UNIT).take_while(|class| **class == Class::Word).count();
        let behind: String = match self.classes.get(next) {
            Some(Class::Currency) => self.c(next).into_iter().collect(),
            _ => self.text[next..next + length].iter().map(|char| char.c).collect(),
        };
        let space = usize::from(from > 0 && self.c(from - 1) == Some(' '));
        let before = from.checked_sub(1 + space).and_then(|at| self.c(at)).map(String::from);
        let is_currency = |name: &String| measure::currency(name).is_some();
        Some(behind).filter(|name| measure::names(name).is_some()).or(before.filter(is_currency))?;
        if *matching == Matching::Words {
            wholes.splice(0..0, words.iter().map(|word| word.text.clone()));
        }
        *matching = Matching::Exact;
        None
    }

    pub(super) fn is_behind_number(&self, from: usize) -> bool {
        let is_digit = |at: Option<usize>| at.and_then(|at| self.c(at)).is_some_and(|c| c.is_ascii_digit());
        let space = usize::from(from > 0 && self.c(from - 1) == Some(' '));
        is_digit(from.checked_sub(1 + space))
    }

    pub(super) fn is_near_number(&self, from: usize, end: usize) -> bool {
        let space = usize::from(self.c(end) == Some(' '));
        self.is_behind_number(from) || self.c(end + space).is_some_and(|c| c.is_ascii_digit())
    }
}
