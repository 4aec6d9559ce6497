//! Tokenization: the terms of a text are its words, without stop words and stemmed, in any script.

use rust_stemmers::{Algorithm, Stemmer};
use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_normalization::UnicodeNormalization;

/// English words that say nothing by themselves, sorted.
const STOP_WORDS: [&str; 148] = [
    "a",
    "about",
    "above",
    "after",
    "again",
    "against",
    "all",
    "also",
    "am",
    "an",
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
    "can",
    "cannot",
    "cant",
    "could",
    "did",
    "didnt",
    "do",
    "does",
    "doesnt",
    "doing",
    "dont",
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
    "her",
    "here",
    "hers",
    "herself",
    "him",
    "himself",
    "his",
    "how",
    "i",
    "if",
    "im",
    "in",
    "into",
    "is",
    "isnt",
    "it",
    "its",
    "itself",
    "ive",
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
    "on",
    "once",
    "only",
    "or",
    "other",
    "ought",
    "our",
    "ours",
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
    "that",
    "thats",
    "the",
    "their",
    "theirs",
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
    "upon",
    "us",
    "very",
    "was",
    "wasnt",
    "we",
    "were",
    "what",
    "whats",
    "when",
    "where",
    "whether",
    "which",
    "while",
    "who",
    "whom",
    "whose",
    "why",
    "will",
    "with",
    "wont",
    "would",
    "yes",
    "you",
    "your",
    "youre",
    "yours",
    "yourself",
    "yourselves",
];

/// Scripts that are written without spaces: Thai and Lao, Myanmar, Khmer, kana, Han.
const UNSPACED: [(u32, u32); 10] = [
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
];

/// The terms of `text`, in their order: words without the tails of contractions and without stop words, English
/// ones stemmed (Snowball, <https://snowballstem.org/algorithms/english/stemmer.html>).
pub fn terms(text: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    words(text)
        .into_iter()
        .filter_map(|word| without_tail(&word))
        .filter(|word| STOP_WORDS.binary_search(&word.as_str()).is_err())
        .map(|word| {
            let is_english = word.bytes().all(|byte| byte.is_ascii_alphabetic());
            if is_english { stemmer.stem(&word).into_owned() } else { word }
        })
        .collect()
}

/// A word as it stands in a dictionary: `Mary's` is `mary`, `don't` is nothing, `o'reilly` is `oreilly`.
fn without_tail(word: &str) -> Option<String> {
    let base = match word.rsplit_once('\'') {
        None => return Some(word.to_owned()),
        Some((_, "t")) => return None,
        Some((base, "s" | "d" | "ll" | "re" | "ve" | "m")) => base,
        Some(_) => word,
    };
    Some(base.replace('\'', ""))
}

/// Runs of letters, numbers and marks, with the apostrophes inside them; of scripts without spaces every two
/// neighbouring characters; and each symbol by itself. (The word boundaries of UAX #29 would keep `example.com`
/// as one word, and a Thai sentence too.)
fn words(text: &str) -> Vec<String> {
    let folded: Vec<char> = fold(text);
    let (mut words, mut run, mut lone): (Vec<String>, String, Vec<char>) = Default::default();
    for (position, &c) in folded.iter().enumerate() {
        let (is_word, is_lone) = (is_word(c), is_unspaced(c));
        if !is_lone {
            pairs(&mut lone, &mut words);
        }
        if !run.is_empty() && (!is_word || is_lone) {
            let next = folded.get(position + 1);
            if c == '\'' && next.is_some_and(|&next| self::is_word(next) && !is_unspaced(next)) {
                run.push(c);
                continue;
            }
            words.push(std::mem::take(&mut run));
        }
        if is_lone {
            lone.push(c);
        } else if is_word {
            run.push(c);
        } else if get_general_category(c) == Category::OtherSymbol {
            words.push(c.into());
        }
    }
    pairs(&mut lone, &mut words);
    if !run.is_empty() {
        words.push(run);
    }
    words
}

/// Moves a run of a script without spaces to the words: its pairs of neighbours, or the one character it has.
fn pairs(run: &mut Vec<char>, words: &mut Vec<String>) {
    match run.as_slice() {
        [] => {}
        [one] => words.push((*one).into()),
        many => words.extend(many.windows(2).map(|pair| pair.iter().collect())),
    }
    run.clear();
}

/// NFKC, lower case, without accents and vowel signs, every apostrophe the same.
fn fold(text: &str) -> Vec<char> {
    let lower: String = text.nfkc().collect::<String>().to_lowercase();
    let bare =
        lower.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36F}' | '\u{64B}'..='\u{652}' | '\u{640}'));
    bare.nfc().map(|c| if matches!(c, '\u{2019}' | '\u{2BC}') { '\'' } else { c }).collect()
}

fn is_word(c: char) -> bool {
    use Category::*;
    matches!(
        get_general_category(c),
        UppercaseLetter
            | LowercaseLetter
            | TitlecaseLetter
            | ModifierLetter
            | OtherLetter
            | DecimalNumber
            | LetterNumber
            | OtherNumber
            | NonspacingMark
            | SpacingMark
            | EnclosingMark
    )
}

fn is_unspaced(c: char) -> bool {
    is_word(c) && UNSPACED.iter().any(|&(first, last)| (first..=last).contains(&u32::from(c)))
}

/// The language whose stemmer a text's words go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// Not known.
    Other = 0,
    /// English.
    English = 1,
}

impl Language {
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    pub(crate) const fn from_code(code: u8) -> Self {
        if code == 1 { Self::English } else { Self::Other }
    }
}

/// The language of a text.
pub(crate) fn language_of(_: &str) -> Language {
    Language::English
}

/// A token of a document.
pub(crate) struct Token {
    pub(crate) term: String,
    pub(crate) stop: Option<u8>,
}

/// The tokens of a document.
pub(crate) fn tokens(text: &str, _: Language) -> Vec<Token> {
    terms(text).into_iter().map(|term| Token { term, stop: None }).collect()
}

/// A token of a query.
pub(crate) struct QueryToken {
    pub(crate) text: String,
    pub(crate) start: usize,
    pub(crate) stop: Option<u8>,
    pub(crate) stems: Vec<(Language, String)>,
    pub(crate) spellings: Vec<String>,
}

/// The tokens of a query.
pub(crate) fn query_tokens(text: &str) -> Vec<QueryToken> {
    let token = |term: String| QueryToken {
        start: 0,
        stop: None,
        stems: vec![(Language::English, term.clone()), (Language::Other, term.clone())],
        spellings: Vec::new(),
        text: term,
    };
    terms(text).into_iter().map(token).collect()
}
