//! Names of months and the parts of a date, as they are written in a text.

use super::fold::fold;
use super::normalize::Char;
use super::scan::{Class, class};

/// The names of each month, folded, in English, German, French, Spanish, Italian, Portuguese, Dutch and the Nordic languages.
/// Abbreviations that are other words are left out.
const MONTHS: [&[&str]; 12] = [
    &[
        "january", "jan", "januar", "janvier", "janv", "enero", "ene", "gennaio", "janeiro", "januari",
        "janner",
    ],
    &["february", "feb", "februar", "fevrier", "fevr", "febrero", "febbraio", "fevereiro", "fev", "februari"],
    &["march", "mar", "marz", "mrz", "maerz", "mars", "marzo", "marco", "maart", "mrt"],
    &["april", "apr", "avril", "avr", "abril", "abr", "aprile"],
    &["may", "mai", "mayo", "maggio", "maio", "mei", "maj"],
    &["june", "jun", "juni", "juin", "junio", "giugno", "giu", "junho"],
    &["july", "jul", "juli", "juillet", "juil", "julio", "luglio", "lug", "julho"],
    &["august", "aug", "aout", "agosto", "augustus", "augusti"],
    &["september", "sept", "sep", "septembre", "septiembre", "setiembre", "settembre", "setembro"],
    &["october", "oct", "oktober", "okt", "octobre", "octubre", "ottobre", "ott", "outubro"],
    &["november", "nov", "novembre", "noviembre", "novembro"],
    &[
        "december",
        "dec",
        "dezember",
        "dez",
        "decembre",
        "diciembre",
        "dic",
        "dicembre",
        "dezembro",
        "desember",
    ],
];
/// Letters of the longest name.
const MAX_NAME: usize = 12;
/// Years that are written without more context.
pub(super) const YEARS: std::ops::RangeInclusive<u32> = 1900..=2099;

/// The English name of a month.
pub(super) fn month_name(month: u32) -> &'static str {
    month.checked_sub(1).and_then(|index| MONTHS.get(index as usize)).map_or("", |names| names[0])
}

/// A position in a text from which a date is read. Each method returns what is there and moves behind it, or returns nothing and
/// stays.
#[derive(Clone, Copy)]
pub(super) struct Reader<'t> {
    pub(super) text: &'t [Char],
    pub(super) at: usize,
}

impl Reader<'_> {
    pub(super) fn c(&self) -> Option<char> {
        self.text.get(self.at).map(|char| char.c)
    }

    /// The number that `digits` or fewer digits are, and how many they are. No other digit follows.
    pub(super) fn number(&mut self, digits: usize) -> Option<(u32, usize)> {
        let rest = &self.text[self.at..];
        let count = rest.iter().take(digits + 1).take_while(|char| char.c.is_ascii_digit()).count();
        if count == 0 || count > digits {
            return None;
        }
        self.at += count;
        let value = rest[..count].iter().filter_map(|char| char.c.to_digit(10));
        Some((value.fold(0, |number, digit| number * 10 + digit), count))
    }

    /// One of these characters.
    pub(super) fn one_of(&mut self, expected: &[char]) -> Option<char> {
        let c = self.c().filter(|c| expected.contains(c))?;
        self.at += 1;
        Some(c)
    }

    /// One space.
    pub(super) fn space(&mut self) -> bool {
        let is_space = self.c().is_some_and(char::is_whitespace);
        self.at += usize::from(is_space);
        is_space
    }

    /// A word of these letters in any case, which no other letter or digit follows.
    pub(super) fn word(&mut self, expected: &str) -> bool {
        let end = self.at + expected.len();
        let own = self.text.get(self.at..end).unwrap_or_default();
        let is_same = !own.is_empty()
            && own.iter().map(|char| char.c.to_ascii_lowercase()).eq(expected.chars())
            && self.text.get(end).is_none_or(|next| class(next.c) != Class::Word);
        self.at = if is_same { end } else { self.at };
        is_same
    }

    /// The month that is named.
    pub(super) fn month(&mut self) -> Option<u32> {
        let rest = &self.text[self.at..];
        let length = rest.iter().take(MAX_NAME + 1).take_while(|char| class(char.c) == Class::Word).count();
        if !(3..=MAX_NAME).contains(&length) {
            return None;
        }
        let name = fold(&rest[..length].iter().map(|char| char.c).collect::<String>());
        let month = MONTHS.iter().position(|names| names.contains(&name.as_str()))?;
        self.at += length;
        // `Sept. 5`
        if length <= 4 && self.c() == Some('.') {
            self.at += 1;
        }
        u32::try_from(month + 1).ok()
    }

    /// The day of a month, as a number that may be an ordinal.
    pub(super) fn day(&mut self) -> Option<u32> {
        let mut reader = *self;
        let (day, _) = reader.number(2).filter(|(day, _)| (1..=31).contains(day))?;
        let is_word = reader.c().is_some_and(|c| class(c) == Class::Word);
        let mut is_ordinal =
            || ["st", "nd", "rd", "th", "er", "o", "a", "e"].into_iter().any(|ending| reader.word(ending));
        if is_word && !is_ordinal() {
            return None;
        }
        *self = reader;
        Some(day)
    }

    /// A year of four digits, which are no time or decimal number.
    pub(super) fn year(&mut self) -> Option<u32> {
        let mut reader = *self;
        let (year, _) = reader.number(4).filter(|(year, digits)| *digits == 4 && YEARS.contains(year))?;
        let is_end = reader.ends();
        *self = if is_end { reader } else { *self };
        is_end.then_some(year)
    }

    /// Whether a dash or slash follows, and then what begins a time or a date in numbers.
    fn begins_range(&self) -> bool {
        let mut rest = *self;
        if rest.one_of(&['-', '/']).is_none() {
            return false;
        }
        let Some((_, digits)) = rest.number(4) else { return false };
        let separator = rest.one_of(&[':', '-', '.', 'h']);
        let Some((_, next)) = rest.number(2) else { return false };
        match separator {
            Some(':' | 'h') => digits <= 2 && next == 2,
            Some('-') => digits == 4 && rest.one_of(&['-']).is_some() && rest.number(2).is_some(),
            Some('.') => digits <= 2 && rest.one_of(&['.']).is_some(),
            _ => false,
        }
    }

    /// Whether what is before this position ends here: no letter or digit follows, not even behind punctuation that connects.
    /// A range ends its first date or time.
    pub(super) fn ends(&self) -> bool {
        if self.begins_range() {
            return true;
        }
        let is_word = |at: usize| self.text.get(at).is_some_and(|char| class(char.c) == Class::Word);
        let is_digit = |at: usize| self.text.get(at).is_some_and(|char| char.c.is_ascii_digit());
        match self.c() {
            Some('.' | ',' | ':' | '/') => !is_digit(self.at + 1),
            Some('-' | '_' | '@') => !is_word(self.at + 1),
            Some(_) => !is_word(self.at),
            None => true,
        }
    }
}
