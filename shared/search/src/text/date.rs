//! Dates, in numbers and with the names of months.

use super::calendar::{Reader, month_name};
use super::exact::{DATE, Exact, Side};
use super::normalize::Char;
use super::number::number_word;
use super::scan::{Class, class};
use super::unit::{Matching, Unit, Word};
use super::word;

/// Words between the parts of a date.
const LINKS: [&str; 8] = ["of", "the", "de", "del", "do", "di", "den", "van"];

/// A date, or a month of a year, or a day of every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Date {
    year: Option<u32>,
    month: u32,
    day: Option<u32>,
}

/// The date that begins here, and where it ends. A date of ISO 8601 with a time ends before the time.
pub(super) fn date(text: &[Char], from: usize, side: Side) -> Option<(Vec<Unit>, usize)> {
    let reader = Reader { text, at: from };
    let (dates, end) = numeric(reader)
        .or_else(|| basic(reader))
        .or_else(|| ideographic(reader))
        .or_else(|| day_first(reader))
        .or_else(|| month_first(reader))
        .or_else(|| year_first(reader))?;
    let written = &text[from..end];
    let start = written.first()?.start;
    let words = words(written, &dates);
    let is_month = |date: &Date| date.day.is_none();
    if dates.iter().all(is_month) {
        let wholes = dates.iter().filter_map(Date::month_of_year).collect();
        let words = if side == Side::Query { words.into_iter().take(2).collect() } else { words };
        return Some((vec![Unit::Words { words, wholes, matching: Matching::Words }], end));
    }
    let mut exact = Exact { words, start, kind: Some(DATE), ..Exact::default() };
    for date in &dates {
        exact.terms.extend(date.terms());
        exact.alternatives.extend(date.alternatives());
    }
    // Digits may be a number.
    if written.iter().all(|char| char.c.is_ascii_digit() || char.c == '.')
        && written.iter().filter(|char| char.c == '.').count() <= 1
    {
        let digits: String = written.iter().map(|char| char.c).collect();
        exact.terms.push(digits.clone());
        exact.alternatives.push(digits);
    }
    exact.labels.extend(dates.first().map(Date::labels).into_iter().flatten());
    Some((exact.units(side), end))
}

impl Date {
    fn month_of_year(&self) -> Option<String> {
        self.year.map(|year| format!("{year:04}-{:02}", self.month))
    }

    /// The day of every year.
    fn day_of_year(&self) -> String {
        format!("--{:02}-{:02}", self.month, self.day.unwrap_or_default())
    }

    fn iso(&self) -> Option<String> {
        self.month_of_year().map(|month| format!("{month}-{:02}", self.day.unwrap_or_default()))
    }

    /// The terms of a document. Where the year is not given it is that of any query.
    fn terms(&self) -> Vec<String> {
        let without = self.day_of_year();
        match (self.iso(), self.month_of_year()) {
            (Some(date), Some(month)) => vec![date, without, month],
            _ => vec![without.clone() + "-*", without],
        }
    }

    fn alternatives(&self) -> Vec<String> {
        let without = self.day_of_year();
        self.iso().map_or_else(|| vec![without.clone()], |date| vec![date, without.clone() + "-*"])
    }

    /// Its names.
    fn labels(&self) -> Vec<String> {
        let (month, day) = (month_name(self.month), self.day.unwrap_or_default());
        match (self.iso(), self.year) {
            (Some(date), Some(year)) => {
                vec![date, format!("{month} {day}, {year}")]
            }
            _ => vec![format!("{month} {day}"), format!("{day} {month}")],
        }
    }

    fn new(year: Option<u32>, month: u32, day: Option<u32>) -> Option<Self> {
        let is_date = (1..=12).contains(&month) && day.is_none_or(|day| (1..=31).contains(&day));
        is_date.then_some(Self { year, month, day })
    }
}

/// The words of a date: those that are written, and its day and month in the other form.
fn words(written: &[Char], dates: &[Date]) -> Vec<Word> {
    let mut words = Vec::new();
    for run in written.split(|char| class(char.c) != Class::Word).filter(|run| !run.is_empty()) {
        word::push(run, false, &mut words, &mut Vec::new());
    }
    let start = written.first().map_or(0, |first| first.start);
    if let [Date { month, day, .. }] = dates {
        let others =
            [Some(month_name(*month).to_owned()), day.map(|day| day.to_string()), Some(month.to_string())];
        let is_numeric = written.iter().all(|char| !char.c.is_alphabetic());
        for other in others.into_iter().flatten().take(if is_numeric { 3 } else { 2 }) {
            if words.iter().all(|word| !word.text.eq_ignore_ascii_case(&other)) {
                words.push(number_word(other, start));
            }
        }
    }
    words
}

/// `2027-03-03`, `03.03.2027`, `3/3/27`, `2027-03`, `03/2027`. Slashes and hyphens may be in the American order.
fn numeric(mut reader: Reader<'_>) -> Option<(Vec<Date>, usize)> {
    let (first, digits) = reader.number(4).filter(|(_, digits)| *digits != 3)?;
    let separator = reader.one_of(&['-', '.', '/'])?;
    let (second, second_digits) = reader.number(4).filter(|(_, digits)| *digits != 3)?;
    let is_year_first = digits == 4;
    let mut rest = reader;
    let third = rest.one_of(&[separator]).and_then(|_| rest.number(4)).filter(|(_, digits)| *digits != 3);
    let Some((third, third_digits)) = third else {
        let (year, month) = if is_year_first { (first, second) } else { (second, first) };
        let is_month =
            separator != '.' && digits + second_digits == 6 && super::calendar::YEARS.contains(&year);
        // `12.05.`
        let has_point = separator == '.' && reader.c() == Some('.') && digits + second_digits == 4;
        if has_point && reader.ends() && !is_year_first {
            return Some((vec![Date::new(None, second, Some(first))?], reader.at));
        }
        let month = Date::new(Some(year), month, None).filter(|_| is_month && reader.ends())?;
        return Some((vec![month], reader.at));
    };
    let is_time_next = rest.c().is_some_and(|c| c.eq_ignore_ascii_case(&'t'))
        && rest.text.get(rest.at + 1).is_some_and(|char| char.c.is_ascii_digit());
    if !(rest.ends() || is_time_next && is_year_first) || second_digits == 4 {
        return None;
    }
    let dates: Vec<Date> = if is_year_first {
        Date::new(Some(first), second, Some(third)).filter(|_| third_digits <= 2).into_iter().collect()
    } else {
        let is_short =
            third_digits == 2 && (separator == '/' || separator == '.' && digits + second_digits == 4);
        let year = match third_digits {
            4 => third,
            2 if is_short => third + if third < 70 { 2000 } else { 1900 },
            _ => return None,
        };
        let american = Date::new(Some(year), first, Some(second));
        let european = Date::new(Some(year), second, Some(first));
        match (european, american) {
            (Some(date), Some(other)) if date != other && separator != '.' => vec![date, other],
            (date, other) => date.or(other).into_iter().collect(),
        }
    };
    let end = rest.at + usize::from(!rest.ends());
    (!dates.is_empty()).then_some((dates, end))
}

/// `20270303`
fn basic(mut reader: Reader<'_>) -> Option<(Vec<Date>, usize)> {
    let (number, _) = reader.number(8).filter(|(_, digits)| *digits == 8)?;
    let date = Date::new(Some(number / 10_000), number / 100 % 100, Some(number % 100))?;
    let is_date = reader.ends() && super::calendar::YEARS.contains(&(number / 10_000));
    is_date.then_some((vec![date], reader.at))
}

/// `2027年3月3日`, `3월 3일`
fn ideographic(mut reader: Reader<'_>) -> Option<(Vec<Date>, usize)> {
    let (mut first, _) = reader.number(4)?;
    let mut year = None;
    if reader.one_of(&['年', '년']).is_some() {
        reader.space();
        year = Some(first);
        first = reader.number(2)?.0;
    }
    reader.one_of(&['月', '월'])?;
    reader.space();
    let (day, _) = reader.number(2)?;
    reader.one_of(&['日', '号', '일'])?;
    Some((vec![Date::new(year, first, Some(day))?], reader.at))
}

/// `3 March 2027`, `3rd of March`, `3. März`, `15-17 March`, `3-Mar-2027`
fn day_first(mut reader: Reader<'_>) -> Option<(Vec<Date>, usize)> {
    let days = days(&mut reader)?;
    reader.one_of(&['.']);
    let is_apart = reader.space() || reader.one_of(&['-', '/', '.']).is_some();
    links(&mut reader);
    let name = reader.at;
    let month = reader.month().filter(|_| is_apart)?;
    let year = year_after(&mut reader);
    // `3 may be`
    let is_verb = reader.text[name].c == 'm' && month == 5 && reader.c().is_some_and(char::is_whitespace);
    let is_end = year.is_some() || reader.ends();
    is_end.then_some(())?;
    dates(year, month, days).filter(|_| year.is_some() || !is_verb).map(|dates| (dates, reader.at))
}

/// `March 3, 2027`, `March 3rd`, `March 15-17`, `March 2027`
fn month_first(mut reader: Reader<'_>) -> Option<(Vec<Date>, usize)> {
    let month = reader.month()?;
    let mut of_year = reader;
    if let Some(year) = year_after(&mut of_year) {
        return Some((vec![Date::new(Some(year), month, None)?], of_year.at));
    }
    if !(reader.space() || reader.one_of(&['-']).is_some()) {
        return None;
    }
    links(&mut reader);
    let days = days(&mut reader)?;
    if !reader.ends() || super::time::half_of_day(&mut { reader }).is_some() {
        return None;
    }
    let year = year_after(&mut reader);
    dates(year, month, days).map(|dates| (dates, reader.at))
}

/// `2027 March 3`
fn year_first(mut reader: Reader<'_>) -> Option<(Vec<Date>, usize)> {
    let year = reader.year()?;
    reader.one_of(&[',']);
    reader.space().then_some(())?;
    let month = reader.month()?;
    reader.space().then_some(())?;
    let day = reader.day().filter(|_| reader.ends())?;
    Some((vec![Date::new(Some(year), month, Some(day))?], reader.at))
}

/// A day, or the first and last of several.
fn days(reader: &mut Reader<'_>) -> Option<Vec<u32>> {
    let mut days = vec![reader.day()?];
    let mut rest = *reader;
    if rest.one_of(&['-']).is_some()
        && let Some(last) = rest.day()
    {
        days.push(last);
        *reader = rest;
    }
    Some(days)
}

/// Skips words as in `3 de marzo` and `3rd of March`.
fn links(reader: &mut Reader<'_>) {
    for _ in 0..2 {
        let mut rest = *reader;
        if LINKS.iter().any(|link| rest.word(link)) && rest.space() {
            *reader = rest;
        }
    }
}

fn year_after(reader: &mut Reader<'_>) -> Option<u32> {
    let mut rest = *reader;
    rest.one_of(&[',', '.']);
    let is_apart = rest.space() || rest.one_of(&['-', '/']).is_some();
    links(&mut rest);
    let year = rest.year().filter(|_| is_apart)?;
    *reader = rest;
    Some(year)
}

fn dates(year: Option<u32>, month: u32, days: Vec<u32>) -> Option<Vec<Date>> {
    days.into_iter().map(|day| Date::new(year, month, Some(day))).collect()
}
