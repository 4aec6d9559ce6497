//! Times of day.

use super::calendar::Reader;
use super::exact::{Exact, Side, TIME};
use super::normalize::Char;
use super::number::number_word;
use super::scan::{Class, class};
use super::unit::Unit;
use super::word;

/// The time that begins here, and where it ends: `14:30`, `2:30 pm`, `9am`, `14h30`, `14.30 Uhr`.
pub(super) fn time(text: &[Char], from: usize, side: Side) -> Option<(Vec<Unit>, usize)> {
    let mut reader = Reader { text, at: from };
    let (hour, digits) = reader.number(2).filter(|(hour, _)| *hour < 24)?;
    let separator = reader.one_of(&[':', '.', 'h']);
    let mut minute = None;
    if separator.is_some() {
        minute = Some(reader.number(2).filter(|(minute, digits)| *digits == 2 && *minute < 60)?.0);
    }
    let mut second = None;
    let mut rest = reader;
    if separator == Some(':') && rest.one_of(&[':']).is_some() {
        second = Some(rest.number(2).filter(|(second, digits)| *digits == 2 && *second < 61)?.0);
        reader = rest;
        if rest.one_of(&['.', ',']).is_some() && rest.number(9).is_some() {
            reader = rest;
        }
    }
    let is_utc = minute.is_some() && (reader.word("z") || reader.word("utc"));
    let is_afternoon = if (1..=12).contains(&hour) { half_of_day(&mut reader) } else { None };
    let is_marked = is_afternoon.is_some() || is_hour(&mut reader);
    let is_time = match separator {
        None | Some('.') => is_marked,
        _ => is_marked || is_utc || reader.ends(),
    };
    if !is_time {
        return None;
    }
    let minute = minute.unwrap_or_default();
    let of_day = match is_afternoon {
        Some(is_afternoon) => hour % 12 + if is_afternoon { 12 } else { 0 },
        None => hour,
    };
    // Whether it may be in either half of the day.
    let is_either =
        is_afternoon.is_none() && digits == 1 && hour > 0 && second.is_none() && separator == Some(':');
    let clock = |hour: u32| format!("{hour:02}:{minute:02}");
    let either = |hour: u32| format!("{hour}:{minute:02}-*");
    let whole = second.map(|second| format!("{}:{second:02}", clock(of_day)));
    let mut exact = Exact { start: text[from].start, kind: Some(TIME), ..Exact::default() };
    exact.labels.push(whole.clone().unwrap_or_else(|| clock(of_day)));
    exact.alternatives.push(whole.clone().unwrap_or_else(|| clock(of_day)));
    exact.terms.push(clock(of_day));
    exact.terms.extend(whole.clone());
    if is_either {
        exact.terms.push(either(hour));
        exact.alternatives.push(clock((hour + 12) % 24));
    }
    if whole.is_none() && of_day > 12 {
        exact.alternatives.push(either(of_day - 12));
    }
    for run in text[from..reader.at].split(|char| class(char.c) != Class::Word).filter(|run| !run.is_empty())
    {
        word::push(run, false, &mut exact.words, &mut Vec::new());
    }
    if matches!(separator, None | Some('h')) {
        exact.words.push(number_word(hour.to_string(), exact.start));
    }
    Some((exact.units(side), reader.at))
}

/// `am` or `pm` behind a space or none: whether it is the afternoon.
pub(super) fn half_of_day(reader: &mut Reader<'_>) -> Option<bool> {
    let mut rest = *reader;
    rest.space();
    let half = rest.one_of(&['a', 'p', 'A', 'P'])?;
    let has_point = rest.one_of(&['.']).is_some();
    rest.one_of(&['m', 'M'])?;
    if rest.c().is_some_and(|c| class(c) == Class::Word) {
        return None;
    }
    if has_point {
        rest.one_of(&['.']);
    }
    *reader = rest;
    Some(half.eq_ignore_ascii_case(&'p'))
}

/// `Uhr`
fn is_hour(reader: &mut Reader<'_>) -> bool {
    let mut rest = *reader;
    let is_hour = rest.space() && rest.word("uhr");
    *reader = if is_hour { rest } else { *reader };
    is_hour
}
