//! English stop words, each with a code that is stored with a document.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Groups of English words that say nothing by themselves. The index of a group is the code of its words: groups may
/// be appended, up to 128, and are never moved.
const GROUPS: [&str; 128] = [
    "a an",
    "about",
    "above",
    "after",
    "again",
    "against",
    "all",
    "also",
    "am",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "by",
    "can cant cannot",
    "could",
    "did didnt",
    "do dont",
    "does doesnt",
    "doing",
    "down",
    "during",
    "each",
    "few",
    "for",
    "from",
    "further",
    "had",
    "has",
    "have",
    "having",
    "he",
    "her hers",
    "here",
    "herself",
    "him",
    "himself",
    "his",
    "how",
    "i im ive",
    "if",
    "in",
    "into",
    "is isnt",
    "it",
    "its",
    "itself",
    "just",
    "let",
    "me",
    "more",
    "most",
    "must",
    "my",
    "myself",
    "no",
    "nor",
    "not",
    "now",
    "of",
    "off",
    "on upon",
    "once",
    "only",
    "or",
    "other",
    "ought",
    "our ours",
    "ourselves",
    "out",
    "over",
    "own",
    "same",
    "she",
    "should",
    "so",
    "some",
    "such",
    "than",
    "that thats",
    "the",
    "their theirs",
    "them",
    "themselves",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "under",
    "until",
    "up",
    "us",
    "very",
    "was wasnt",
    "we",
    "were",
    "what whats",
    "when",
    "where",
    "whether",
    "which",
    "while",
    "who",
    "whom",
    "whose",
    "why",
    "will wont",
    "with",
    "would",
    "yes",
    "you youre",
    "your yours",
    "yourself yourselves",
];

/// The code of a stop word. `None` if it is none.
pub(super) fn code(word: &str) -> Option<u8> {
    static CODES: OnceLock<HashMap<&str, u8>> = OnceLock::new();
    let codes = CODES.get_or_init(|| {
        let groups = GROUPS.iter().zip(0_u8..);
        groups.flat_map(|(group, code)| group.split(' ').map(move |word| (word, code))).collect()
    });
    codes.get(word).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_has_a_code_of_seven_bits() {
        for (index, group) in GROUPS.iter().enumerate() {
            for word in group.split(' ') {
                assert_eq!(code(word).map(usize::from), Some(index), "{word}: listed twice");
            }
        }
        assert_eq!(
            (code("a"), code("about"), code("yourselves")),
            (Some(0), Some(1), Some(127)),
            "codes are stored"
        );
        assert_eq!((code(""), code("kitten")), (None, None));
    }
}
