//! Divides a normalized text into units.

use unicode_general_category::{GeneralCategory as Category, get_general_category};

use super::exact::Side;
use super::normalize::{Char, ZERO_WIDTH_JOINER, is_mark, is_symbol};
use super::unit::{Gram, Matching, Unit, Word};
use super::{grams, measure, phone, word};

/// How a character takes part in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter, digit or mark of a script with spaces between words.
    Word,
    Hangul,
    Han,
    Hiragana,
    Katakana,
    /// Thai, Lao, Myanmar and Khmer: letters with marks, without spaces.
    Cluster,
    Symbol,
    Currency,
    Other,
}

pub(super) fn class(c: char) -> Class {
    if c.is_ascii() {
        return match c {
            _ if c.is_ascii_alphanumeric() => Class::Word,
            '$' => Class::Currency,
            _ => Class::Other,
        };
    }
    match u32::from(c) {
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0xA9E0..=0xA9FF | 0xAA60..=0xAA7F
            if is_word(c) =>
        {
            Class::Cluster
        }
        0xAC00..=0xD7A3 | 0x1100..=0x11FF => Class::Hangul,
        0x3005..=0x3007 | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF => {
            Class::Han
        }
        0x3041..=0x309F => Class::Hiragana,
        0x30A1..=0x30FA | 0x30FC..=0x30FF | 0x31F0..=0x31FF => Class::Katakana,
        _ if is_word(c) => Class::Word,
        _ => match get_general_category(c) {
            Category::OtherSymbol => Class::Symbol,
            Category::CurrencySymbol => Class::Currency,
            _ => Class::Other,
        },
    }
}

fn is_word(c: char) -> bool {
    use Category::*;
    matches!(
        get_general_category(c),
        UppercaseLetter
            | LowercaseLetter
            | TitlecaseLetter
            | ModifierLetter
            | OtherLetter
            | DecimalNumber
            | LetterNumber
            | OtherNumber
            | NonspacingMark
            | SpacingMark
            | EnclosingMark
    )
}

/// The units of a query, in their order.
pub(super) fn units(text: &[Char]) -> Vec<Unit> {
    of_side(text, Side::Query)
}

/// The units of a document, in their order.
pub(super) fn document_units(text: &[Char]) -> Vec<Unit> {
    of_side(text, Side::Document)
}

fn of_side(text: &[Char], side: Side) -> Vec<Unit> {
    let classes: Vec<Class> = text.iter().map(|char| class(char.c)).collect();
    let mut scanner = Scanner { text, classes, side, position: 0, sentence_starts: true, units: Vec::new() };
    while scanner.position < text.len() {
        scanner.step();
    }
    // A text of one word, as a query often is: its capital may be that of a name.
    if let [Unit::Words { words, .. }] = scanner.units.as_mut_slice()
        && let [only] = words.as_mut_slice()
    {
        only.is_name = word::is_capitalized(&only.text) && !word::is_contraction(only);
    }
    scanner.units
}

/// The state of a scan from the first character to the last.
pub(super) struct Scanner<'t> {
    pub(super) text: &'t [Char],
    pub(super) classes: Vec<Class>,
    pub(super) side: Side,
    pub(super) position: usize,
    /// Whether the next word is the first of its sentence.
    pub(super) sentence_starts: bool,
    pub(super) units: Vec<Unit>,
}

impl Scanner<'_> {
    /// Scans one unit, or one character that belongs to none.
    fn step(&mut self) {
        let from = self.position;
        let Char { c, start } = self.text[from];
        match self.classes[from] {
            Class::Word => self.chunk(),
            Class::Hangul => self.grams(grams::hangul),
            Class::Han => self.grams(grams::han),
            Class::Katakana => self.grams(grams::katakana),
            Class::Hiragana => {
                let follows = from > 0 && matches!(self.classes[from - 1], Class::Han | Class::Katakana);
                self.grams(if follows { grams::inflection } else { grams::hiragana });
            }
            Class::Cluster => self.grams(grams::clusters),
            Class::Symbol => self.symbols(),
            Class::Currency => {
                let names = measure::currency(c.encode_utf8(&mut [0; 4]));
                match names.filter(|_| self.has_units_of_measure() && self.is_near_number(from, from + 1)) {
                    Some(names) => self.unit_of_measure(from, from + 1, names),
                    None => {
                        let query = vec![Gram { text: c.into(), start, is_function: true }];
                        self.units.push(Unit::Grams { document: vec![c.into()], query });
                    }
                }
                self.position += 1;
            }
            Class::Other => {
                let phone =
                    if matches!(c, '+' | '(') { phone::phone(self.text, from, self.side) } else { None };
                if let Some((units, end)) = phone {
                    self.extend(units, end);
                    return;
                }
                if c == '.' && self.is_dot_net(from) {
                    let mut name: Vec<Word> = Vec::new();
                    word::push(&self.text[from + 1..from + 4], false, &mut name, &mut Vec::new());
                    self.push(
                        Unit::Words { words: name, wholes: vec![".net".into()], matching: Matching::Whole },
                        from + 4,
                    );
                    return;
                }
                match c {
                    '.' | '!' | '?' | '\n' | ':' | ';' | '"' | '“' | '„' | '«' | '¿' | '¡' | '(' | '['
                    | '•' | '*' | '-' | '|' | '#' | '>' => self.sentence_starts = true,
                    _ => {}
                }
                self.position += 1;
            }
        }
    }

    pub(super) fn push(&mut self, unit: Unit, end: usize) {
        self.extend(vec![unit], end);
    }

    pub(super) fn extend(&mut self, units: Vec<Unit>, end: usize) {
        self.units.extend(units);
        self.position = end;
        self.sentence_starts = false;
    }

    /// The end of the run of one class that begins here. Marks belong to it.
    fn run_end(&self, from: usize) -> usize {
        let class = self.classes[from];
        let rest = self.text.iter().zip(&self.classes).skip(from);
        from + rest.take_while(|(char, other)| **other == class || is_mark(char.c)).count()
    }

    fn grams(&mut self, split: impl Fn(&[Char]) -> Unit) {
        let end = self.run_end(self.position);
        self.push(split(&self.text[self.position..end]), end);
    }

    fn is_dot_net(&self, from: usize) -> bool {
        let follows = |at: usize, expected: &str| {
            expected
                .chars()
                .enumerate()
                .all(|(index, c)| self.c(at + index).is_some_and(|own| own.to_ascii_lowercase() == c))
        };
        let starts = from == 0 || self.classes[from - 1] != Class::Word;
        starts && follows(from + 1, "net") && self.classes.get(from + 4) != Some(&Class::Word)
    }

    pub(super) fn c(&self, at: usize) -> Option<char> {
        self.text.get(at).map(|char| char.c)
    }

    /// Emoji: a flag, a sequence with joiners, or one symbol.
    fn symbols(&mut self) {
        let from = self.position;
        let is_flag_letter = |c: char| ('\u{1F1E6}'..='\u{1F1FF}').contains(&c);
        let is_tag = |c: char| ('\u{E0020}'..='\u{E007F}').contains(&c);
        let mut end = from + 1;
        if is_flag_letter(self.text[from].c) && self.c(end).is_some_and(is_flag_letter) {
            end += 1;
        }
        while let Some(c) = self.c(end) {
            let is_joined = c == ZERO_WIDTH_JOINER && self.c(end + 1).is_some_and(is_symbol);
            match () {
                () if is_joined => end += 2,
                () if is_tag(c) => end += 1,
                () => break,
            }
        }
        let sequence = &self.text[from..end];
        let whole: String = sequence.iter().map(|char| char.c).filter(|c| *c != ZERO_WIDTH_JOINER).collect();
        let parts = sequence.iter().filter(|char| is_symbol(char.c) && !matches!(char.c, '♀' | '♂'));
        let parts: Vec<String> = parts.map(|char| char.c.into()).collect();
        let is_sequence = end > from + 1;
        let has_parts = is_sequence && !is_flag_letter(sequence[0].c);
        let document =
            if has_parts { parts.into_iter().chain([whole.clone()]).collect() } else { vec![whole.clone()] };
        let query = vec![Gram { text: whole, start: sequence[0].start, is_function: false }];
        self.units.push(Unit::Grams { document, query });
        self.position = end;
    }
}
