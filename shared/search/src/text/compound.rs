//! Words that punctuation or case connects: compounds, identifiers, names with symbols, hosts and addresses.

use super::fold::fold;
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

/// The unit of words with connectors between them. `after` is the text after them.
pub(super) fn unit(parts: &[&[Char]], connectors: &[char], starts_sentence: bool, after: &[Char]) -> Unit {
    let is_digits = |part: &&[Char]| part.iter().all(|char| char.c.is_ascii_digit());
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
    if parts.iter().all(is_digits) {
        return number::unit(parts, connectors, after);
    }
    if let Some(timestamp) = timestamp(parts, connectors, after) {
        return timestamp;
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
    let text_with_connectors = || {
        let connectors = connectors.iter().copied().map(Some).chain([None]);
        texts.iter().zip(connectors).fold(String::new(), |mut whole, (text, connector)| {
            whole.push_str(text);
            whole.extend(connector);
            whole
        })
    };
    if connectors.iter().filter(|connector| **connector == '@').count() == 1
        && connectors.last() == Some(&'.')
    {
        let address = text_with_connectors();
        wholes = vec![address.clone()];
        let domain = address.split('@').next_back().unwrap_or_default();
        let labels: Vec<String> = domain.split('.').map(str::to_owned).collect();
        let words = if labels.len() > 2 { with_term(words, &registered(&labels)) } else { words };
        return Unit::Words { words: with_term(words, domain), wholes, matching: Matching::Whole };
    }
    if connectors.iter().all(|connector| *connector == '&')
        && texts.iter().all(|text| text.chars().count() <= 2)
    {
        return Unit::Words { words, wholes: vec![text_with_connectors()], matching: Matching::Whole };
    }
    let is_version = matches!(texts[0].strip_prefix('v'), Some(rest) if rest.bytes().all(|byte| byte.is_ascii_digit()))
        && texts[0].len() > 1
        && parts[1..].iter().all(is_digits)
        && connectors.iter().all(|connector| *connector == '.');
    if is_version {
        let whole = text_with_connectors();
        return Unit::Words { words, wholes: vec![whole[1..].to_owned()], matching: Matching::Whole };
    }
    if is_host(&texts, connectors) {
        let host = text_with_connectors();
        let host = host.strip_prefix("www.").unwrap_or(&host).to_owned();
        let domain = registered(&texts);
        let words = if domain == host { words } else { with_term(words, &domain) };
        return Unit::Words { words, wholes: vec![host], matching: Matching::Whole };
    }
    // Numbers keep their points: `python-3.11` is not `python-31.1`.
    let mut whole = String::new();
    for (index, part) in parts.iter().enumerate() {
        let digits_meet = index > 0 && is_digits(&parts[index - 1]) && is_digits(part);
        whole.extend(connectors.get(index.wrapping_sub(1)).filter(|_| digits_meet));
        whole.extend(part.iter().map(|char| char.c).filter(|c| *c != '\''));
    }
    wholes.push(whole);
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

/// A URL with a scheme: the whole of it, its host, and its words. And where it ends.
pub(super) fn url(text: &[Char], from: usize) -> Option<(Vec<Unit>, usize)> {
    let rest = &text[from..];
    let scheme = ["https", "http", "ftp", "ssh", "git", "s3", "file"].into_iter().find(|scheme| {
        let expected = scheme.chars().chain("://".chars());
        let mut own = rest.iter().map(|char| char.c.to_ascii_lowercase());
        expected.eq(own.by_ref().take(scheme.len() + 3))
    })?;
    let begin = scheme.len() + 3;
    let is_end = |c: char| {
        c.is_whitespace()
            || matches!(c, '<' | '>' | '"' | '|' | '`' | '{' | '}' | '「' | '」' | '）' | '。' | '，')
    };
    let length = rest[begin..].iter().take_while(|char| !is_end(char.c)).count();
    let mut url = &rest[begin..begin + length];
    while let [before @ .., last] = url {
        if !matches!(last.c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | ']' | '\'' | '/' | '*') {
            break;
        }
        url = before;
    }
    let end = from + begin + url.len();
    let start = text[from].start;
    let whole = fold(&url.iter().map(|char| char.c).collect::<String>());
    let whole = whole.strip_prefix("www.").unwrap_or(&whole).to_owned();
    let host_end = whole.find(['/', '?', '#', ':']).unwrap_or(whole.len());
    let host = whole[..host_end].to_owned();
    if host.is_empty() {
        return None;
    }
    let mut words = vec![number::number_word(scheme.to_owned(), start)];
    for run in url.split(|char| !super::scan::class(char.c).eq(&super::scan::Class::Word)) {
        word::push(run, true, &mut words, &mut Vec::new());
    }
    let labels: Vec<String> = host.split('.').map(str::to_owned).collect();
    let domain = registered(&labels);
    let words = if domain == host { words } else { with_term(words, &domain) };
    let mut units = vec![Unit::Words { words, wholes: vec![whole.clone()], matching: Matching::Whole }];
    if host != whole {
        units.push(Unit::Words { words: Vec::new(), wholes: vec![host], matching: Matching::Whole });
    }
    Some((units, end))
}

/// A date and a time of day with a `T` between them.
fn timestamp(parts: &[&[Char]], connectors: &[char], after: &[Char]) -> Option<Unit> {
    let [year, month, joined, ..] = parts else { return None };
    let at = joined.iter().position(|char| char.c == 'T').filter(|at| (1..=2).contains(at))?;
    let (day, hour) = (&joined[..at], &joined[at + 1..]);
    let is_digits = |part: &[Char]| !part.is_empty() && part.iter().all(|char| char.c.is_ascii_digit());
    if connectors.get(..2)? != ['-', '-'] || ![*year, *month, day, hour].into_iter().all(is_digits) {
        return None;
    }
    let minutes =
        parts.get(3).map(|minutes| &minutes[..minutes.len().min(2)]).filter(|minutes| is_digits(minutes));
    let date = number::unit(&[*year, *month, day], &['-', '-'], after);
    let Unit::Words { mut words, wholes, .. } = date else { return None };
    let mut add = |part: &[Char]| word::push(part, true, &mut words, &mut Vec::new());
    add(hour);
    parts[3..].iter().for_each(|part| add(part));
    let mut wholes = wholes;
    if let Some(minutes) = minutes {
        wholes.push([hour, minutes].map(|part| part.iter().map(|char| char.c).collect::<String>()).join(":"));
    }
    Some(Unit::Words { words, wholes, matching: Matching::Whole })
}

fn is_host(labels: &[String], connectors: &[char]) -> bool {
    let last = labels.last().map(String::as_str).unwrap_or_default();
    TOP_LEVEL_DOMAINS.contains(&last)
        && connectors.iter().all(|connector| matches!(connector, '.' | '-'))
        && connectors.last() == Some(&'.')
}

/// The last two labels of a host.
fn registered(labels: &[String]) -> String {
    labels[labels.len().saturating_sub(2)..].join(".")
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
