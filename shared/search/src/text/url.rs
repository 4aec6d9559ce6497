//! URLs.

use std::collections::HashSet;

use super::compound::{is_host, registered};
use super::exact::{Exact, Side};
use super::fold::fold;
use super::normalize::Char;
use super::number;
use super::scan::{Class, class};
use super::unit::Unit;
use super::word;

const SCHEMES: [&str; 7] = ["https", "http", "ftp", "ssh", "git", "s3", "file"];
/// The first parts of a path by which a document is found, besides the whole of it.
const MAX_PREFIXES: usize = 4;
/// Characters of a host, of which a URL without scheme is recognized.
const MAX_HOST: usize = 64;

/// A URL, and where it ends: it is found by the whole of it, by its first parts, its host and its words.
pub(super) fn url(text: &[Char], from: usize, side: Side) -> Option<(Vec<Unit>, usize)> {
    let rest = &text[from..];
    let scheme = SCHEMES.into_iter().find(|scheme| {
        let expected = scheme.chars().chain("://".chars());
        let mut own = rest.iter().map(|char| char.c.to_ascii_lowercase());
        expected.eq(own.by_ref().take(scheme.len() + 3))
    });
    let begin = scheme.map_or(0, |scheme| scheme.len() + 3);
    let has_host = rest.get(begin).is_some_and(|char| class(char.c) == Class::Word || char.c == '[');
    if !has_host || scheme.is_none() && !starts_with_host(rest) {
        return None;
    }
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
    let mut exact = Exact { start, labels: vec![whole.clone()], ..Exact::default() };
    exact.words.extend(scheme.map(|scheme| number::number_word(scheme.to_owned(), start)));
    for run in url.split(|char| class(char.c) != Class::Word) {
        word::push(run, true, &mut exact.words, &mut Vec::new());
    }
    let labels: Vec<String> = host.split('.').map(str::to_owned).collect();
    let domain = registered(&labels);
    let resource = whole.find(['?', '#']).map_or(whole.as_str(), |end| whole[..end].trim_end_matches('/'));
    exact.terms.push(whole.clone());
    exact.terms.extend(prefixes(resource, whole.len()).map(|prefix| format!("{prefix}/*")));
    // With a port.
    let authority = resource.split('/').next().unwrap_or_default().to_owned();
    exact.terms.extend([host.clone(), domain, authority].into_iter().filter(|term| *term != whole));
    let mut seen = HashSet::new();
    exact.terms.retain(|term| seen.insert(term.clone()));
    // A document may have it without its parameters, or have more of it.
    exact.alternatives = vec![format!("{whole}/*"), resource.to_owned(), whole.clone()];
    if whole != host {
        exact.labels.push(format!("{host} {}", &whole[host_end..]));
    }
    Some((exact.units(side), end))
}

/// The first parts of a URL of this length: its host and the first segments of its path.
fn prefixes(resource: &str, length: usize) -> impl Iterator<Item = &str> {
    let ends =
        resource.match_indices('/').map(|(at, _)| at).chain([resource.len()]).skip(1).take(MAX_PREFIXES);
    ends.map(|end| &resource[..end]).filter(move |prefix| prefix.len() < length)
}

/// Whether a host follows, with a path or a port.
fn starts_with_host(rest: &[Char]) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let length = rest.iter().take(MAX_HOST).take_while(|char| is_part(char.c)).count();
    let is_port = |at: usize| rest.get(at).is_some_and(|char| char.c.is_ascii_digit());
    if !rest.get(length).is_some_and(|char| char.c == '/' || char.c == ':' && is_port(length + 1)) {
        return false;
    }
    let host: String = rest[..length].iter().map(|char| char.c.to_ascii_lowercase()).collect();
    let labels: Vec<String> = host.split(['.', '-']).map(str::to_owned).collect();
    let connectors: Vec<char> = host.chars().filter(|c| matches!(c, '.' | '-')).collect();
    labels.len() > 1 && is_host(&labels, &connectors)
}
