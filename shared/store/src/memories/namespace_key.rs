//! The attribute by which the index of namespaces is sorted.
//!
//! It is the namespace's text with a `/` behind each segment, so that it begins with the text of a namespace exactly if the
//! namespace begins with its segments. A sort key holds 1,024 bytes: a longer text is cut, and a digest of it follows. An item
//! then has the whole text in another attribute.

use hb_domain::Namespace;
use sha2::{Digest, Sha256};

/// The longest sort key, in bytes.
const MAX: usize = 1_024;
/// Where a longer text is cut, in bytes or up to three less.
const CUT: usize = 900;
/// Stands between the text and the digest. In a text, `~` is followed by `0` or `1`.
const DIGEST: &str = "~#";

/// The text of a namespace with a `/` behind each segment.
pub(super) fn text_of(namespace: &Namespace) -> String {
    format!("{namespace}/")
}

/// The sort key of a namespace.
pub(super) fn of(namespace: &Namespace) -> String {
    sort_key(&text_of(namespace))
}

/// What the sort keys of all namespaces begin with that begin with `prefix`. A key that is cut, up to three bytes before its
/// end, may belong to another namespace.
pub(super) fn first_of(prefix: &Namespace) -> String {
    let mut text = text_of(prefix);
    text.truncate(text.floor_char_boundary(CUT - 3));
    text
}

/// The namespace of a text.
pub(crate) fn parse(text: &str) -> Option<Namespace> {
    Namespace::parse(text.strip_suffix('/')?)
}

/// The sort key of a namespace with this text.
pub(super) fn sort_key(text: &str) -> String {
    if text.len() <= MAX {
        return text.to_owned();
    }
    let digest = Sha256::digest(text);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}{DIGEST}{hex}", &text[..text.floor_char_boundary(CUT)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(segments: &[&str]) -> Namespace {
        Namespace::new(segments.iter().map(|segment| (*segment).to_owned()).collect()).expect("a namespace")
    }

    #[test]
    fn a_key_begins_with_another_if_the_namespace_begins_with_its_segments() {
        let key = |segments: &[&str]| sort_key(&text_of(&namespace(segments)));
        assert_eq!(key(&["a", "b/c"]), "a/b~1c/");
        assert!(key(&["a", "b"]).starts_with(&key(&["a"])) && !key(&["ab"]).starts_with(&key(&["a"])));
        assert_eq!(parse(&key(&["a", "~"])), Some(namespace(&["a", "~"])));
    }

    #[test]
    fn the_keys_of_namespaces_begin_with_the_first_key_of_their_prefix() {
        for length in (1..=10).chain([126, 127, 128]) {
            for unit in ["x", "é", "€", "🦀", "~"] {
                let segment = unit.repeat(length);
                let segments = [segment.as_str(); 10];
                for (prefix, whole) in (1..=10).flat_map(|from| (from..=10).map(move |to| (from, to))) {
                    let first = first_of(&namespace(&segments[..prefix]));
                    assert!(
                        of(&namespace(&segments[..whole])).starts_with(&first),
                        "{length} {unit} {prefix} {whole}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_long_namespace_has_a_key_of_its_own_that_is_no_text() {
        let long = "🦀".repeat(128);
        let keys: Vec<String> = ["x", "y"]
            .iter()
            .map(|end| sort_key(&text_of(&namespace(&[&long, &long, &long, end]))))
            .collect();
        let common = first_of(&namespace(&[&long, &long, &long]));
        assert!(keys.iter().all(|key| key.starts_with(&common)) && first_of(&namespace(&["a"])) == "a/");
        assert!(keys[0] != keys[1] && keys.iter().all(|key| key.len() <= MAX && parse(key).is_none()));
    }
}
