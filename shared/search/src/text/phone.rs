//! Telephone numbers, and other numbers in groups: cards and book numbers.

use super::exact::{Exact, Side};
use super::normalize::Char;
use super::number::{number_word, word};
use super::scan::{Class, class};
use super::unit::{Unit, Word};

/// The digits of a telephone number, with an area.
pub(super) const DIGITS: std::ops::RangeInclusive<usize> = 7..=19;
/// Digits that may be a telephone number without any separator.
const UNSEPARATED: std::ops::RangeInclusive<usize> = 10..=15;
const MAX_GROUPS: usize = 8;
/// Digits at the end of a telephone number that tell it from others of its country, and of its area.
const NATIONAL_DIGITS: [usize; 2] = [10, 9];
const LOCAL_DIGITS: [usize; 2] = [8, 7];
/// Digits at the end by which a card is known.
const CARD_DIGITS: usize = 4;

/// A telephone number whose groups are separated by spaces, parentheses and the like, and where it ends.
pub(super) fn phone(text: &[Char], from: usize, side: Side) -> Option<(Vec<Unit>, usize)> {
    let begins = text.get(from)?.c;
    if !begins.is_ascii_digit() && !matches!(begins, '+' | '(') {
        return None;
    }
    let mut groups: Vec<&[Char]> = Vec::new();
    let (mut position, mut end, mut has_space) = (from, from, false);
    while groups.len() <= MAX_GROUPS {
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
        }
        groups.push(&text[position + gap..position + gap + digits]);
        position += gap + digits;
        end = position;
    }
    let count: usize = groups.iter().map(|group| group.len()).sum();
    let ends = text.get(end).is_none_or(|next| class(next.c) != Class::Word);
    let is_marked = matches!(begins, '+' | '(') || begins == '0';
    // An address of version 4 of the Internet protocol.
    let is_address = groups.len() == 4
        && groups.iter().all(|group| group.len() <= 3)
        && text[groups[0].len() + usize::from(begins == '(') + from..end]
            .iter()
            .all(|char| char.c.is_ascii_digit() || char.c == '.');
    let is_phone = DIGITS.contains(&count)
        && !is_address
        && ends
        && groups.len() <= MAX_GROUPS
        && (has_space || begins == '+' || begins == '(')
        && (is_marked && (groups.len() >= 2 || begins == '+')
            || groups.len() >= 3 && groups.iter().all(|group| group.len() >= 2));
    if !is_phone {
        return None;
    }
    Some((units(groups.iter().map(|group| word(group)).collect(), Vec::new(), side), end))
}

/// A number of several groups that is the same without separators, and without a country code or a leading zero. A
/// document is also found by its local part, and as it is written with separators.
pub(super) fn units(words: Vec<Word>, written: Vec<String>, side: Side) -> Vec<Unit> {
    let digits: String = words.iter().map(|word| word.text.as_str()).collect();
    let last = |count: &usize| {
        digits.len().checked_sub(*count).filter(|from| *from > 0).map(|from| digits[from..].to_owned())
    };
    let groups: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let mut exact = Exact { start: words.first().map_or(0, |word| word.start), ..Exact::default() };
    exact.labels = vec![digits.clone(), groups.join(" ")];
    exact.terms.push(digits.clone());
    let is_card = digits.len() >= 15 && groups.iter().all(|group| group.len() >= 4);
    if is_card {
        exact.terms.extend(last(&CARD_DIGITS));
    } else {
        exact.terms.extend(NATIONAL_DIGITS.iter().chain(&LOCAL_DIGITS).filter_map(last));
        exact.alternatives.extend(NATIONAL_DIGITS.iter().filter_map(last));
    }
    exact.terms.extend(written.iter().cloned());
    exact.alternatives.extend(written);
    exact.alternatives.push(digits);
    exact.words = words;
    exact.units(side)
}

/// What a query of digits without separators may be as a telephone number of a document.
pub(super) fn unseparated(digits: &str) -> Vec<String> {
    if !UNSEPARATED.contains(&digits.len()) {
        return Vec::new();
    }
    let last =
        |count: &usize| digits.len().checked_sub(*count).filter(|from| *from > 0).map(|from| &digits[from..]);
    NATIONAL_DIGITS.iter().filter_map(last).map(|last| number_word(last.to_owned(), 0).text).collect()
}
