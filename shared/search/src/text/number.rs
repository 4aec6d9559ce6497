//! Numbers, dates, times, versions and telephone numbers.

use super::normalize::Char;
use super::scan::{Class, class};
use super::unit::{Matching, Unit, Word};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// More groups than this are numbers of their own, such as those of a table.
const MAX_PARTS: usize = 10;
/// The digits of a telephone number, with an area.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=19;
const MAX_PHONE_GROUPS: usize = 8;
/// Digits at the end of a telephone number that tell it from others of its country, and of its area.
const NATIONAL_DIGITS: usize = 9;
const LOCAL_DIGITS: usize = 7;

/// The unit of groups of digits with separators between them, and the text after them.
pub(super) fn unit(groups: &[&[Char]], separators: &[char], after: &[Char]) -> Unit {
    let words: Vec<Word> = groups.iter().map(|group| word(group)).collect();
    if words.len() > MAX_PARTS {
        return Unit::Words { words, wholes: Vec::new(), matching: Matching::Words };
    }
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let joined = texts.concat();
    let first = separators.first().copied().unwrap_or_default();
    let is_uniform = separators.iter().all(|separator| *separator == first);
    let mut wholes = Vec::new();
    let mut matching = Matching::Whole;
    let mut months = Vec::new();
    match texts.as_slice() {
        [a, b, c] if is_uniform && matches!(first, '-' | '.' | '/') && !dates(a, b, c).is_empty() => {
            let dates = dates(a, b, c);
            if let [(_, month, _)] = dates.as_slice() {
                months.push(MONTHS[month - 1].to_owned());
            }
            wholes
                .extend(dates.into_iter().map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}")));
        }
        [hour, rest @ ..] if is_uniform && first == ':' => {
            let hour = hour.parse::<u32>().ok().filter(|hour| *hour < 24).map(|hour| clock(hour, after));
            let hour = hour.map_or_else(|| texts[0].to_owned(), |hour| format!("{hour:02}"));
            wholes.push([&[hour.as_str()], rest].concat().join(":"));
        }
        [whole, decimals] if matches!(first, '.' | ',') => {
            // `1.200` may be either.
            let is_thousands = decimals.len() == 3 && (1..=3).contains(&whole.len()) && *whole != "0";
            if is_thousands {
                wholes.push(joined.clone());
            }
            if !is_thousands || first == '.' {
                wholes.push(format!("{whole}.{decimals}"));
            }
        }
        [whole, thousands @ ..] if is_grouped(whole, thousands, separators) => {
            let decimals = if is_uniform { None } else { thousands.last() };
            let digits =
                decimals.map_or(joined.as_str(), |decimals| &joined[..joined.len() - decimals.len()]);
            wholes.push(digits.to_owned());
            wholes.extend(decimals.map(|decimals| format!("{digits}.{decimals}")));
        }
        _ if is_uniform && first == '.' => {
            wholes.push(texts.join("."));
            if PHONE_DIGITS.contains(&joined.len()) && texts.len() == 3 {
                wholes.push(joined.clone());
            }
        }
        _ => {
            matching = Matching::Words;
            let mut whole = String::new();
            for (index, text) in texts.iter().enumerate() {
                whole.push_str(text);
                whole.extend(separators.get(index));
            }
            wholes.push(whole);
            if PHONE_DIGITS.contains(&joined.len()) {
                return phone_unit(words, Some(wholes));
            }
        }
    }
    let mut words = words;
    // A day or month is also written without its zero.
    let plain: Vec<Word> = words
        .iter()
        .filter(|word| !months.is_empty() && word.text.starts_with('0') && word.text.len() == 2)
        .map(|word| number_word(word.text[1..].to_owned(), word.start))
        .collect();
    words.extend(plain);
    let start = words.first().map_or(0, |word| word.start);
    words.extend(months.into_iter().map(|month| number_word(month, start)));
    Unit::Words { words, wholes, matching }
}

/// A telephone number whose groups are separated by spaces, parentheses and the like, and where it ends.
pub(super) fn phone(text: &[Char], from: usize) -> Option<(Unit, usize)> {
    let begins = text.get(from)?.c;
    if !begins.is_ascii_digit() && !matches!(begins, '+' | '(') {
        return None;
    }
    let (mut groups, mut separators): (Vec<&[Char]>, Vec<char>) = Default::default();
    let (mut position, mut end, mut has_space) = (from, from, false);
    while groups.len() <= MAX_PHONE_GROUPS {
        let gap = text[position..]
            .iter()
            .take_while(|char| matches!(char.c, ' ' | '-' | '.' | '/' | '(' | ')' | '+'))
            .count();
        let limit = if groups.is_empty() { 2 } else { 3 };
        let digits =
            text[position + gap..].iter().take(20).take_while(|char| char.c.is_ascii_digit()).count();
        if gap > limit || digits == 0 || (gap == 0 && !groups.is_empty()) {
            break;
        }
        if !groups.is_empty() {
            has_space |= text[position..position + gap].iter().any(|char| matches!(char.c, ' ' | '(' | ')'));
            separators.push(text[position].c);
        }
        groups.push(&text[position + gap..position + gap + digits]);
        position += gap + digits;
        end = position;
    }
    let count: usize = groups.iter().map(|group| group.len()).sum();
    let ends = text.get(end).is_none_or(|next| class(next.c) != Class::Word);
    let is_marked = matches!(begins, '+' | '(') || begins == '0';
    let is_phone = PHONE_DIGITS.contains(&count)
        && ends
        && groups.len() <= MAX_PHONE_GROUPS
        && (has_space || begins == '+' || begins == '(')
        && (is_marked && groups.len() >= 2
            || groups.len() >= 3 && groups.iter().all(|group| group.len() >= 2));
    if !is_phone {
        return None;
    }
    Some((phone_unit(groups.iter().map(|group| word(group)).collect(), None), end))
}

/// A number of several groups that is the same without separators, and without a country code or a leading zero. A
/// document is also found by its local part.
fn phone_unit(mut words: Vec<Word>, wholes: Option<Vec<String>>) -> Unit {
    let digits: String = words.iter().map(|word| word.text.as_str()).collect();
    let last = |count: usize| {
        digits.len().checked_sub(count).filter(|from| *from > 0).map(|from| digits[from..].to_owned())
    };
    let start = words.first().map_or(0, |word| word.start);
    words.extend(last(LOCAL_DIGITS).map(|local| number_word(local, start)));
    let mut wholes = wholes.unwrap_or_default();
    wholes.extend([Some(digits.clone()), last(NATIONAL_DIGITS)].into_iter().flatten());
    Unit::Words { words, wholes, matching: Matching::Whole }
}

/// The dates that three numbers may be: year first, or day and month in either order.
fn dates(a: &str, b: &str, c: &str) -> Vec<(u32, usize, u32)> {
    let number = |text: &str| if text.len() <= 4 { text.parse::<u32>().ok() } else { None };
    let (Some(x), Some(y), Some(z)) = (number(a), number(b), number(c)) else { return Vec::new() };
    let date = |year: u32, month: u32, day: u32| {
        let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
        is_date.then_some((year, month as usize, day))
    };
    let is_short = |text: &str| (1..=2).contains(&text.len());
    let mut dates = Vec::new();
    if a.len() == 4 && is_short(b) && is_short(c) {
        dates.extend(date(x, y, z));
    } else if is_short(a) && is_short(b) && c.len() == 4 {
        dates.extend(date(z, y, x));
        dates.extend(date(z, x, y).filter(|_| x != y));
    }
    dates
}

/// The hour of the day, with the `am` or `pm` that follows.
fn clock(hour: u32, after: &[Char]) -> u32 {
    let mut letters = after.iter().map(|char| char.c.to_ascii_lowercase()).skip_while(|c| *c == ' ').take(2);
    let half = (letters.next(), letters.next());
    match half {
        (Some('p'), Some('m')) if hour < 12 => hour + 12,
        (Some('a'), Some('m')) if hour == 12 => 0,
        _ => hour,
    }
}

/// Whether groups of three digits follow, and decimals after another separator.
fn is_grouped(whole: &str, rest: &[&str], separators: &[char]) -> bool {
    let Some((last, thousands)) = rest.split_last() else { return false };
    let is_separated = separators.iter().all(|separator| matches!(separator, '.' | ','));
    let (last_separator, others) = separators.split_last().unwrap_or((&'\0', &[]));
    let same = others.windows(2).all(|pair| pair[0] == pair[1]);
    let has_decimals = others.first().is_some_and(|other| other != last_separator);
    // Dots alone separate the numbers of a version or an address.
    let is_number = separators.contains(&',');
    is_separated
        && same
        && is_number
        && (1..=3).contains(&whole.len())
        && thousands.iter().all(|group| group.len() == 3)
        && (has_decimals || last.len() == 3)
}

fn word(group: &[Char]) -> Word {
    number_word(group.iter().map(|char| char.c).collect(), group.first().map_or(0, |first| first.start))
}

pub(super) fn number_word(text: String, start: usize) -> Word {
    Word { text, start, stop: None, is_name: false, is_empty: false }
}
