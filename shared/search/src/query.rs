//! A parsed query.

use std::collections::HashMap;

use crate::document::term_hash;
use crate::model::EmbeddingBits;
use crate::text::{Language, QueryToken};
use crate::{model, text};

/// A query of more terms has no synonyms, and is [reduced](crate::lexical) to so many.
pub(crate) const MAX_TERMS: usize = 32;

/// A parsed query: its terms with their synonyms, and its embedding.
pub struct Query {
    pub(crate) terms: Vec<QueryTerm>,
    cosines: Option<CosineTable>,
}

/// A term of a query.
pub(crate) struct QueryTerm {
    /// As it is shown to callers.
    pub(crate) text: String,
    /// Its keys in documents.
    pub(crate) forms: Vec<Form>,
    /// Synonyms, and their similarity, 0 to 1.
    pub(crate) synonyms: Vec<(Form, f32)>,
    /// Other spellings, for a term that no memory has.
    pub(crate) spellings: Vec<Form>,
    /// Whether the first or the last sentence of the query has it.
    pub(crate) is_outer: bool,
}

/// What is compared with the terms of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Form {
    pub(crate) key: Key,
    /// The languages of the documents, a bit for each code.
    pub(crate) languages: u32,
}

/// A term of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// By its hash.
    Term(u32),
    /// A stop word, by its code.
    StopWord(u8),
}

/// For each byte of an embedding and each of its values, its contribution to the cosine.
struct CosineTable(Vec<[f32; 256]>);

impl Query {
    /// Parses `text`. A query of stop words only is searched by them.
    pub fn new(text: &str) -> Self {
        let tokens = text::query_tokens(text);
        let has_content = tokens.iter().any(|token| token.stop.is_none());
        let outer = OuterSentences::of(text, &tokens);
        let mut terms: Vec<QueryTerm> = Vec::new();
        let mut positions: HashMap<(String, bool), usize> = HashMap::new();
        for token in tokens {
            if has_content && token.stop.is_some() {
                continue;
            }
            let is_outer = outer.contain(token.start);
            let key = (token.text.clone(), token.stop.is_some());
            let position = *positions.entry(key).or_insert_with(|| {
                terms.push(QueryTerm::new(token.text.clone()));
                terms.len() - 1
            });
            let term = &mut terms[position];
            term.is_outer |= is_outer;
            term.add_forms(&token);
            term.spellings = token.spellings.iter().map(|term| english(term)).collect();
        }
        let model = model::get();
        if terms.len() <= MAX_TERMS {
            for term in &mut terms {
                let synonyms = model.synonyms(&term.text);
                term.synonyms =
                    synonyms.map(|(other, similarity)| (english(other), similarity as f32)).collect();
            }
        }
        let direction = match outer.text(text).filter(|_| terms.len() > MAX_TERMS) {
            Some(sentences) => model.direction(&sentences).or_else(|| model.direction(text)),
            None => model.direction(text),
        };
        Self { terms, cosines: direction.map(|direction| CosineTable::new(&direction)) }
    }

    /// Whether it has no terms.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The cosine of the query's embedding and the signs of a memory's, -1 to 1; 0 when either is unknown.
    pub(crate) fn cosine(&self, embedding: &EmbeddingBits) -> f32 {
        match &self.cosines {
            Some(CosineTable(parts)) if embedding.iter().any(|byte| *byte != 0) => {
                // Four independent sums, so that additions need not wait for each other.
                let mut sums = [0.0; 4];
                for (parts, bytes) in parts.chunks_exact(4).zip(embedding.chunks_exact(4)) {
                    for ((sum, part), byte) in sums.iter_mut().zip(parts).zip(bytes) {
                        *sum += part[usize::from(*byte)];
                    }
                }
                sums.iter().sum()
            }
            _ => 0.0,
        }
    }
}

impl Form {
    pub(crate) const fn matches(self, language: Language) -> bool {
        (self.languages >> language.code()) & 1 == 1
    }
}

impl QueryTerm {
    const fn new(text: String) -> Self {
        Self { text, forms: Vec::new(), synonyms: Vec::new(), spellings: Vec::new(), is_outer: false }
    }

    /// Adds the forms of a token, one for each key.
    fn add_forms(&mut self, token: &QueryToken) {
        let stop = token.stop.map(|code| (Language::English, Key::StopWord(code)));
        let stems = token.stems.iter().map(|(language, stem)| (*language, Key::Term(term_hash(stem))));
        for (language, key) in stop.into_iter().chain(stems) {
            let languages = 1 << language.code();
            match self.forms.iter_mut().find(|form| form.key == key) {
                Some(form) => form.languages |= languages,
                None => self.forms.push(Form { key, languages }),
            }
        }
    }
}

/// The form of an English stem.
fn english(stem: &str) -> Form {
    let languages = 1 << Language::English.code() | 1 << Language::Other.code();
    Form { key: Key::Term(term_hash(stem)), languages }
}

/// The first and the last sentence of a query that have terms: where a question stands that comes with a long text.
struct OuterSentences {
    first_end: usize,
    last_start: usize,
}

impl OuterSentences {
    fn of(text: &str, tokens: &[QueryToken]) -> Self {
        let is_content = |token: &&QueryToken| token.stop.is_none();
        let starts: Vec<usize> = tokens.iter().filter(is_content).map(|token| token.start).collect();
        let (first, last) = (starts.iter().min(), starts.iter().max());
        let (first, last) = (first.copied().unwrap_or(0), last.copied().unwrap_or(text.len()));
        let mut found = Self { first_end: text.len(), last_start: 0 };
        let mut before = ' ';
        for (at, c) in text.char_indices() {
            let is_end = c == '\n'
                || matches!(before, '。' | '！' | '？' | '।' | '؟')
                || (matches!(before, '.' | '!' | '?') && c.is_whitespace());
            if is_end && at > first && at < found.first_end {
                found.first_end = at;
            }
            if is_end && at <= last {
                found.last_start = at;
            }
            before = c;
        }
        found
    }

    const fn contain(&self, position: usize) -> bool {
        position < self.first_end || position >= self.last_start
    }

    /// Both sentences, if they are less than all of the text.
    fn text(&self, text: &str) -> Option<String> {
        let (first, last) = (text.get(..self.first_end)?, text.get(self.last_start..)?);
        (self.first_end < self.last_start).then(|| format!("{first}\n{last}"))
    }
}

impl CosineTable {
    fn new(direction: &[f64; model::DIMENSIONS]) -> Self {
        let scale = (model::DIMENSIONS as f64).sqrt();
        let parts = direction.chunks_exact(8).map(|dimensions| {
            std::array::from_fn(|byte| {
                let signed = dimensions
                    .iter()
                    .enumerate()
                    .map(|(bit, value)| if (byte >> bit) & 1 == 1 { *value } else { -*value });
                (signed.sum::<f64>() / scale) as f32
            })
        });
        Self(parts.collect())
    }
}

impl std::fmt::Debug for Query {
    /// Omits the text, which may be personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query").field("terms", &self.terms.len()).finish_non_exhaustive()
    }
}
