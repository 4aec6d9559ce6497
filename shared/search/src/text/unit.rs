//! What a text is divided into.

/// A word, a compound, or a run of a script that is indexed by its n-grams.
#[derive(Debug)]
pub(super) enum Unit {
    /// A word, or the words of a compound.
    Words {
        words: Vec<Word>,
        /// Forms of the whole compound, as `email` of `e-mail`.
        wholes: Vec<String>,
        /// How a query is compared with documents.
        matching: Matching,
    },
    /// Runs of scripts without spaces, and of Hangul.
    Grams {
        /// The terms of a document.
        document: Vec<String>,
        /// The terms of a query.
        query: Vec<Gram>,
    },
}

/// How the query's compound is compared. A document always has both its words and the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matching {
    /// By each of its words; a document with the whole has all of them.
    Words,
    /// Only as a whole: `1.2.3` is not `1.3.2`.
    Whole,
    /// Only as a whole, and a memory without it is most likely about another thing.
    Exact,
    /// A date or a time: the same of a memory that has this term, as all do that say when.
    Time(&'static str),
}

/// A word of the normalized text, without apostrophes.
#[derive(Debug)]
pub(super) struct Word {
    /// Its letters, in their case and with their accents.
    pub(super) text: String,
    pub(super) start: usize,
    /// The code of an English stop word.
    pub(super) stop: Option<u8>,
    /// Whether it is capitalized within a sentence, as names are.
    pub(super) is_name: bool,
    /// Whether it is what remains of a contraction that says nothing, as `ain't`.
    pub(super) is_empty: bool,
}

/// A term of a query in a script without spaces.
#[derive(Debug)]
pub(super) struct Gram {
    pub(super) text: String,
    pub(super) start: usize,
    /// Whether it is grammar, which a query leaves out if it has other terms.
    pub(super) is_function: bool,
}
