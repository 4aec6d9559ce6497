//! BERT's uncased tokenizer: splits into words and punctuation, then into the longest pieces of the vocabulary.
//!
//! Devlin et al. 2019, <https://github.com/google-research/bert>: `BasicTokenizer` and `WordpieceTokenizer`.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_normalization::UnicodeNormalization;

/// A word of more characters has no pieces.
const MAX_WORD: usize = 100;
/// Ideographs: each is a word.
const IDEOGRAPHS: [(u32, u32); 8] = [
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
];

/// The pieces that words are split into.
pub(crate) struct Vocabulary {
    rows: HashMap<&'static str, u32, FixedState>,
    /// Characters of the longest piece.
    longest: usize,
}

impl Vocabulary {
    /// A vocabulary of pieces in the order of their rows.
    pub(crate) fn new(pieces: impl Iterator<Item = &'static str>) -> Self {
        let rows: HashMap<&str, u32, FixedState> = pieces.zip(0..).collect();
        let longest = rows.keys().map(|piece| piece.chars().count()).max().unwrap_or_default();
        Self { rows, longest }
    }

    /// Whether a whole word is in the vocabulary.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.rows.contains_key(word)
    }

    /// The rows of the pieces of `text`, without the words that the vocabulary cannot split.
    pub(crate) fn rows(&self, text: &str) -> Vec<u32> {
        basic(text).iter().flat_map(|word| self.split(word)).collect()
    }

    fn split(&self, word: &str) -> Vec<u32> {
        let (mut rows, mut rest, mut piece) = (Vec::new(), word, String::new());
        if word.chars().count() > MAX_WORD {
            return rows;
        }
        while !rest.is_empty() {
            let prefix = if rows.is_empty() { "" } else { "##" };
            let ends: Vec<usize> =
                rest.char_indices().take(self.longest).map(|(at, c)| at + c.len_utf8()).collect();
            let longest = ends.into_iter().rev().find_map(|end| {
                piece.clear();
                piece.push_str(prefix);
                piece.push_str(&rest[..end]);
                self.rows.get(piece.as_str()).map(|row| (*row, end))
            });
            let Some((row, end)) = longest else { return Vec::new() };
            rows.push(row);
            rest = &rest[end..];
        }
        rows
    }
}

/// Words without accents, in lower case; each punctuation mark and ideograph is a word.
fn basic(text: &str) -> Vec<String> {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\t' | '\n' | '\r') {
            clean.push(' ');
        } else if matches!(c, '\0' | '\u{FFFD}') || is_other(c) {
        } else if c.is_whitespace() {
            clean.push(' ');
        } else if IDEOGRAPHS.iter().any(|&(first, last)| (first..=last).contains(&u32::from(c))) {
            clean.extend([' ', c, ' ']);
        } else {
            clean.push(c);
        }
    }
    let bare: String = clean.nfd().filter(|c| get_general_category(*c) != Category::NonspacingMark).collect();
    let (mut words, mut run) = (Vec::new(), String::new());
    for c in bare.to_lowercase().chars() {
        let (is_space, is_mark) = (c.is_whitespace(), is_punctuation(c));
        if (is_space || is_mark) && !run.is_empty() {
            words.push(std::mem::take(&mut run));
        }
        if is_mark {
            words.push(c.into());
        } else if !is_space {
            run.push(c);
        }
    }
    if !run.is_empty() {
        words.push(run);
    }
    words
}

/// Controls, format characters, surrogates, private use and what is not assigned.
fn is_other(c: char) -> bool {
    use Category::*;
    matches!(get_general_category(c), Control | Format | Surrogate | PrivateUse | Unassigned)
}

fn is_punctuation(c: char) -> bool {
    use Category::*;
    c.is_ascii_punctuation()
        || matches!(
            get_general_category(c),
            ConnectorPunctuation
                | DashPunctuation
                | OpenPunctuation
                | ClosePunctuation
                | InitialPunctuation
                | FinalPunctuation
                | OtherPunctuation
        )
}
