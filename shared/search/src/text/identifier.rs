//! Identifiers: compounds and words with digits in them, such as order numbers, keys of tickets, hashes and addresses of devices.

use std::net::Ipv6Addr;

use super::exact::{Exact, Side};
use super::fold::fold;
use super::normalize::Char;
use super::scan::{Class, class};
use super::unit::{Matching, Unit, Word};
use super::word;

/// Digits of hashes in hexadecimal, and how many of the first are written for the whole.
const HASH: std::ops::RangeInclusive<usize> = 40..=128;
const SHORT_HASHES: [usize; 4] = [7, 8, 10, 12];
/// Letters of a name that is found without the number behind it.
const MIN_NAME: usize = 3;
/// The groups of device addresses and of UUIDs, by the number of their digits.
const GROUPED: [&[usize]; 3] = [&[2, 2, 2, 2, 2, 2], &[4, 4, 4], &[8, 4, 4, 4, 12]];
/// Characters of an international bank account number.
const IBAN: std::ops::RangeInclusive<usize> = 15..=34;
/// Characters at the end by which it is known.
const IBAN_END: usize = 4;
/// Characters of the longest address of version 6 of the Internet protocol.
const MAX_ADDRESS: usize = 40;

/// The units of a compound with digits, unless it is one of words, as `5-year-old`.
pub(super) fn compound(parts: &[&[Char]], connectors: &[char], side: Side) -> Option<Vec<Unit>> {
    let has_digit = |part: &&[Char]| part.iter().any(|char| char.c.is_ascii_digit());
    let is_digits = |part: &&[Char]| part.iter().all(|char| char.c.is_ascii_digit());
    let is_small = |part: &&[Char]| part.len() >= 2 && part.iter().all(|char| char.c.is_lowercase());
    let first = parts.iter().position(has_digit)?;
    let is_phrase =
        is_digits(&parts[0]) && parts.iter().all(|part| is_digits(part) && part.len() <= 4 || is_small(part));
    if is_phrase {
        return None;
    }
    let texts: Vec<String> = parts.iter().map(|part| part.iter().map(|char| char.c).collect()).collect();
    if is_grouped(&texts) {
        return Some(single(&texts.concat(), parts, side));
    }
    let written = written(&texts, connectors);
    let whole = whole(&texts);
    let mut words = Vec::new();
    for part in parts {
        word::push(part, false, &mut words, &mut Vec::new());
    }
    let rest = &parts[first + 1..];
    let is_named = first > 0 && rest.iter().all(|part| part.len() >= 3 && !has_digit(part));
    if is_named {
        let labels = vec![written.clone(), texts.join(" "), format!("#{written}")];
        return Some(named(words, first + 1, vec![self::whole(&texts[..=first]), whole], labels, side));
    }
    let mut prefixes: Vec<String> = (2..texts.len()).map(|parts| self::whole(&texts[..parts])).collect();
    // An address or a version behind a name, as in `ip-10.0.0.1`.
    let is_behind_name = first > 0 && rest.len() >= 2 && connectors[first..].iter().all(|c| *c == '.');
    if is_behind_name && parts[first..].iter().all(is_digits) {
        prefixes.push(self::written(&texts[first..], &connectors[first..]));
    }
    let exact = Exact {
        kind: None,
        terms: prefixes.into_iter().chain([whole.clone()]).collect(),
        alternatives: vec![whole],
        labels: vec![written, texts.join(" ")],
        start: parts[0].first().map_or(0, |first| first.start),
        words,
    };
    Some(exact.units(side))
}

/// The units of a word with digits in it, as `iPhone15`, `A4` or a hash. None of an ordinal.
pub(super) fn mixed(chars: &[Char], side: Side) -> Option<Vec<Unit>> {
    let text: String = chars.iter().map(|char| char.c).collect();
    let letters = chars.iter().take_while(|char| char.c.is_alphabetic()).count();
    let digits = &chars[letters..];
    let start = chars.first()?.start;
    if text.len() > *HASH.end() || !chars.iter().any(|char| char.c.is_ascii_digit()) {
        return None;
    }
    if is_hexadecimal(&text) && letters < text.len() && HASH.contains(&text.len()) {
        return Some(single(&text, &[chars], side));
    }
    if IBAN.contains(&text.len()) && is_iban(&text) {
        return Some(account(&text, start, side));
    }
    // `3rd`, `1990s`
    let is_ordinal = letters == 0
        && digits.iter().skip_while(|char| char.c.is_ascii_digit()).all(|char| char.c.is_lowercase());
    let is_number = digits.iter().all(|char| char.c.is_ascii_digit());
    if is_ordinal || chars.iter().any(|char| char.c == '\'') {
        return None;
    }
    let whole = fold(&text);
    let mut exact = Exact { start, ..twice(&whole) };
    if SHORT_HASHES.contains(&text.len()) && is_hexadecimal(&text) {
        exact.alternatives.push(whole + "*");
    }
    if letters >= MIN_NAME && is_number {
        word::push(&chars[..letters], false, &mut exact.words, &mut Vec::new());
    }
    Some(exact.units(side))
}

/// A term that counts like two words.
fn twice(whole: &str) -> Exact {
    let whole = whole.to_owned();
    let labels = vec![whole.clone(), format!("#{whole}")];
    Exact { terms: vec![whole.clone()], alternatives: vec![whole], labels, ..Exact::default() }
}

fn is_hexadecimal(text: &str) -> bool {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    has_digit && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A number with a name before it, as `boeing-747`, which are `count` words, and its terms without and with what follows, as in `IMG_2041.jpg`. It is
/// also found where they are apart.
fn named(
    words: Vec<Word>,
    count: usize,
    mut terms: Vec<String>,
    labels: Vec<String>,
    side: Side,
) -> Vec<Unit> {
    terms.dedup();
    let start = words.first().map_or(0, |word| word.start);
    // What has a longer name is told from others by its number as much as by that.
    let labels = labels.into_iter().take(words.len()).collect();
    let mut units = vec![Unit::Words { words, wholes: terms.clone(), matching: Matching::Words }];
    if side == Side::Query {
        // What follows the number is not told apart.
        if let Some(Unit::Words { words, .. }) = units.first_mut() {
            words.truncate(count);
        }
        terms.truncate(1);
        units.extend(Exact { alternatives: terms, labels, start, ..Exact::default() }.units(side));
    }
    units
}

/// Digits in hexadecimal, with separators or without. The first of them may stand for all.
fn single(digits: &str, parts: &[&[Char]], side: Side) -> Vec<Unit> {
    let whole = fold(digits);
    let start = parts.first().and_then(|part| part.first()).map_or(0, |first| first.start);
    let mut exact = Exact { start, ..twice(&whole) };
    if HASH.contains(&whole.len()) {
        let short = || SHORT_HASHES.iter().map(|length| whole[..*length].to_owned());
        exact.terms.extend(short().map(|short| short + "*"));
        exact.alternatives.extend(short());
    }
    if parts.len() > 1 {
        for part in parts {
            word::push(part, false, &mut exact.words, &mut Vec::new());
        }
    }
    exact.units(side)
}

/// An address of groups with colons between them, of a device or of version 6 of the Internet protocol, and where it ends.
pub(super) fn address(text: &[Char], from: usize, side: Side) -> Option<(Vec<Unit>, usize)> {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == ':';
    let length = text[from..].iter().take(MAX_ADDRESS + 1).take_while(|char| is_part(char.c)).count();
    let mut end = from + length;
    let ends = text.get(end).is_none_or(|next| class(next.c) != Class::Word);
    if !(8..=MAX_ADDRESS).contains(&length) || !ends {
        return None;
    }
    while text[end - 1].c == ':' && end - from > 8 {
        end -= 1;
    }
    let written: String = text[from..end].iter().map(|char| char.c).collect();
    let groups: Vec<String> = written.split(':').map(str::to_owned).collect();
    if groups.len() < 4 {
        return None;
    }
    let chars = &text[from..end];
    if is_grouped(&groups) {
        return Some((single(&groups.concat(), &[chars], side), end));
    }
    let whole = written.parse::<Ipv6Addr>().ok()?.to_string();
    Some((Exact { start: text[from].start, ..twice(&whole) }.units(side), end))
}

/// An international bank account number in groups of four, and where it ends.
pub(super) fn iban(text: &[Char], from: usize, side: Side) -> Option<(Vec<Unit>, usize)> {
    let is_part = |char: &&Char| char.c.is_ascii_digit() || char.c.is_ascii_uppercase();
    let (mut whole, mut at) = (String::new(), from);
    let end = loop {
        let count = text[at..].iter().take(5).take_while(is_part).count();
        if !(1..=4).contains(&count) || whole.len() + count > *IBAN.end() {
            return None;
        }
        whole.extend(text[at..at + count].iter().map(|char| char.c));
        at += count;
        let follows = text.get(at).is_some_and(|space| space.c == ' ')
            && text.get(at + 1).is_some_and(|next| is_part(&next));
        if count < 4 || !follows {
            break at;
        }
        // Words may follow.
        let rest = &text[at + 1..];
        let next = rest.iter().take(5).take_while(|char| class(char.c) == Class::Word).count();
        if next > 4 || rest.iter().take(next).any(|char| !is_part(&char)) {
            break at;
        }
        at += 1;
    };
    let ends = text.get(end).is_none_or(|next| class(next.c) != Class::Word);
    let is_account = ends && whole.len() < end - from && IBAN.contains(&whole.len()) && is_iban(&whole);
    is_account.then(|| (account(&whole, text[from].start, side), end))
}

fn account(text: &str, start: usize, side: Side) -> Vec<Unit> {
    let whole = fold(text);
    let mut exact = Exact { start, ..twice(&whole) };
    exact.terms.push(whole[whole.len() - IBAN_END..].to_owned());
    exact.units(side)
}

/// Whether it has the form of one: two letters of a country, two digits, and mostly digits.
fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_digit = u8::is_ascii_digit;
    text.is_ascii()
        && bytes[..2].iter().all(u8::is_ascii_alphabetic)
        && bytes[2..4].iter().all(is_digit)
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && bytes.iter().filter(|byte| is_digit(byte)).count() * 2 > bytes.len()
}

/// Whether the parts are the groups of a number in hexadecimal.
fn is_grouped(parts: &[String]) -> bool {
    let lengths: Vec<usize> = parts.iter().map(String::len).collect();
    GROUPED.contains(&lengths.as_slice())
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && parts.iter().any(|part| part.bytes().any(|byte| byte.is_ascii_digit()))
}

/// The whole without connectors, except between numbers: `python-3.11` is not `python-31.1`.
pub(super) fn whole(texts: &[String]) -> String {
    let mut whole = String::new();
    for text in texts {
        let is_number_before = whole.ends_with(|c: char| c.is_ascii_digit());
        if is_number_before && text.starts_with(|c: char| c.is_ascii_digit()) {
            whole.push('.');
        }
        whole.extend(text.chars().filter(|c| *c != '\''));
    }
    whole
}

/// The parts with their connectors.
pub(super) fn written(texts: &[String], connectors: &[char]) -> String {
    let connectors = connectors.iter().copied().map(Some).chain([None]);
    texts.iter().zip(connectors).fold(String::new(), |mut written, (text, connector)| {
        written.push_str(text);
        written.extend(connector);
        written
    })
}
