//! A parsed query.

use std::collections::HashMap;

use crate::document::Key;
use crate::model::EmbeddingBits;
use crate::question::Question;
use crate::text::{Exactness, Language, QueryToken};
use crate::{model, text};

/// A query of more terms has no synonyms, and is [reduced](crate::lexical) to so many.
pub(crate) const MAX_TERMS: usize = 32;
/// A sentence of more terms is not taken for a question: it asks nothing in particular.
const MAX_QUESTION: usize = MAX_TERMS / 2;
/// From so many sentences or terms on, what stands around a question is a message or a log rather than a part of it.
const MESSAGE: Message = Message { sentences: 3, terms: 20 };

/// The size of a query.
struct Message {
    sentences: usize,
    terms: usize,
}

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
    /// Whether a memory without it is most likely about another thing.
    pub(crate) is_exact: bool,
    /// Of a date or a time, what all memories have that say a date or a time: only those can be of another one.
    pub(crate) kind: Option<Form>,
    /// Whether it is in the question of a query of few sentences: what stands before it may say what it is about.
    pub(crate) is_asked: bool,
    /// Whether it is in the question of a query that is more than a question.
    pub(crate) is_in_question: bool,
}

/// What is compared with the terms of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Form {
    pub(crate) key: Key,
    /// The key in documents of earlier formats.
    pub(crate) short: Key,
    /// The languages of the documents, a bit for each code.
    pub(crate) languages: u32,
}

/// For each byte of an embedding and each of its values, its contribution to the cosine.
struct CosineTable(Vec<[f32; 256]>);

impl Query {
    /// Parses `text`. A query of stop words only is searched by them.
    pub fn new(text: &str) -> Self {
        let tokens = text::query_tokens(text);
        let has_content = tokens.iter().any(|token| token.stop.is_none());
        let question = Question::of(text, &tokens);
        let mut terms: Vec<QueryTerm> = Vec::new();
        let mut positions: HashMap<(String, bool), usize> = HashMap::new();
        for token in tokens {
            if has_content && token.stop.is_some() {
                continue;
            }
            let key = (token.text.clone(), token.stop.is_some());
            let position = *positions.entry(key).or_insert_with(|| {
                terms.push(QueryTerm::new(token.text.clone()));
                terms.len() - 1
            });
            let term = &mut terms[position];
            term.is_in_question |= question.range.contains(&token.start);
            term.is_exact |= token.exactness != Exactness::Word;
            if let Exactness::Time(kind) = token.exactness {
                term.kind = Some(Form { key: Key::of(kind), short: Key::short(kind), languages: u32::MAX });
            }
            term.add_forms(&token);
            let of_stop_word = token.stop_spelling.map(|code| {
                let key = Key::stop_word(code);
                Form { key, short: key, languages: 1 << Language::English.code() }
            });
            let spellings = token.spellings.iter().map(|term| english(Key::of(term), term));
            term.spellings = spellings.chain(of_stop_word).collect();
        }
        let model = model::get();
        let is_long = terms.len() > MAX_TERMS;
        if !is_long {
            for term in &mut terms {
                let synonyms = model.synonyms(&term.text);
                term.synonyms = synonyms
                    .map(|synonym| {
                        let key = Key::coded(synonym.number.into());
                        (english(key, synonym.stem), synonym.similarity as f32)
                    })
                    .collect();
            }
        }
        let is_message =
            question.is_asked && (question.sentences >= MESSAGE.sentences || terms.len() > MESSAGE.terms);
        let asked = terms.iter().filter(|term| term.is_in_question).count();
        let asks = (is_long || is_message) && (1..=MAX_QUESTION).contains(&asked) && asked < terms.len();
        let asks_beside =
            !asks && question.is_asked && (1..=MAX_QUESTION).contains(&asked) && asked < terms.len();
        for term in &mut terms {
            term.is_asked = asks_beside && term.is_in_question;
            // What stands around a question need not be in its answer.
            term.is_exact &= if asks { term.is_in_question } else { !is_long };
            term.is_in_question &= asks;
        }
        let direction =
            text.get(question.range).filter(|_| asks).and_then(|question| model.direction(question));
        let direction = direction.or_else(|| model.direction(text));
        Self { terms, cosines: direction.map(|direction| CosineTable::new(&direction)) }
    }

    /// Whether it has no terms.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether its meaning is known: the model knows English.
    pub(crate) const fn has_embedding(&self) -> bool {
        self.cosines.is_some()
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
        Self {
            text,
            forms: Vec::new(),
            synonyms: Vec::new(),
            spellings: Vec::new(),
            is_exact: false,
            kind: None,
            is_asked: false,
            is_in_question: false,
        }
    }

    /// Adds the forms of a token, one for each key.
    fn add_forms(&mut self, token: &QueryToken) {
        let stop = token.stop.map(|code| (Language::English, [Key::stop_word(code); 2]));
        let stems = token.stems.iter().map(|(language, stem)| (*language, [Key::of(stem), Key::short(stem)]));
        for (language, [key, short]) in stop.into_iter().chain(stems) {
            let languages = 1 << language.code();
            match self.forms.iter_mut().find(|form| form.key == key) {
                Some(form) => form.languages |= languages,
                None => self.forms.push(Form { key, short, languages }),
            }
        }
    }
}

/// The form of an English stem with this key. It may be in documents of a language that is not known.
fn english(key: Key, stem: &str) -> Form {
    let unknown = [Language::Other, Language::Any].map(|language| 1 << language.code());
    let languages = unknown.iter().fold(1 << Language::English.code(), |languages, bit| languages | bit);
    Form { key, short: Key::short(stem), languages }
}

impl CosineTable {
    fn new(direction: &[f64; model::DIMENSIONS]) -> Self {
        let scale = (model::DIMENSIONS as f64).sqrt();
        let parts = direction.chunks_exact(8).map(|dimensions| {
            let none: f64 = dimensions.iter().map(|value| -value).sum();
            let mut sums = [none; 256];
            for byte in 1..256_usize {
                // One more bit than the byte without its lowest.
                let added = dimensions[byte.trailing_zeros() as usize];
                sums[byte] = sums[byte & (byte - 1)] + 2.0 * added;
            }
            sums.map(|sum| (sum / scale) as f32)
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
