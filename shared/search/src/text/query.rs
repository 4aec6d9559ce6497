//! The tokens of a query.

use std::collections::HashMap;
use std::rc::Rc;

use super::detect::{is_frequent, language_of};
use super::fold::{fold, lower};
use super::function_words::is_function_word;
use super::language::Language;
use super::normalize::Char;
use super::phrases::{Phrase, phrases};
use super::stem::Stemmable;
use super::unit::{Matching, Unit, Word};
use super::{grams, normalize, scan, spelling, stem};
use crate::model;

/// What it says of a memory that it lacks a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exactness {
    /// Little: it may have other words for it.
    Word,
    /// That it is most likely about another thing.
    Thing,
    /// That it is most likely about another date or time, if it has this term, as all have that say one.
    Time(&'static str),
}

/// A word of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueryToken {
    /// Its English stem, as callers see it.
    pub(crate) text: String,
    /// The byte in the query where it starts.
    pub(crate) start: usize,
    /// The code of an English stop word, by which it is found in English documents.
    pub(crate) stop: Option<u8>,
    /// The code of the stop word that a name is, for a name that no memory has.
    pub(crate) stop_spelling: Option<u8>,
    pub(crate) exactness: Exactness,
    /// The terms that a document of each language may have for it.
    pub(crate) stems: Vec<(Language, Rc<str>)>,
    /// Terms one edit away, for a word that no memory has.
    pub(crate) spellings: Vec<String>,
}

/// A query of more words is no typed question: its words have no other spellings.
const MAX_TYPED_WORDS: usize = 32;

/// A compound of more words is searched by its words only.
const MAX_COMPOUND: usize = 10;

/// A token, and whether the query leaves it out if it has others.
struct Candidate {
    token: QueryToken,
    is_function: bool,
}

/// The tokens of a query, in their order. Words that say nothing in its language are left out if there are others,
/// except English stop words, which have their codes.
pub(crate) fn query_tokens(text: &str) -> Vec<QueryToken> {
    let language = language_of(text);
    let text = normalize::normalize(text);
    let phrases = phrases(&text);
    let (unspaced, spaced): (Vec<Phrase>, Vec<Phrase>) =
        phrases.into_iter().partition(|phrase| phrase.is_unspaced);
    // N-grams are not made of a phrase and what is beside it.
    let mut rest = text.clone();
    for phrase in &unspaced {
        rest[phrase.chars.clone()].iter_mut().for_each(|char| char.c = ' ');
    }
    let has_content = |candidates: &[Candidate]| {
        candidates.iter().any(|candidate| !candidate.is_function && candidate.token.stop.is_none())
    };
    let mut candidates = candidates(&rest, &spaced, language, !unspaced.is_empty());
    if !unspaced.is_empty() && !has_content(&candidates) {
        candidates = self::candidates(&text, &spaced, language, false);
    }
    if has_content(&candidates) {
        candidates.retain(|candidate| !candidate.is_function);
    }
    candidates.into_iter().map(|candidate| candidate.token).collect()
}

/// The tokens of a normalized text, of which phrases without spaces were cut out if it `was_cut`. Those in a phrase are left out if there
/// are others.
fn candidates(text: &[Char], phrases: &[Phrase], language: Language, was_cut: bool) -> Vec<Candidate> {
    let units = scan::units(text);
    let is_typed = units.len() <= MAX_TYPED_WORDS;
    let mut known = HashMap::new();
    let mut candidates = Vec::new();
    for unit in units {
        match unit {
            Unit::Grams { query, .. } => {
                let is_word = query.len() == 1 && !was_cut;
                candidates.extend(query.into_iter().map(|gram| {
                    let token = token(gram.text.clone(), gram.start, every_language(&gram.text));
                    // Neighbours among more characters may belong to different words.
                    let spellings = grams::parts(&gram.text).filter(|_| !is_word).collect();
                    Candidate { token: QueryToken { spellings, ..token }, is_function: gram.is_function }
                }));
            }
            Unit::Words {
                words,
                wholes,
                matching: matching @ (Matching::Whole | Matching::Exact | Matching::Time(_)),
            } => {
                let start = words.first().map_or(0, |word| word.start);
                let Some(first) = wholes.first() else { continue };
                let text = stem::english(&lower(first));
                let stems = wholes.iter().flat_map(|whole| stems(whole)).collect();
                let exactness = match matching {
                    Matching::Exact => Exactness::Thing,
                    Matching::Time(kind) => Exactness::Time(kind),
                    Matching::Words | Matching::Whole => Exactness::Word,
                };
                let token = QueryToken { exactness, ..token(text, start, distinct(stems)) };
                candidates.push(Candidate { token, is_function: false });
            }
            Unit::Words { words, wholes, matching: Matching::Words } => {
                // Each word is also found by the whole, which is copied for each.
                let wholes = wholes.iter().filter(|_| words.len() <= MAX_COMPOUND);
                let wholes: Vec<(Language, Rc<str>)> = wholes.flat_map(|whole| stems(whole)).collect();
                for word in words {
                    let own =
                        known.entry((word.text.clone(), word.is_name)).or_insert_with(|| match word.stop {
                            // Searched only if the query has nothing else, so its stems are not worth their time.
                            Some(_) if !word.is_name => every_language(&fold(&word.text)),
                            _ => stems(&word.text),
                        });
                    let all = if wholes.is_empty() {
                        own.clone()
                    } else {
                        distinct(own.iter().chain(&wholes).cloned().collect())
                    };
                    push_word(&word, all, language, is_typed && wholes.is_empty(), &mut candidates);
                }
            }
        }
    }
    candidates.retain(|candidate| !candidate.token.text.is_empty());
    for phrase in phrases {
        let of_phrase = &text[phrase.chars.clone()];
        let (Some(first), Some(last)) = (of_phrase.first(), of_phrase.last()) else { continue };
        let bytes = first.start..=last.start;
        for candidate in candidates.iter_mut().filter(|candidate| bytes.contains(&candidate.token.start)) {
            candidate.is_function = true;
        }
    }
    candidates
}

/// Adds the tokens of a word with these stems.
fn push_word(
    word: &Word,
    stems: Vec<(Language, Rc<str>)>,
    language: Language,
    has_spellings: bool,
    candidates: &mut Vec<Candidate>,
) {
    let lower = lower(&word.text);
    let folded = fold(&lower);
    let is_english = matches!(language, Language::English | Language::Any);
    if folded.is_empty() {
        return;
    }
    let is_name = word.is_name && word.stop.is_some() && is_english;
    if let Some(stop) = word.stop.filter(|_| is_english) {
        let others = stems.iter().filter(|(language, _)| *language != Language::English).cloned().collect();
        let token = QueryToken { stop: Some(stop), ..token(folded.clone(), word.start, others) };
        candidates.push(Candidate { token, is_function: false });
        if !word.is_name {
            return;
        }
    }
    if word.is_empty {
        return;
    }
    let mut token = token(stem::english(&lower), word.start, stems);
    // At the start of a sentence a document has no more than the stop word.
    token.stop_spelling = word.stop.filter(|_| is_name);
    if has_spellings {
        token.spellings = spelling::spellings(&folded);
    }
    let is_function =
        is_function_word(&folded) || !is_english && !word.is_name && is_frequent(&folded, language);
    candidates.push(Candidate { token, is_function });
}

fn token(text: String, start: usize, stems: Vec<(Language, Rc<str>)>) -> QueryToken {
    QueryToken {
        text,
        start,
        stop: None,
        stop_spelling: None,
        exactness: Exactness::Word,
        stems,
        spellings: Vec::new(),
    }
}

/// The terms of a word in documents of each language, of its other spellings too.
fn stems(word: &str) -> Vec<(Language, Rc<str>)> {
    let own = lower(word);
    let is_english_word = model::get().has_stem(&stem::english(&own));
    let unaccented = (!own.is_ascii()).then(|| fold(&own));
    let (digraphs, umlauts) = (digraphs(&own), umlauts(&own));
    let spellings = [Some(own.as_str()), unaccented.as_deref(), digraphs.as_deref(), umlauts.as_deref()];
    let spellings = spellings.map(|spelling| spelling.map(Stemmable::new));
    let mut terms = Terms::default();
    for language in Language::stemmed() {
        let endings = endings(&own, language);
        let endings = endings.as_deref().map(Stemmable::new);
        // An English word does not lack the dots of an umlaut.
        let number = if is_english_word && language == Language::English { 3 } else { 4 };
        for spelling in spellings[..number].iter().chain([&endings]).flatten() {
            let (stem, other) = spelling.stems(language);
            terms.add(language, &stem);
            other.into_iter().for_each(|other| terms.add(language, &other));
        }
    }
    terms.of_every_language()
}

/// Collects the terms of a word. Most are the same in many languages.
#[derive(Default)]
struct Terms {
    distinct: Vec<Rc<str>>,
    of_languages: Vec<(Language, Rc<str>)>,
}

impl Terms {
    fn add(&mut self, language: Language, term: &str) {
        let known = self.distinct.iter().find(|known| ***known == *term);
        let term = known.cloned().unwrap_or_else(|| {
            self.distinct.push(term.into());
            Rc::clone(&self.distinct[self.distinct.len() - 1])
        });
        let mut own = self.of_languages.iter().rev().take_while(|(of, _)| *of == language);
        if !own.any(|(_, own)| Rc::ptr_eq(own, &term)) {
            self.of_languages.push((language, term));
        }
    }

    /// All of them: a text of any language has those of each.
    fn of_every_language(self) -> Vec<(Language, Rc<str>)> {
        let Self { distinct, mut of_languages } = self;
        of_languages.extend(distinct.into_iter().map(|term| (Language::Any, term)));
        of_languages
    }
}

/// `münchen` as it is written without umlauts: `muenchen`.
fn digraphs(word: &str) -> Option<String> {
    let is_umlaut = |c: char| matches!(c, 'ä' | 'ö' | 'ü' | 'å' | 'ø');
    let replaced = word.contains(is_umlaut).then(|| word.replace('ä', "ae").replace(['ö', 'ø'], "oe"))?;
    Some(replaced.replace('ü', "ue").replace('å', "aa"))
}

/// `muenchen` as it is written with umlauts: `münchen`.
fn umlauts(word: &str) -> Option<String> {
    let replaced = word.replace("ae", "ä").replace("oe", "ö").replace("ue", "ü").replace("aa", "å");
    (replaced != word && word.len() >= 5).then_some(replaced)
}

/// The word with an ending that its stemmer knows: Spanish with the accent that a query may lack, Portuguese in the
/// singular.
fn endings(word: &str, language: Language) -> Option<String> {
    let endings: &[(&str, &str)] = match language {
        Language::Spanish => &[("cion", "ción"), ("sion", "sión")],
        Language::Portuguese => &[
            ("ções", "ção"),
            ("ões", "ão"),
            ("ães", "ão"),
            ("coes", "ção"),
            ("oes", "ão"),
            ("cao", "ção"),
            ("ao", "ão"),
        ],
        _ => return None,
    };
    endings.iter().find_map(|(ending, other)| Some(word.strip_suffix(ending)?.to_owned() + other))
}

fn every_language(term: &str) -> Vec<(Language, Rc<str>)> {
    let term: Rc<str> = term.into();
    Language::ALL.into_iter().map(|language| (language, Rc::clone(&term))).collect()
}

fn distinct(stems: Vec<(Language, Rc<str>)>) -> Vec<(Language, Rc<str>)> {
    let mut distinct: Vec<(Language, Rc<str>)> = Vec::with_capacity(stems.len());
    for stem in stems {
        if !distinct.contains(&stem) {
            distinct.push(stem);
        }
    }
    distinct
}
