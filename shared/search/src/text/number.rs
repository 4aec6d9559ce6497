//! Numbers, versions and addresses of the Internet protocol.

use super::exact::{Exact, Side};
use super::normalize::Char;
use super::phone;
use super::unit::{Matching, Unit, Word};

/// More groups than this are numbers of their own, such as those of a table.
const MAX_PARTS: usize = 10;
/// A number of so many digits is no quantity.
const LONG: usize = 5;

/// The units of groups of digits with separators between them.
pub(super) fn units(groups: &[&[Char]], separators: &[char], side: Side) -> Vec<Unit> {
    let words: Vec<Word> = groups.iter().map(|group| word(group)).collect();
    if words.len() > MAX_PARTS {
        return vec![Unit::Words { words, wholes: Vec::new(), matching: Matching::Words }];
    }
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let joined = texts.concat();
    let first = separators.first().copied().unwrap_or_default();
    let is_uniform = separators.iter().all(|separator| *separator == first);
    let mut wholes = Vec::new();
    let mut matching = Matching::Whole;
    match texts.as_slice() {
        [only] if only.len() >= LONG => return long(only, words[0].start, side),
        [_] => matching = Matching::Words,
        _ if is_uniform && first == ':' => wholes.push(texts.join(":")),
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
            if phone::DIGITS.contains(&joined.len()) && texts.len() == 3 {
                wholes.push(joined.clone());
            }
            // A version or an address is found by its first numbers.
            if side == Side::Document {
                wholes.extend((2..texts.len()).map(|parts| texts[..parts].join(".")));
            }
        }
        // An address with a port, or of a network.
        [a, b, c, d, last] if separators[..3] == ['.'; 3] && matches!(separators[3], ':' | '/') => {
            let address = [*a, *b, *c, *d].join(".");
            wholes.push(format!("{address}{}{last}", separators[3]));
            if side == Side::Document {
                wholes.push(address);
            }
        }
        _ => {
            let mut whole = String::new();
            for (index, text) in texts.iter().enumerate() {
                whole.push_str(text);
                whole.extend(separators.get(index));
            }
            if phone::DIGITS.contains(&joined.len()) {
                return phone::units(words, vec![whole], side);
            }
            matching = Matching::Words;
            wholes.push(whole);
        }
    }
    vec![Unit::Words { words, wholes, matching }]
}

/// A number of many digits, of an order or a customer. A query may mean a telephone number.
fn long(digits: &str, start: usize, side: Side) -> Vec<Unit> {
    let mut alternatives = vec![digits.to_owned()];
    alternatives.extend(phone::unseparated(digits));
    let labels = vec![digits.to_owned(), format!("#{digits}")];
    Exact { terms: vec![digits.to_owned()], alternatives, labels, start, ..Exact::default() }.units(side)
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

pub(super) fn word(group: &[Char]) -> Word {
    number_word(group.iter().map(|char| char.c).collect(), group.first().map_or(0, |first| first.start))
}

pub(super) fn number_word(text: String, start: usize) -> Word {
    Word { text, start, stop: None, is_name: false, is_empty: false }
}
