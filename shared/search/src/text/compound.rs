//! Words that punctuation or case connects: compounds, identifiers, names with symbols, hosts and addresses.

use super::exact::{Exact, Side};
use super::fold::fold;
use super::identifier;
use super::normalize::Char;
use super::number;
use super::unit::{Matching, Unit, Word};
use super::word;

/// Compounds of more words, and identifiers of more letters, are not indexed as a whole.
const MAX_PARTS: usize = 10;
const MAX_IDENTIFIER: usize = 64;

/// Names of one word that are written like two.
const NAMES: [&str; 12] = [
    "GitHub",
    "GitLab",
    "JavaScript",
    "LinkedIn",
    "MasterCard",
    "PayPal",
    "PowerPoint",
    "TikTok",
    "TypeScript",
    "WhatsApp",
    "WordPress",
    "YouTube",
];

/// The last labels of hosts by which a name like `example.com` is told from `Node.js`.
const TOP_LEVEL_DOMAINS: [&str; 34] = [
    "ai", "app", "at", "au", "br", "ca", "ch", "cn", "co", "com", "de", "dev", "edu", "es", "eu", "fr",
    "gov", "in", "info", "io", "it", "jp", "local", "net", "nl", "org", "pl", "ru", "se", "test", "tv", "uk",
    "us", "example",
];

/// Labels before the last one that do not name an owner, as in `example.co.uk`.
const SECOND_LEVEL: [&str; 7] = ["ac", "co", "com", "edu", "gov", "net", "org"];

/// The units of words with connectors between them.
pub(super) fn units(parts: &[&[Char]], connectors: &[char], starts_sentence: bool, side: Side) -> Vec<Unit> {
    let is_digits = |part: &&[Char]| part.iter().all(|char| char.c.is_ascii_digit());
    if parts.iter().all(is_digits) {
        return number::units(parts, connectors, side);
    }
    let is_mail = connectors.iter().filter(|connector| **connector == '@').count() == 1
        && connectors.last() == Some(&'.');
    let known = match parts {
        [only] => identifier::mixed(only, side),
        _ if is_mail && parts.len() <= MAX_PARTS => Some(mail(parts, connectors, side)),
        _ if parts.len() > MAX_PARTS || is_name(parts, connectors) => None,
        _ => identifier::compound(parts, connectors, side),
    };
    known.unwrap_or_else(|| vec![unit(parts, connectors, starts_sentence)])
}

/// The units of an e-mail address, which in a document is also found by its words and its domain.
fn mail(parts: &[&[Char]], connectors: &[char], side: Side) -> Vec<Unit> {
    let mut words = Vec::new();
    for part in parts {
        word::push(part, false, &mut words, &mut Vec::new());
    }
    let texts: Vec<String> =
        parts.iter().map(|part| fold(&part.iter().map(|char| char.c).collect::<String>())).collect();
    let address = identifier::written(&texts, connectors);
    let domain = address.split('@').next_back().unwrap_or_default();
    let labels: Vec<String> = domain.split('.').map(str::to_owned).collect();
    let registered = registered(&labels);
    let words = if registered == domain { words } else { with_term(words, &registered) };
    let exact = Exact {
        kind: None,
        words: with_term(words, domain),
        terms: vec![address.clone()],
        alternatives: vec![address.clone()],
        labels: vec![address.clone(), format!("mailto:{address}")],
        start: parts[0].first().map_or(0, |first| first.start),
    };
    exact.units(side)
}

/// Whether it is a host, an address or a version, whose parts are not those of an identifier.
fn is_name(parts: &[&[Char]], connectors: &[char]) -> bool {
    let texts: Vec<String> =
        parts.iter().map(|part| fold(&part.iter().map(|char| char.c).collect::<String>())).collect();
    connectors.contains(&'@') || is_host(&texts, connectors) || is_version(&texts, connectors)
}

/// `v1.2.3`
fn is_version(texts: &[String], connectors: &[char]) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    texts[0].strip_prefix('v').is_some_and(is_digits)
        && texts[1..].iter().all(|text| is_digits(text))
        && connectors.iter().all(|connector| *connector == '.')
}

fn unit(parts: &[&[Char]], connectors: &[char], starts_sentence: bool) -> Unit {
    let (mut words, mut wholes) = (Vec::new(), Vec::new());
    if connectors.is_empty() {
        word::push(parts[0], starts_sentence, &mut words, &mut wholes);
        let pieces = pieces(parts[0]);
        if pieces.len() < 2 {
            return Unit::Words { words, wholes, matching: Matching::Words };
        }
        // A name like `JavaScript` is one word, an identifier like `getUserName` three.
        let matching = if pieces.len() == 2 { Matching::Whole } else { Matching::Words };
        wholes.extend(words.drain(..).map(|word| word.text));
        push_pieces(&pieces, &mut words);
        return Unit::Words { words, wholes, matching };
    }
    for (index, part) in parts.iter().enumerate() {
        word::push(part, starts_sentence && index == 0, &mut words, &mut wholes);
        let pieces = pieces(part);
        if pieces.len() >= 2 {
            push_pieces(&pieces, &mut words);
        }
    }
    if parts.len() > MAX_PARTS {
        return Unit::Words { words, wholes: Vec::new(), matching: Matching::Words };
    }
    let texts: Vec<String> =
        parts.iter().map(|part| fold(&part.iter().map(|char| char.c).collect::<String>())).collect();
    let text_with_connectors = || identifier::written(&texts, connectors);
    if connectors.iter().all(|connector| *connector == '&')
        && texts.iter().all(|text| text.chars().count() <= 2)
    {
        return Unit::Words { words, wholes: vec![text_with_connectors()], matching: Matching::Whole };
    }
    if is_version(&texts, connectors) {
        let whole = text_with_connectors();
        let whole = whole[1..].to_owned();
        words.push(number::number_word(texts[..2].join(".")[1..].to_owned(), parts[0][0].start));
        return Unit::Words { words, wholes: vec![whole], matching: Matching::Whole };
    }
    if is_host(&texts, connectors) {
        let host = text_with_connectors();
        let host = host.strip_prefix("www.").unwrap_or(&host).to_owned();
        let domain = registered(&texts);
        let words = if domain == host { words } else { with_term(words, &domain) };
        return Unit::Words { words, wholes: vec![host], matching: Matching::Whole };
    }
    let parts: Vec<String> = parts.iter().map(|part| part.iter().map(|char| char.c).collect()).collect();
    wholes.push(identifier::whole(&parts));
    Unit::Words { words, wholes, matching: Matching::Words }
}

/// A name of one letter or two with symbols: `C++`, `C#`, `A+`. It is another word than the letter.
pub(super) fn with_suffix(name: &[Char], symbols: &str) -> Option<Unit> {
    let text: String = name.iter().map(|char| char.c).collect();
    let count = name.len();
    let is_name =
        text.chars().all(char::is_alphabetic) && if symbols == "++" { count <= 10 } else { count <= 2 };
    if !is_name {
        return None;
    }
    let mut words: Vec<Word> = Vec::new();
    if count > 2 {
        word::push(name, true, &mut words, &mut Vec::new());
    }
    Some(Unit::Words { words, wholes: vec![fold(&text) + symbols], matching: Matching::Whole })
}

pub(super) fn is_host(labels: &[String], connectors: &[char]) -> bool {
    let last = labels.last().map(String::as_str).unwrap_or_default();
    TOP_LEVEL_DOMAINS.contains(&last)
        && connectors.iter().all(|connector| matches!(connector, '.' | '-'))
        && connectors.last() == Some(&'.')
}

/// The last labels of a host, by which its owner is known.
pub(super) fn registered(labels: &[String]) -> String {
    let count = match labels {
        [_, .., second, _] if SECOND_LEVEL.contains(&second.as_str()) => 3,
        _ => 2,
    };
    labels[labels.len().saturating_sub(count)..].join(".")
}

/// The words, and a domain, which is found by itself.
fn with_term(mut words: Vec<Word>, domain: &str) -> Vec<Word> {
    let start = words.first().map_or(0, |word| word.start);
    words.push(number::number_word(domain.to_owned(), start));
    words
}

/// Adds the parts of an identifier, but for single letters.
fn push_pieces(pieces: &[&[Char]], words: &mut Vec<Word>) {
    for piece in pieces.iter().filter(|piece| piece.len() > 1) {
        word::push(piece, true, words, &mut Vec::new());
    }
}

/// The parts of an identifier by its case: `getUserName`, `HTTPServer`. None of an ordinary word.
fn pieces(chars: &[Char]) -> Vec<&[Char]> {
    let is_name = |name: &str| name.chars().eq(chars.iter().map(|char| char.c));
    if chars.len() > MAX_IDENTIFIER
        || chars.iter().any(|char| char.c == '\'')
        || NAMES.iter().any(|name| is_name(name))
    {
        return Vec::new();
    }
    let upper = |at: usize| chars.get(at).is_some_and(|char| char.c.is_uppercase());
    let lower = |at: usize| chars.get(at).is_some_and(|char| char.c.is_lowercase());
    let starts_piece = |at: usize| {
        let after_lower = lower(at - 1) && upper(at);
        let ends_acronym = upper(at - 1) && upper(at) && lower(at + 1) && lower(at + 2);
        after_lower || ends_acronym
    };
    let mut from = 0;
    let mut pieces = Vec::new();
    for at in 1..=chars.len() {
        if at == chars.len() || starts_piece(at) {
            pieces.push(&chars[from..at]);
            from = at;
        }
    }
    pieces
}
