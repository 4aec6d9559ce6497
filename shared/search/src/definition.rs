//! The definition of the scores, written for reading: no hashes, no pools, no scan. Tests compare the ranking with it.

use std::collections::BTreeSet;

use hb_domain::Memory;

use crate::document::split;
use crate::rank::ROUNDED;
use crate::text::{Exactness, Language, QueryToken, language_of, query_tokens, tokens};
use crate::{Parameters, model};

const P: Parameters = Parameters::SHIPPED;

/// A passage: the terms and the stop words that it has, and its text.
struct Passage {
    terms: Vec<String>,
    stop_words: Vec<u8>,
    text: String,
}

/// A memory: its language and its passages.
struct Text {
    language: Language,
    passages: Vec<Passage>,
}

/// A term of the query: the tokens that have the same text.
struct Term {
    text: String,
    tokens: Vec<QueryToken>,
}

impl Text {
    fn of(memory: &Memory) -> Self {
        let language = language_of(&memory.content);
        let passage = |(number, text): (usize, &str)| {
            let tags = if number == 0 { memory.tags.as_slice() } else { &[] };
            let parts = std::iter::once(text).chain(tags.iter().map(String::as_str));
            let all: Vec<_> = parts.flat_map(|part| tokens(part, language)).collect();
            Passage {
                terms: all
                    .iter()
                    .filter(|token| token.stop.is_none())
                    .map(|token| token.term.clone())
                    .collect(),
                stop_words: all.iter().filter_map(|token| token.stop).collect(),
                text: text.to_owned(),
            }
        };
        Self { language, passages: split(&memory.content).into_iter().enumerate().map(passage).collect() }
    }

    fn length(&self) -> f64 {
        self.passages.iter().map(Passage::length).sum()
    }
}

impl Passage {
    fn count(&self, term: &str) -> f64 {
        self.terms.iter().filter(|own| *own == term).count().min(15) as f64
    }

    /// The number of its terms, of each 15 at most.
    fn length(&self) -> f64 {
        let distinct: BTreeSet<&String> = self.terms.iter().collect();
        distinct.into_iter().map(|term| self.count(term)).sum()
    }
}

impl Term {
    /// Saturated frequency in a passage of a document of this language: the highest of all forms of the term.
    fn frequency(&self, passage: &Passage, language: Language) -> f64 {
        let of_token = |token: &QueryToken| {
            let stems = token.stems.iter().filter(|(of, _)| *of == language);
            let stems = stems.map(|(_, stem)| saturated(passage, stem)).fold(0.0, f64::max);
            let has_stop_word = token
                .stop
                .is_some_and(|code| language == Language::English && passage.stop_words.contains(&code));
            if has_stop_word { saturation(passage, 1.0).max(stems) } else { stems }
        };
        self.tokens.iter().map(of_token).fold(0.0, f64::max)
    }
}

fn saturated(passage: &Passage, term: &str) -> f64 {
    saturation(passage, passage.count(term))
}

/// BM25's saturation of a count.
fn saturation(passage: &Passage, count: f64) -> f64 {
    let length = passage.length().min(P.long);
    let norm = 1.0 - P.b + P.b * length / P.length;
    if count == 0.0 { 0.0 } else { count * (P.k1 + 1.0) / (count + P.k1 * norm) }
}

/// The saturated frequency of an English term, which is in documents of English and of unknown languages.
fn english(passage: &Passage, language: Language, term: &str) -> f64 {
    if matches!(language, Language::English | Language::Other | Language::Any) {
        saturated(passage, term)
    } else {
        0.0
    }
}

/// The scores of `memories`, sorted by session, for a query of few terms.
pub(crate) fn scores(memories: &[Memory], query: &str) -> Vec<f64> {
    let texts: Vec<Text> = memories.iter().map(Text::of).collect();
    let all: Vec<(usize, Language, &Passage)> = texts
        .iter()
        .enumerate()
        .flat_map(|(memory, text)| text.passages.iter().map(move |passage| (memory, text.language, passage)))
        .collect();
    let having = |frequency: &dyn Fn(&Passage, Language) -> f64| {
        all.iter().filter(|(_, language, passage)| frequency(passage, *language) > 0.0).count() as f64
    };
    let idf = |having: f64| (1.0 + (all.len().max(100) as f64 - having + 0.5) / (having + 0.5)).ln();
    let is_common = |having: f64| having > (P.common * all.len() as f64).max(8.0);

    let terms = terms_of(query);
    let direction = model::get().direction(query);
    // For each term its idf, and its value in each passage by itself and with the neighbours.
    let mut attainable = 0.0;
    let mut words = vec![0.0; all.len()];
    // The exact terms' weight, and what each passage has of it.
    let (mut exact, mut found) = (0.0, vec![0.0; all.len()]);
    for term in &terms {
        let own_having = having(&|passage, language| term.frequency(passage, language));
        let kind = term.tokens.iter().find_map(|token| match token.exactness {
            Exactness::Time(kind) => Some(kind),
            Exactness::Word | Exactness::Thing => None,
        });
        let is_exact = term.tokens.iter().any(|token| token.exactness != Exactness::Word);
        let weighs_more = is_exact && (kind.is_none() || own_having > 0.0);
        let weight = if weighs_more { P.exact_weight } else { 1.0 };
        let mut others: Vec<(String, f64)> = Vec::new();
        if !is_common(own_having) {
            let synonyms = model::get().synonyms(&term.text);
            others.extend(synonyms.map(|synonym| (synonym.stem.to_owned(), P.synonym * synonym.similarity)));
        }
        if own_having == 0.0 {
            let spellings = term.tokens.iter().flat_map(|token| &token.spellings);
            others.extend(spellings.map(|other| (other.clone(), P.spelling)));
        }
        others.retain_mut(|(other, weight)| {
            let having = having(&|passage, language| english(passage, language, other));
            *weight *= (idf(having) / idf(own_having)).min(1.0);
            !is_common(having)
        });
        let own: Vec<f64> = all
            .iter()
            .map(|(_, language, passage)| {
                let others = others.iter().map(|(other, weight)| weight * english(passage, *language, other));
                others.fold(term.frequency(passage, *language), f64::max)
            })
            .collect();
        let of_memory = |memory: usize| {
            all.iter()
                .zip(&own)
                .filter(|((of, ..), _)| *of == memory)
                .map(|(_, value)| *value)
                .fold(0.0, f64::max)
        };
        let memory_values: Vec<f64> = (0..memories.len()).map(of_memory).collect();
        for (at, (memory, ..)) in all.iter().enumerate() {
            let reach = |other: usize| {
                let factor = if is_common(own_having) { 0.0 } else { near(memories, *memory, other) };
                factor * memory_values[other]
            };
            let neighbours = (0..memories.len()).filter(|other| other != memory).map(reach);
            let value = neighbours.fold(own[at], f64::max);
            words[at] += weight * idf(own_having) * value;
            let (.., passage) = all[at];
            let has = value > 0.0 || kind.is_some_and(|kind| passage.count(kind) == 0.0);
            found[at] += if is_exact && has { weight * idf(own_having) } else { 0.0 };
        }
        attainable += weight * idf(own_having);
        exact += if is_exact { weight * idf(own_having) } else { 0.0 };
    }
    let base: Vec<f64> = (0..memories.len())
        .map(|memory| {
            let own = all.iter().zip(words.iter().zip(&found)).filter(|((of, ..), _)| *of == memory);
            let best = own.map(|((_, _, passage), (words, found))| {
                let weight = if direction.is_some() { 1.0 } else { f64::from(P.unknown_meaning) };
                let share = if attainable > 0.0 { words / attainable } else { 0.0 };
                let meaning = f64::from(P.meaning) * cosine(direction.as_ref(), &passage.text);
                let missing = if exact > 0.0 { 1.0 - found / exact } else { 0.0 };
                let factor = 1.0 - f64::from(P.exact) * missing;
                let meaning = if meaning > 0.0 { factor * meaning } else { meaning };
                (factor * weight * share, meaning, regardless_of_length(passage, share))
            });
            let parts: Vec<(f64, f64, f64)> = best.collect();
            let share = parts.iter().map(|(.., share)| *share).fold(0.0, f64::max);
            let best = parts.into_iter().max_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1)));
            let (words, meaning, _) = best.expect("a passage");
            let factor = factor(texts[memory].length(), words, share);
            factor * words + if meaning > 0.0 { factor * meaning } else { meaning }
        })
        .collect();
    (0..memories.len())
        .map(|memory| {
            let together = |other: &usize| {
                *other == memory
                    || (memories[memory].session_id.is_some()
                        && memories[memory].session_id == memories[*other].session_id)
            };
            let mut best: Vec<f64> =
                (0..memories.len()).filter(together).map(|other| base[other].max(0.0)).collect();
            best.sort_by(|a, b| b.total_cmp(a));
            base[memory] + f64::from(P.session) * best.iter().take(P.best).sum::<f64>() / P.best as f64
        })
        .collect()
}

/// The factor for a memory of so many terms whose best passage has this score of words, and this share of the query if its length is
/// not regarded.
fn factor(length: f64, words: f64, share: f64) -> f64 {
    let length = ((length / P.long).ln() / P.longest).clamp(0.0, 1.0);
    let missing = (1.0 - words).min(f64::from(P.lacking) * (1.0 - f64::from(ROUNDED) - share));
    1.0 - P.discount * length * missing.clamp(0.0, 1.0).sqrt()
}

/// The share of the query that a passage would have if it were of usual length, and no more than all.
fn regardless_of_length(passage: &Passage, share: f64) -> f64 {
    let norm = 1.0 - P.b + P.b * passage.length().min(P.long) / P.length;
    (share * ((1.0 + P.k1 * norm) / (1.0 + P.k1)).max(1.0)).min(share.max(1.0))
}

/// The terms of a query. Stop words count only where there is nothing else.
fn terms_of(query: &str) -> Vec<Term> {
    let tokens = query_tokens(query);
    let has_content = tokens.iter().any(|token| token.stop.is_none());
    let mut terms: Vec<Term> = Vec::new();
    for token in tokens.into_iter().filter(|token| !has_content || token.stop.is_none()) {
        let same = |term: &&mut Term| {
            term.text == token.text && term.tokens[0].stop.is_some() == token.stop.is_some()
        };
        match terms.iter_mut().find(same) {
            Some(term) => term.tokens.push(token),
            None => terms.push(Term { text: token.text.clone(), tokens: vec![token] }),
        }
    }
    terms
}

/// What a term of one memory counts for another of its session.
fn near(memories: &[Memory], position: usize, other: usize) -> f64 {
    let steps = position.abs_diff(other);
    let session = &memories[position].session_id;
    let decay = if other <= position { P.earlier } else { P.later };
    let is_near = session.is_some() && *session == memories[other].session_id && steps <= P.window as usize;
    if is_near { decay.powi(steps as i32) } else { 0.0 }
}

fn cosine(direction: Option<&[f64; 256]>, text: &str) -> f64 {
    let embedding = model::get().embedding(text);
    direction.filter(|_| embedding != [0; 32]).map_or(0.0, |direction| {
        let sign = |d: usize| if (embedding[d / 8] >> (d % 8)) & 1 == 1 { 1.0 } else { -1.0 };
        direction.iter().enumerate().map(|(d, value)| sign(d) * value).sum::<f64>() / 16.0
    })
}
