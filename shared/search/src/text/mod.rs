//! Text analysis: the tokens of documents and of queries, in every language.
//!
//! A text is [normalized](mod@normalize), then [divided](mod@scan) into [units](mod@unit): words, compounds, numbers, and runs of
//! scripts without spaces, which are indexed by n-grams. Words are [stemmed](mod@stem), those in Latin letters by the
//! [language](mod@detect) of the whole document. The language of a query is seldom clear: it has the stem of each word in
//! every language, and each is compared with documents of that language. A note of few words may not tell its language either:
//! it has the stems of every language, and is compared with all of the query.

mod beside;
mod calendar;
mod chunk;
mod compound;
mod date;
mod detect;
mod exact;
mod fold;
mod frequent;
mod function_words;
mod grams;
mod identifier;
mod irregular;
mod language;
#[cfg(test)]
mod language_tests;
mod letters;
mod measure;
mod normalize;
mod number;
mod patterns;
mod phone;
mod phrases;
mod polite;
mod query;
mod scan;
mod spelling;
mod stem;
mod stop_words;
#[cfg(test)]
mod tests;
mod time;
mod topics;
mod unit;
mod url;
mod word;

pub(crate) use detect::language_of;
pub(crate) use language::Language;
pub(crate) use query::{Exactness, QueryToken, query_tokens};
use stem::Stemmable;
use unit::Unit;

/// A token of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// Its stem, an n-gram, a number or a symbol.
    pub(crate) term: String,
    /// The code of an English stop word, up to 127.
    pub(crate) stop: Option<u8>,
}

/// The tokens of a part of a document of this language.
pub(crate) fn tokens(text: &str, language: Language) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut push = |term: String| {
        if !term.is_empty() {
            tokens.push(Token { term, stop: None });
        }
    };
    let mut stops = Vec::new();
    let push_stems = |word: &str, push: &mut dyn FnMut(String)| {
        let word = fold::lower(word);
        if language == Language::Any {
            stem::of_all_languages(&word).into_iter().for_each(push);
            return;
        }
        let word = Stemmable::new(&word);
        let (stem, other) = word.stems(language);
        push(stem.into_owned());
        if let Some(other) = other {
            push(other.into_owned());
        }
    };
    for unit in scan::document_units(&normalize::normalize(text)) {
        match unit {
            Unit::Grams { document, .. } => document.into_iter().for_each(&mut push),
            Unit::Words { words, wholes, .. } => {
                for word in words {
                    let is_stop_word = match (word.stop, language) {
                        (Some(code), Language::English) => {
                            stops.push(Token { term: fold::fold(&word.text), stop: Some(code) });
                            true
                        }
                        // It may be a word of another language.
                        (Some(_), Language::Any) => {
                            push(fold::fold(&word.text));
                            true
                        }
                        _ => false,
                    };
                    if (!is_stop_word || word.is_name) && !word.is_empty {
                        push_stems(&word.text, &mut push);
                    }
                }
                wholes.iter().for_each(|whole| push_stems(whole, &mut push));
            }
        }
    }
    tokens.append(&mut stops);
    tokens
}

/// The terms of an English text, without stop words.
pub fn terms(text: &str) -> Vec<String> {
    let tokens = tokens(text, Language::English).into_iter();
    tokens.filter(|token| token.stop.is_none()).map(|token| token.term).collect()
}
