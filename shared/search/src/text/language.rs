//! Languages and their stored codes.

/// The language whose stemmer the Latin words of a text go through. (Words of other scripts go through the stemmer of
/// their script.) Its code is stored with the search document: codes never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    /// Every language that has no stemmer here, or a text that does not tell: a few endings are removed.
    Other = 0,
    English = 1,
    Danish = 2,
    Dutch = 3,
    Finnish = 4,
    French = 5,
    German = 6,
    Hungarian = 7,
    Italian = 8,
    Norwegian = 9,
    Portuguese = 10,
    Romanian = 11,
    Spanish = 12,
    Swedish = 13,
    Turkish = 14,
    /// A note of few words that does not tell its language: its words have their stems in all of them.
    Any = 15,
}

/// The number of codes.
pub(super) const COUNT: usize = 16;

impl Language {
    /// All languages, by their code.
    pub(crate) const ALL: [Self; COUNT] = [
        Self::Other,
        Self::English,
        Self::Danish,
        Self::Dutch,
        Self::Finnish,
        Self::French,
        Self::German,
        Self::Hungarian,
        Self::Italian,
        Self::Norwegian,
        Self::Portuguese,
        Self::Romanian,
        Self::Spanish,
        Self::Swedish,
        Self::Turkish,
        Self::Any,
    ];

    /// Those that words have stems of.
    pub(crate) fn stemmed() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|language| *language != Self::Any)
    }

    /// The code that is stored, up to 15.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// The language of a code. An unknown code is that of another language.
    pub(crate) fn from_code(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or(Self::Other)
    }
}
